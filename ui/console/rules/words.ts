/** Rules in a sentence, and what an edit changes, so that whoever saves has read what will happen. */
import { kt } from '@kit/text';
import type { Tier } from '@kit/types';
import { t } from '../text';
import { baseOf, sentRules, type Rule, type Rules, type Schedule, type Threshold } from './model';
import { scheduleKind, WEEKDAYS, type Weekday } from './week';

const tier = (name: string): string => kt(`tier.${name as Tier}`);
const joined = (parts: readonly string[]): string => parts.join(t('list.comma'));
/** Minutes with at most one decimal. */
export const minutes = (span_s: number): number => Math.round(span_s / 6) / 10;

function thresholdWords(name: string, threshold: Threshold): string {
  const op = threshold.op ?? 'gt';
  const parts: string[] = [];
  if (threshold.wait_s) parts.push(t(`words.wait_${op}`, { n: minutes(threshold.wait_s) }));
  if (threshold.count) parts.push(t(`words.count_${threshold.metric ?? 'behind'}_${op}`, { n: threshold.count }));
  return t('words.threshold', { tier: tier(name), when: parts.join(t('words.or')) });
}

function baseWords(rule: Rule): string {
  const base = baseOf(rule);
  if (base === 'credit') return t('words.credit', { list: joined(Object.entries(rule.target_s).map(([name, target_s]) => t('words.target', { tier: tier(name), n: minutes(target_s) }))) });
  if (base === 'turns') return t('words.turns', { list: joined(Object.entries(rule.turns).map(([name, n]) => `${tier(name)} ${String(n)}`)) });
  return t('words.order', { list: rule.order.map(tier).join(' › ') });
}

export function ruleWords(rule: Rule): string {
  const thresholds = Object.entries(rule.thresholds).filter(([, { wait_s, count }]) => wait_s ?? count);
  const parts = [baseWords(rule), ...thresholds.map(([name, threshold]) => thresholdWords(name, threshold))];
  if (thresholds.length) parts.push(rule.promoted_in_row_max ? t('words.cap', { n: rule.promoted_in_row_max }) : t('words.no_cap'));
  if (rule.blend?.walk_ins) parts.push(t('words.walk_ins', { n: rule.blend.walk_ins }));
  if (typeof rule.blend?.lead_s === 'number') parts.push(t('words.lead', { n: minutes(rule.blend.lead_s) }));
  return parts.join(t('words.semicolon'));
}

/** 周一至周五、周日: runs of three or more are written as a span. */
function weekdaysWords(days: readonly string[]): string {
  const runs: Weekday[][] = [];
  for (const day of WEEKDAYS.filter((one) => days.includes(one))) {
    const last = runs[runs.length - 1];
    const before = last?.[last.length - 1];
    if (last && before && WEEKDAYS.indexOf(day) === WEEKDAYS.indexOf(before) + 1) last.push(day);
    else runs.push([day]);
  }
  return joined(runs.flatMap((run) => {
    const [first, last] = [run[0] ?? 'mon', run[run.length - 1] ?? 'mon'];
    return run.length >= 3 ? [t('words.through', { first: t(`day.${first}`), last: t(`day.${last}`) })] : run.map((day) => t(`day.${day}`));
  }));
}
const DATES_SHOWN = 3;
export function daysWords(schedule: Pick<Schedule, 'days'>): string {
  if (!schedule.days.length) return t('words.no_days');
  const kind = scheduleKind(schedule);
  if (kind === 'weekday') return weekdaysWords(schedule.days);
  if (kind === 'class') return joined(schedule.days.map((day) => t(`class.${day as 'workday'}`)));
  const shown = schedule.days.slice(0, DATES_SHOWN).map((date) => date.slice(5));
  const more = schedule.days.length - shown.length;
  return joined(shown) + (more > 0 ? t('words.more_days', { n: more }) : '');
}

export const scheduleName = (rules: Rules, schedule: Schedule): string =>
  schedule.name.trim() || t('schedule.nameless', { n: rules.schedules.indexOf(schedule) + 1 });
export const scheduleWords = (schedule: Schedule): string => `${daysWords(schedule)} ${schedule.from}–${schedule.to}`;

/** What saving would change, one sentence each. Schedules keep their key through an edit. */
export function changeWords(before: Rules, after: Rules): string[] {
  const said: string[] = [];
  const text = (rules: Rules, index: number): string => JSON.stringify(sentRules(rules).schedules[index]);
  if (JSON.stringify(sentRules(before).default) !== JSON.stringify(sentRules(after).default)) {
    said.push(t('change.default', { words: ruleWords(after.default) }));
  }
  before.schedules.forEach((schedule) => {
    if (!after.schedules.some(({ key }) => key === schedule.key)) {
      said.push(t('change.removed', { name: scheduleName(before, schedule), when: scheduleWords(schedule) }));
    }
  });
  after.schedules.forEach((schedule, index) => {
    const old = before.schedules.findIndex(({ key }) => key === schedule.key);
    const facts = { name: scheduleName(after, schedule), when: scheduleWords(schedule), words: ruleWords(schedule.rule) };
    if (old < 0) said.push(t('change.added', facts));
    else if (text(before, old) !== text(after, index)) said.push(t('change.changed', facts));
  });
  return said;
}
