/** Days that are not what their weekday says. Head office's calendar is the rule; the branch may correct it. */
import { ApiProblem, type Api } from '@kit/api';
import { addDays, classOf, weekdayOf, WEEKDAYS, type Calendar, type DayClass } from '../rules/week';

const ABSENT: ReadonlySet<number> = new Set([404, 405]);

/** null: this box does not tell its calendar. */
export async function readCalendar(api: Api): Promise<Calendar | null> {
  try {
    return (await api.get<{ days: Calendar }>('/api/calendar')).days;
  } catch (error) {
    if (error instanceof ApiProblem && ABSENT.has(error.status)) return null;
    throw error;
  }
}
/** For a preview: no calendar means plain weekdays. */
export const calendarOf = async (api: Api): Promise<Calendar> => (await readCalendar(api)) ?? {};
export const putCalendar = (api: Api, days: Calendar) => api.put<null>('/api/calendar', { days });

const natural = (date: string): DayClass => classOf(date, {});
/** What a press on a day makes of it: a workday may be off, a weekend may be worked, or be a holiday; then as it was. */
export function pressed(calendar: Calendar, date: string): Calendar {
  const turns: readonly DayClass[] = natural(date) === 'workday' ? ['workday', 'holiday'] : ['weekend', 'workday', 'holiday'];
  const next = turns[(turns.indexOf(classOf(date, calendar)) + 1) % turns.length] ?? natural(date);
  const rest = Object.fromEntries(Object.entries(calendar).filter(([day]) => day !== date));
  return next === natural(date) ? rest : { ...rest, [date]: next };
}

export interface Month { month: number; weeks: (string | null)[][] }
const pad = (figure: number): string => String(figure).padStart(2, '0');

/** Twelve months in weeks from Monday; null where the week belongs to a neighbour. */
export function monthsOf(year: number): Month[] {
  return Array.from({ length: 12 }, (_, index) => {
    const first = `${String(year)}-${pad(index + 1)}-01`;
    const days: (string | null)[] = Array.from({ length: WEEKDAYS.indexOf(weekdayOf(first)) }, () => null);
    for (let date = first; date.startsWith(first.slice(0, 7)); date = addDays(date, 1)) days.push(date);
    while (days.length % 7) days.push(null);
    return { month: index + 1, weeks: Array.from({ length: days.length / 7 }, (__, week) => days.slice(week * 7, week * 7 + 7)) };
  });
}

/** How many days of the year are off beyond the weekends, and how many weekends are worked. */
export function tally(calendar: Calendar, year: number): { holidays: number; makeUp: number } {
  const own = Object.entries(calendar).filter(([date]) => date.startsWith(String(year)));
  return { holidays: own.filter(([, kind]) => kind === 'holiday').length, makeUp: own.filter(([, kind]) => kind === 'workday').length };
}
export const sameCalendar = (one: Calendar, other: Calendar): boolean =>
  JSON.stringify(Object.entries(one).sort()) === JSON.stringify(Object.entries(other).sort());
