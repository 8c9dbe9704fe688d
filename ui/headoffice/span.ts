/** A span of time in the largest unit that still says something: a branch may be away for days. */
import type { Key } from './text';

const MINUTE_S = 60;
const HOUR_S = 3_600;
const DAY_S = 86_400;

export function spanOf(span_s: number): { key: Key; n: number } {
  if (span_s < MINUTE_S) return { key: 'span.seconds', n: Math.max(0, Math.floor(span_s)) };
  if (span_s < 2 * HOUR_S) return { key: 'span.minutes', n: Math.floor(span_s / MINUTE_S) };
  if (span_s < 2 * DAY_S) return { key: 'span.hours', n: Math.floor(span_s / HOUR_S) };
  return { key: 'span.days', n: Math.floor(span_s / DAY_S) };
}
