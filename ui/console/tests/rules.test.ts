/** The preview of a week and the words of a change: the same semantics as the box (tests/queue of edge hold the original). */
import { locale } from '@kit/i18n';
import { beforeEach, describe, expect, it } from 'vitest';
import { doubt_min, line as trialLine, type PastEffect } from '../rules/trial';
import { baseOf, fullRule, fullRules, moved, sameRules, sentRules, withBase, type Rules, type SentSchedule } from '../rules/model';
import { classOf, clockOf, conflicts, faultOf, heightOf, holdsOn, minuteOf, stretches, weekdayOf, type Calendar } from '../rules/week';
import { changeWords, daysWords, ruleWords } from '../rules/words';

const MONDAY = '2026-03-02';
const SATURDAY = '2026-03-07';
const schedule = (given: Partial<SentSchedule>): SentSchedule => ({ days: ['mon'], from: '09:00', to: '11:00', rule: {}, name: '', ...given });
const rules = (...schedules: SentSchedule[]): Rules => fullRules({ default: {}, schedules });
const spans = (given: Rules, date: string, calendar: Calendar = {}): string[] => stretches(given, date, calendar)
  .map(({ from, to, key }) => `${clockOf(from)}-${clockOf(to)} ${given.schedules.find((one) => one.key === key)?.name ?? 'default'}`);

beforeEach(() => { locale.value = 'zh-CN'; });

describe('the preview of a day', () => {
  it('is the default where nothing is scheduled', () => {
    expect(spans(rules(), MONDAY)).toEqual(['00:00-24:00 default']);
  });
  it('is half-open', () => {
    expect(spans(rules(schedule({ name: 'rush' })), MONDAY)).toEqual(['00:00-09:00 default', '09:00-11:00 rush', '11:00-24:00 default']);
  });
  it('lets a date beat a weekday and a weekday a class', () => {
    const given = rules(
      schedule({ name: 'class', days: ['workday'], from: '08:00', to: '18:00' }),
      schedule({ name: 'weekday', from: '09:00', to: '15:00' }),
      schedule({ name: 'date', days: [MONDAY], from: '10:00', to: '12:00' }),
    );
    expect(spans(given, MONDAY)).toEqual([
      '00:00-08:00 default', '08:00-09:00 class', '09:00-10:00 weekday', '10:00-12:00 date', '12:00-15:00 weekday', '15:00-18:00 class', '18:00-24:00 default',
    ]);
  });
  it('joins neighbours under the same schedule and reaches midnight', () => {
    expect(spans(rules(schedule({ name: 'late', from: '20:00', to: '24:00' }), schedule({ days: ['tue'] })), MONDAY)).toEqual(['00:00-20:00 default', '20:00-24:00 late']);
  });
});

describe('the calendar', () => {
  const worked: Calendar = { [SATURDAY]: 'workday' };
  const off: Calendar = { [MONDAY]: 'holiday' };
  it('makes a Saturday a workday and a Monday none', () => {
    expect([classOf(SATURDAY, {}), classOf(SATURDAY, worked), classOf(MONDAY, off), weekdayOf(MONDAY)]).toEqual(['weekend', 'workday', 'holiday', 'mon']);
  });
  it('takes a schedule by weekday on a moved day only when it means the whole class', () => {
    const hold = (days: string[], date: string, calendar: Calendar): boolean => holdsOn(rules(schedule({ days })).schedules[0] ?? expect.fail(), date, calendar);
    const week = ['mon', 'tue', 'wed', 'thu', 'fri'];
    expect(hold(week, SATURDAY, worked)).toBe(true);
    expect(hold(['sat'], SATURDAY, worked)).toBe(false);
    expect(hold(['mon'], MONDAY, off)).toBe(false);
    expect(hold(['sat', 'sun'], MONDAY, off)).toBe(true);
    expect(hold(['workday'], SATURDAY, worked)).toBe(true);
    expect(hold([SATURDAY], SATURDAY, worked)).toBe(true);
  });
});

describe('conflicts', () => {
  it('are schedules of one rank that share a day and a minute', () => {
    expect(conflicts(rules(schedule({}), schedule({ from: '10:30', to: '12:00' })).schedules)).toHaveLength(1);
    expect(conflicts(rules(schedule({}), schedule({ from: '11:00', to: '12:00' })).schedules)).toEqual([]);
    expect(conflicts(rules(schedule({}), schedule({ days: ['workday'] })).schedules)).toEqual([]);
    expect(conflicts(rules(schedule({}), schedule({ days: ['tue'] })).schedules)).toEqual([]);
  });
  it('are not the only fault: no days, and an end before the beginning', () => {
    const [none, back] = rules(schedule({ days: [] }), schedule({ from: '12:00', to: '09:00' })).schedules;
    expect([none && faultOf(none), back && faultOf(back)]).toEqual(['no_days', 'ends_first']);
  });
});

describe('a rule in the editor', () => {
  it('goes back to the box as it came, and drops a threshold that asks nothing', () => {
    const sent = { order: ['gold' as const, 'normal' as const], thresholds: { normal: { wait_s: 1800, count: 10, op: 'ge' as const, metric: 'length' as const } }, promoted_in_row_max: 5 };
    expect(sentRules(fullRules({ default: sent, schedules: [] })).default).toMatchObject(sent);
    const empty = fullRule({ thresholds: { gold: { op: 'ge' } } });
    expect(sentRules({ default: empty, schedules: [] }).default.thresholds).toEqual({});
  });
  it('has targets or turns, never both', () => {
    const credit = withBase(fullRule({ turns: { gold: 2 } }), 'credit');
    expect([baseOf(credit), credit.turns]).toEqual(['credit', {}]);
    expect(baseOf(withBase(credit, 'order'))).toBe('order');
  });
  it('keeps the others’ order when one is moved', () => {
    expect(moved(['a', 'b', 'c'], 2, 0)).toEqual(['c', 'a', 'b']);
    expect(moved(['a', 'b', 'c'], 0, 1)).toEqual(['b', 'a', 'c']);
  });
});

describe('a rule in words', () => {
  it('says what goes first and what may come before its turn', () => {
    const rule = fullRule({ order: ['gold', 'normal'], thresholds: { normal: { wait_s: 1800, count: 10 }, gold: { count: 5, op: 'ge', metric: 'length' } } });
    expect(ruleWords(rule)).toBe('按 金卡 › 普卡 的次序叫；普卡等过 30 分钟或身后超过 10 人就提前；金卡队列满 5 人就提前；连续提前最多 3 位');
    expect(ruleWords(fullRule({ target_s: { gold: 600 } }))).toContain('金卡 10 分');
  });
  it('writes runs of days as spans', () => {
    expect(daysWords({ days: ['mon', 'tue', 'wed', 'thu', 'fri', 'sun'] })).toBe('周一至周五、周日');
    expect(daysWords({ days: ['workday', 'holiday'] })).toBe('工作日、节假日');
    expect(daysWords({ days: ['2026-10-01', '2026-10-02', '2026-10-03', '2026-10-04'] })).toBe('10-01、10-02、10-03等 1 天');
  });
  it('tells what an edit changes, and nothing where nothing does', () => {
    const before = rules(schedule({ name: 'A' }), schedule({ name: 'B', days: ['tue'] }));
    const [first, second] = before.schedules;
    if (!first || !second) throw new Error('two schedules');
    const after: Rules = { default: fullRule({ turns: { gold: 2, normal: 1 } }), schedules: [{ ...first, to: '12:00' }, { ...first, key: 9999, name: 'C', days: ['sat'] }] };
    expect(changeWords(before, before)).toEqual([]);
    expect(sameRules(before, after)).toBe(false);
    const said = changeWords(before, after);
    expect(said.map((text) => text.slice(0, 6))).toEqual(['默认规则改为', '删除“B”（', '“A”改为（', '新增“C”（']);
    expect(said[2]).toContain('09:00–12:00');
  });
});

describe('the timeline', () => {
  it('gives the business day most of its height and never turns back', () => {
    expect([heightOf(0), heightOf(24 * 60)]).toEqual([0, 1]);
    expect(heightOf(minuteOf('20:00')) - heightOf(minuteOf('07:00'))).toBeCloseTo(0.8);
    const heights = Array.from({ length: 97 }, (_, quarter) => heightOf(quarter * 15));
    expect(heights.every((height, index) => index === 0 || height > (heights[index - 1] ?? 0))).toBe(true);
  });
});

describe('the trial of a rule', () => {
  const past = (people: number, was_s: number, before_s: number, after_s: number): PastEffect => ({
    service: 'personal', tier: 'gold', people, was_s, before_s, after_s, before_p90_s: 0, after_p90_s: 0, before_share: 0.71, after_share: 0.88,
  });
  it('shows minutes saved and points gained', () => {
    expect(trialLine(past(10, 0, 600, 330))).toMatchObject({ before_min: 10, after_min: 5.5, saved_min: 4.5, share: 17 });
  });
  it('says how far the replay is from what was really waited', () => {
    expect(doubt_min([past(10, 600, 660, 0), past(30, 600, 600, 0)])).toBe(0.3);
    expect(doubt_min([])).toBe(0);
  });
});
