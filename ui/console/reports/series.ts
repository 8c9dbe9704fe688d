/** What a chart needs of a report: labels and figures by column, with the total left out. Pure. */
import { isFigure, type Chart, type Report } from './model';

export interface Line { name: string; title: string; title_en: string; kind: string; values: (number | null)[] }
export interface Picture { kind: 'bar' | 'line'; title: string; labels: string[]; lines: Line[] }
const POINTS_MIN = 2;
const POINTS_MAX = 400;

/** Rows with the same x (a service's tiers, a band's days) are told apart by the columns before the figures that differ. */
function labelsOf(report: Report, x: string): string[] {
  const figures = report.columns.findIndex(isFigure);
  const texts = report.columns.map((column, place) => ({ column, place }))
    .filter(({ column, place }) => !isFigure(column) && (figures < 0 || place < figures || column.name === x));
  const at = texts.find(({ column }) => column.name === x);
  if (!at) return [];
  const plain = report.rows.map((row) => String(row[at.place] ?? ''));
  if (new Set(plain).size === plain.length) return plain;
  const varying = texts.filter(({ place }) => new Set(report.rows.map((row) => row[place])).size > 1);
  return report.rows.map((row) => varying.map(({ place }) => String(row[place] ?? '')).filter(Boolean).join(' · '));
}

export function pictureOf(report: Report, chart: Chart): Picture | null {
  const labels = labelsOf(report, chart.x);
  if (labels.length < POINTS_MIN || labels.length > POINTS_MAX) return null;
  const lines = chart.series.flatMap((name) => {
    const place = report.columns.findIndex((column) => column.name === name);
    const column = report.columns[place];
    if (!column) return [];
    const factor = column.kind === 'share' ? 100 : 1;
    const values = report.rows.map((row) => (typeof row[place] === 'number' ? Math.round(row[place] * factor * 10) / 10 : null));
    return [{ name, title: column.title, title_en: column.title_en, kind: column.kind, values }];
  });
  // Nothing but noughts is no picture.
  if (!lines.some(({ values }) => values.some((value) => value))) return null;
  return { kind: chart.kind === 'line' ? 'line' : 'bar', title: chart.title, labels, lines };
}
