/** Reports as the box shows them: columns with a kind, rows of plain values, and where each number leads. */
import type { Api } from '@kit/api';
import type { Locale } from '@kit/i18n';

export interface ReportName { name: string; title: string; title_en: string; filters?: string[] }
export type ReportQuery = Readonly<Record<string, string>>;
export interface Drill { report: string; query: ReportQuery }
export interface Column { name: string; title: string; title_en: string; kind: string; drill?: Drill | null }
export type Cell = string | number | null;
export interface Chart { kind: string; title: string; x: string; series: string[] }
export interface Edition { days: number; version: number; through_seq: number; open_days: string[]; text: string }
/** One thing that a report was narrowed to, in the words of the box and the language it was asked in. */
export interface Condition { name: string; title: string; text: string }
export interface Report {
  name: string; title: string; title_en: string; branch: string; first: string; last: string; columns: Column[]; rows: Cell[][];
  at?: ReportQuery[]; total?: Cell[] | null; charts?: Chart[]; edition?: Edition; conditions?: Condition[]; truncated: boolean;
}

export const PERIODS = ['day', 'month', 'quarter', 'year', 'range'] as const;
export type Period = (typeof PERIODS)[number];
export const CUTS = ['total', 'day', 'month', 'quarter'] as const;
export interface Wish { report: string; period: Period; first: string; last: string; by: string; filters: ReportQuery }

export const ROWS_AT_ONCE = 300;
const TIMEOUT_MS = 20_000;
const EXPORT_TIMEOUT_MS = 60_000;

export function queryOf(wish: Wish, language: Locale): Record<string, string> {
  const { period, first, last } = wish;
  const days: Record<string, string> = period === 'range' ? { from: first, to: last } : { period, from: first };
  return { ...days, ...(wish.by === 'total' ? {} : { by: wish.by }), ...wish.filters, language };
}
const addressOf = (report: string, query: Record<string, string>): string =>
  `/api/reports/${encodeURIComponent(report)}?${new URLSearchParams(query).toString()}`;

/** The whole report as a page to print, beyond the rows that the screen has loaded. */
export const printAddress = (wish: Wish, language: Locale): string => addressOf(wish.report, { ...queryOf(wish, language), format: 'print' });

export const getReportNames = (api: Api) => api.get<{ reports: ReportName[] }>('/api/reports');
export const getReport = (api: Api, wish: Wish, language: Locale, offset = 0) =>
  api.get<Report>(addressOf(wish.report, { ...queryOf(wish, language), limit: String(ROWS_AT_ONCE), offset: String(offset) }), { timeout_ms: TIMEOUT_MS });

/** The workbook's bytes. Not through Api, whose answers are JSON; a refusal is the caller's to ask about again. */
export async function fetchWorkbook(wish: Wish, language: Locale): Promise<Blob | null> {
  const stop = new AbortController();
  const timer = setTimeout(() => { stop.abort(); }, EXPORT_TIMEOUT_MS);
  try {
    const response = await fetch(addressOf(wish.report, { ...queryOf(wish, language), format: 'xlsx' }), { signal: stop.signal, credentials: 'same-origin', cache: 'no-store' });
    return response.ok ? await response.blob() : null;
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
  }
}
export const workbookName = (wish: Wish): string => `${wish.report}-${wish.first}${wish.period === 'range' ? `-${wish.last}` : ''}.xlsx`;

const FIGURES: ReadonlySet<string> = new Set(['count', 'ratio', 'share', 'minutes', 'whole_minutes', 'duration']);
export const isFigure = (column: Column): boolean => FIGURES.has(column.kind);

/** A value as people read it; kinds a newer box may send are shown as they come. */
export function cellText(value: Cell, kind: string): string {
  if (value === null) return '';
  if (typeof value !== 'number') return value;
  if (kind === 'share') return `${(value * 100).toFixed(1)}%`;
  if (kind === 'minutes') return value.toFixed(1);
  if (kind === 'ratio') return value.toFixed(2);
  return String(value);
}

/** The cell from which somebody followed a number, and how far the table was scrolled then. */
export interface Spot { row: number; place: number; top_px: number; left_px: number }

/** Where the number of a cell leads: the row's own query, and the column's over it. Nothing leads nowhere. */
export function drillOf(report: Report, row: number, column: Column, value: Cell): Drill | null {
  if (!column.drill || !value) return null;
  return { report: column.drill.report, query: { ...report.at?.[row], ...column.drill.query } };
}

export interface Chip { name: string; text: string }
/** What the query is narrowed to, as people call it; as it was asked only where the box refused to answer (`conditions` null). */
export function chipsOf(filters: ReportQuery, conditions: readonly Condition[] | null): Chip[] {
  return Object.entries(filters).flatMap(([name, value]) => {
    if (!conditions) return [{ name, text: `${name}: ${value}` }];
    const told = conditions.find((one) => one.name === name);
    return told ? [{ name, text: `${told.title}: ${told.text}` }] : [];
  });
}

const DAYS_OF_QUERY: ReadonlySet<string> = new Set(['from', 'to', 'period', 'by', 'language', 'limit', 'offset', 'format']);
/** A drill's query as a wish of its own: its days where it names them, else the days looked at. */
export function wishOf(drill: Drill, before: Wish): Wish {
  const { from, to } = drill.query;
  const filters = Object.fromEntries(Object.entries(drill.query).filter(([name]) => !DAYS_OF_QUERY.has(name)));
  const days = from && to ? { period: 'range' as const, first: from, last: to } : { period: before.period, first: from ?? before.first, last: before.last };
  return { report: drill.report, ...days, by: 'total', filters };
}

/** A wish as its page's address says it, and back: a report that somebody looks at can be reloaded, sent and gone back to. */
export function placeOf({ report, period, first, last, by, filters }: Wish): { path: string[]; query: ReportQuery } {
  const days: Record<string, string> = period === 'range' ? { from: first, to: last } : { period, from: first };
  return { path: ['reports', report], query: { ...days, ...(by === 'total' ? {} : { by }), ...filters } };
}
const DAY = /^\d{4}-\d{2}-\d{2}$/;
function daysAt({ from = '', to = '', period = '' }: ReportQuery, today: string): Pick<Wish, 'period' | 'first' | 'last'> {
  const first = DAY.test(from) ? from : today;
  const whole = PERIODS.find((one) => one === period && one !== 'range');
  if (whole || !DAY.test(to)) return { period: whole ?? 'day', first, last: first };
  return { period: 'range', first, last: to };
}
export function wishAt(path: readonly string[], query: ReportQuery, today: string): Wish {
  const filters = Object.fromEntries(Object.entries(query).filter(([name]) => !DAYS_OF_QUERY.has(name)));
  return { report: path[1] ?? '', ...daysAt(query, today), by: CUTS.find((cut) => cut === query['by']) ?? 'total', filters };
}
