/** What charts need of a report: labels and figures by column, with the total left out. Pure. */
import { isFigure, type Cell, type Chart, type Column, type Report } from './model';

export interface Line { name: string; title: string; title_en: string; kind: string; values: (number | null)[] }
export interface Picture {
  kind: 'bar' | 'line'; title: string;
  /** For each row what it is about, in parts: a service and a tier. */
  labels: string[][];
  lines: Line[];
  /** The value at which the axis ends: pictures of one chart are drawn to one scale. */
  top: number;
}
const POINTS_MIN = 2;
const POINTS_MAX = 400;
const PICTURES_MAX = 4;

interface Place { column: Column; place: number }
const texts = (rows: Cell[][], { place }: Place): string[] => rows.map((row) => String(row[place] ?? ''));
const joined = (parts: string[][]): string[] => parts.map((one) => one.join('\n'));
const varieties = (words: string[]): number => new Set(words).size;

/** The columns before the figures, and that of the labels; those that say the same in every row say nothing. */
function tellingOf(report: Report, x: string): Place[] {
  const figures = report.columns.findIndex(isFigure);
  return report.columns.map((column, place) => ({ column, place }))
    .filter(({ column, place }) => !isFigure(column) && (figures < 0 || place < figures || column.name === x))
    .filter((one) => one.column.name === x || varieties(texts(report.rows, one)) > 1);
}
/** Rows with the same x (a service's tiers, a band's days) are told apart by as few more columns as do it; a number by its name. */
function partsOf(rows: Cell[][], telling: Place[], x: string): string[][] {
  const at = telling.find(({ column }) => column.name === x);
  if (!at) return [];
  const name = telling.find(({ column }) => column.name === `${x}_name`);
  const own = texts(rows, at).map((text, row) => (name ? `${text} ${texts(rows, name)[row] ?? ''}`.trim() : text));
  let parts = own.map((text) => [text]);
  for (const one of telling) {
    if (one === at || varieties(joined(parts)) === rows.length) continue;
    const more = texts(rows, one);
    const before = one.place < at.place;
    const longer = parts.map((part, row) => (before ? [more[row] ?? '', ...part] : [...part, more[row] ?? '']));
    if (varieties(joined(longer)) > varieties(joined(parts))) parts = longer;
  }
  return parts;
}
/** Shares as percent with one decimal, ratios with two, all else with one. */
function pointOf(value: Cell | undefined, kind: string): number | null {
  if (typeof value !== 'number') return null;
  if (kind === 'share') return Math.round(value * 1000) / 10;
  return kind === 'ratio' ? Math.round(value * 100) / 100 : Math.round(value * 10) / 10;
}
function linesOf(report: Report, rows: Cell[][], chart: Chart): Line[] {
  return chart.series.flatMap((name) => {
    const place = report.columns.findIndex((column) => column.name === name);
    const column = report.columns[place];
    if (!column) return [];
    return [{ name, title: column.title, title_en: column.title_en, kind: column.kind, values: rows.map((row) => pointOf(row[place], column.kind)) }];
  });
}
/** A round number at or above: half steps of its power of ten. */
export function roundUp(value: number): number {
  if (value <= 0) return 1;
  const step = 10 ** Math.floor(Math.log10(value)) / 2;
  return Number((Math.ceil(value / step) * step).toPrecision(12));
}

/** A line over the hours of several kinds of day is one picture a kind: end to end they would be one line that never was. */
function groupsOf(report: Report, chart: Chart): { name: string; rows: Cell[][] }[] {
  const whole = [{ name: '', rows: report.rows }];
  if (chart.kind !== 'line') return whole;
  const others = tellingOf(report, chart.x).filter(({ column }) => column.name !== chart.x);
  const [by] = others;
  if (!by || others.length > 1) return whole;
  const names = [...new Set(texts(report.rows, by))];
  if (names.length > PICTURES_MAX) return whole;
  return names.map((name) => ({ name, rows: report.rows.filter((row) => String(row[by.place] ?? '') === name) }));
}
export function picturesOf(report: Report, chart: Chart): Picture[] {
  const pictures = groupsOf(report, chart).flatMap(({ name, rows }): Picture[] => {
    const labels = partsOf(rows, tellingOf({ ...report, rows }, chart.x), chart.x);
    if (labels.length < POINTS_MIN || labels.length > POINTS_MAX) return [];
    const lines = linesOf(report, rows, chart);
    // Nothing but noughts is no picture.
    if (!lines.some(({ values }) => values.some((value) => value))) return [];
    return [{ kind: chart.kind === 'line' ? 'line' : 'bar', title: name ? `${chart.title} · ${name}` : chart.title, labels, lines, top: 0 }];
  });
  const top = roundUp(Math.max(0, ...pictures.flatMap(({ lines }) => lines.flatMap(({ values }) => values.map((value) => value ?? 0)))));
  return pictures.map((picture) => ({ ...picture, top: picture.lines.every(({ kind }) => kind === 'share') ? Math.max(100, top) : top }));
}
