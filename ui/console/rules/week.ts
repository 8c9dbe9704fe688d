/**
 * Which rule is in force when: the box's own semantics (edge/queue/call_rules.py), so that an edit shows its week before it
 * is saved. A date beats a weekday, a weekday a class of days, any schedule the default; spans are half-open; a day that the
 * calendar moved takes a schedule by weekday only when that means the whole class.
 */
import type { Rules, Schedule } from './model';

export type DayClass = 'workday' | 'weekend' | 'holiday';
/** Only the days that differ from their weekday. */
export type Calendar = Readonly<Record<string, DayClass>>;
export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export type Weekday = (typeof WEEKDAYS)[number];
export const DAY_CLASSES: readonly DayClass[] = ['workday', 'weekend', 'holiday'];
export const DAY_MIN = 24 * 60;

export type DayKind = 'weekday' | 'class' | 'date';
const RANK: Readonly<Record<DayKind, number>> = { class: 1, weekday: 2, date: 3 };

export function kindOf(day: string): DayKind {
  if (/^\d/.test(day)) return 'date';
  return (WEEKDAYS as readonly string[]).includes(day) ? 'weekday' : 'class';
}
export const scheduleKind = (schedule: Pick<Schedule, 'days'>): DayKind => kindOf(schedule.days[0] ?? 'mon');

export function minuteOf(clock: string): number {
  const [hours, minutes] = clock.split(':').map(Number);
  return (hours ?? 0) * 60 + (minutes ?? 0);
}
export const clockOf = (minute: number): string =>
  `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;

/** Calendar arithmetic on ISO dates, in UTC so that no zone moves a day. */
const asUtc = (date: string): Date => new Date(`${date}T00:00:00Z`);
export function weekdayOf(date: string): Weekday {
  return WEEKDAYS[(asUtc(date).getUTCDay() + 6) % 7] ?? 'mon';
}
export function addDays(date: string, days: number): string {
  return new Date(asUtc(date).getTime() + days * 86_400_000).toISOString().slice(0, 10);
}
export function classOf(date: string, calendar: Calendar): DayClass {
  const natural = ['sat', 'sun'].includes(weekdayOf(date)) ? 'weekend' : 'workday';
  return calendar[date] ?? natural;
}

function weekdayHolds(days: readonly string[], date: string, calendar: Calendar): boolean {
  const moved = calendar[date];
  if (!moved) return days.includes(weekdayOf(date));
  const whole = moved === 'workday' ? WEEKDAYS.slice(0, 5) : WEEKDAYS.slice(5);
  return whole.every((day) => days.includes(day));
}
export function holdsOn(schedule: Schedule, date: string, calendar: Calendar): boolean {
  const kind = scheduleKind(schedule);
  if (kind === 'weekday') return weekdayHolds(schedule.days, date, calendar);
  return schedule.days.includes(kind === 'date' ? date : classOf(date, calendar));
}

export function scheduledAt(rules: Rules, date: string, minute: number, calendar: Calendar): Schedule | null {
  let best: Schedule | null = null;
  for (const schedule of rules.schedules) {
    const inside = minuteOf(schedule.from) <= minute && minute < minuteOf(schedule.to);
    if (!inside || !holdsOn(schedule, date, calendar)) continue;
    if (!best || RANK[scheduleKind(schedule)] > RANK[scheduleKind(best)]) best = schedule;
  }
  return best;
}

/** A stretch of one day under one rule; key null is the default. */
export interface Stretch { from: number; to: number; key: number | null }
export function stretches(rules: Rules, date: string, calendar: Calendar): Stretch[] {
  const marks = new Set([0, DAY_MIN]);
  for (const { from, to } of rules.schedules) marks.add(minuteOf(from)).add(minuteOf(to));
  const edges = [...marks].filter((minute) => minute >= 0 && minute <= DAY_MIN).sort((one, other) => one - other);
  const found: Stretch[] = [];
  edges.slice(0, -1).forEach((from, index) => {
    const to = edges[index + 1] ?? DAY_MIN;
    const key = scheduledAt(rules, date, from, calendar)?.key ?? null;
    const last = found[found.length - 1];
    if (last && last.key === key) last.to = to;
    else found.push({ from, to, key });
  });
  return found;
}

export interface Conflict { one: number; other: number }
/** Pairs that claim the same moment with the same rank: the box would refuse them. */
export function conflicts(schedules: readonly Schedule[]): Conflict[] {
  const found: Conflict[] = [];
  schedules.forEach((one, index) => {
    for (const other of schedules.slice(index + 1)) {
      const shared = scheduleKind(one) === scheduleKind(other) && one.days.some((day) => other.days.includes(day));
      const overlap = minuteOf(one.from) < minuteOf(other.to) && minuteOf(other.from) < minuteOf(one.to);
      if (shared && overlap) found.push({ one: one.key, other: other.key });
    }
  });
  return found;
}

export type Fault = 'no_days' | 'ends_first';
export function faultOf(schedule: Schedule): Fault | null {
  if (!schedule.days.length) return 'no_days';
  return minuteOf(schedule.from) < minuteOf(schedule.to) ? null : 'ends_first';
}

/** Where a minute stands on the timeline, 0 to 1: the night is narrow, the business day wide. */
const BENDS: readonly (readonly [number, number])[] = [[0, 0], [7 * 60, 0.1], [20 * 60, 0.9], [DAY_MIN, 1]];
export function heightOf(minute: number): number {
  for (let index = 1; index < BENDS.length; index += 1) {
    const [[left, low], [right, high]] = [BENDS[index - 1] ?? [0, 0], BENDS[index] ?? [DAY_MIN, 1]];
    if (minute <= right) return low + ((minute - left) / (right - left)) * (high - low);
  }
  return 1;
}
