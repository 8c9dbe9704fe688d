/** Periods stepped back and forth, on ISO dates. */
import { addDays } from '../rules/week';
import type { Period } from './model';

/** Years that a report can be asked for. */
export const YEAR_MIN = 1990;
export const YEAR_MAX = 2099;
const MONTHS: Readonly<Record<string, number>> = { month: 1, quarter: 3, year: 12 };

export function firstOf(period: Period, date: string): string {
  const [year, month] = [date.slice(0, 4), Number(date.slice(5, 7))];
  if (period === 'month') return `${date.slice(0, 7)}-01`;
  if (period === 'quarter') return `${year}-${String(Math.floor((month - 1) / 3) * 3 + 1).padStart(2, '0')}-01`;
  return period === 'year' ? `${year}-01-01` : date;
}

export function addMonths(date: string, months: number): string {
  const whole = Number(date.slice(0, 4)) * 12 + Number(date.slice(5, 7)) - 1 + months;
  return `${String(Math.floor(whole / 12)).padStart(4, '0')}-${String((whole % 12) + 1).padStart(2, '0')}-01`;
}

/** The period before or after; a range moves by its own length. */
export function stepped(period: Period, first: string, last: string, by: 1 | -1): { first: string; last: string } {
  const months = MONTHS[period];
  if (months) return { first: addMonths(firstOf(period, first), by * months), last };
  if (period === 'day') return { first: addDays(first, by), last };
  const length = Math.round((Date.parse(last) - Date.parse(first)) / 86_400_000) + 1;
  return { first: addDays(first, by * length), last: addDays(last, by * length) };
}

/** How a period is written where no language is needed: 2026-03, 2026-Q1, 2026, or the day. */
export function periodText(period: Period, first: string, last: string): string {
  if (period === 'month') return first.slice(0, 7);
  if (period === 'quarter') return `${first.slice(0, 4)}-Q${String(Math.floor((Number(first.slice(5, 7)) - 1) / 3) + 1)}`;
  if (period === 'year') return first.slice(0, 4);
  return period === 'day' ? first : `${first} – ${last}`;
}
