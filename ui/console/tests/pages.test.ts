/** The calendar's turns, the reports' queries, the enrolled devices' names and links. */
import { describe, expect, it } from 'vitest';
import { monthsOf, pressed, sameCalendar, tally } from '../calendar/calendar';
import { mayAcknowledge, worstFirst } from '../day/model';
import { freeName, isName, pageLink } from '../devices/model';
import { cellText, drillOf, placeOf, queryOf, wishAt, wishOf, type Report, type Wish } from '../reports/model';
import { addMonths, firstOf, periodText, stepped } from '../reports/period';

const column = (name: string, kind: string, drill: { report: string; query: Record<string, string> } | null = null) => ({ name, title: name, title_en: name, kind, drill });
const wish: Wish = { report: 'wait-times', period: 'month', first: '2026-03-01', last: '2026-03-31', by: 'total', filters: {} };
const report: Report = {
  name: 'wait-times', title: '', title_en: '', branch: '', first: '2026-03-01', last: '2026-03-31', truncated: false,
  columns: [column('period', 'text'), column('service', 'code'), column('tier', 'code'), column('taken', 'count', { report: 'ticket-detail', query: { called: 'true' } }), column('late', 'share'), column('worst', 'text')],
  rows: [['2026-03', '个人', '金卡', 12, 0.125, 'A1'], ['2026-03', '个人', '普卡', 0, null, 'A2']],
  at: [{ from: '2026-03-01', to: '2026-03-31', service: 'personal', tier: 'gold' }, {}],
};

describe('a press on a day', () => {
  it('turns a workday off and back, a weekend worked, off and back', () => {
    const monday = '2026-03-02';
    expect(pressed({}, monday)).toEqual({ [monday]: 'holiday' });
    expect(pressed({ [monday]: 'holiday' }, monday)).toEqual({});
    let days = pressed({}, '2026-03-07');
    expect(days).toEqual({ '2026-03-07': 'workday' });
    days = pressed(days, '2026-03-07');
    expect(days).toEqual({ '2026-03-07': 'holiday' });
    expect(pressed(days, '2026-03-07')).toEqual({});
  });
  it('leaves the others alone, and the year counts them', () => {
    const days = { '2026-10-01': 'holiday', '2026-10-10': 'workday', '2025-10-01': 'holiday' } as const;
    expect(tally(days, 2026)).toEqual({ holidays: 1, makeUp: 1 });
    expect(sameCalendar(days, { ...days })).toBe(true);
    expect(sameCalendar(days, {})).toBe(false);
  });
  it('is offered for every day of a leap year, in weeks from Monday', () => {
    const months = monthsOf(2028);
    expect(months.flatMap(({ weeks }) => weeks.flat()).filter(Boolean)).toHaveLength(366);
    expect(months[1]?.weeks[0]).toEqual([null, '2028-02-01', '2028-02-02', '2028-02-03', '2028-02-04', '2028-02-05', '2028-02-06']);
  });
});

describe('a report', () => {
  it('is asked for by its period, or by both ends of a range', () => {
    expect(queryOf(wish, 'en')).toEqual({ period: 'month', from: '2026-03-01', language: 'en' });
    expect(queryOf({ ...wish, period: 'range', by: 'day', filters: { tier: 'gold' } }, 'zh-CN')).toEqual({ from: '2026-03-01', to: '2026-03-31', by: 'day', tier: 'gold', language: 'zh-CN' });
  });
  it('leads from a number to what it counts, and from nothing nowhere', () => {
    const [, , , taken, late] = report.columns;
    if (!taken || !late) throw new Error('columns');
    const drill = drillOf(report, 0, taken, 12);
    expect(drill).toEqual({ report: 'ticket-detail', query: { from: '2026-03-01', to: '2026-03-31', service: 'personal', tier: 'gold', called: 'true' } });
    expect([drillOf(report, 1, taken, 0), drillOf(report, 0, late, 0.1)]).toEqual([null, null]);
    if (drill) expect(wishOf(drill, wish)).toEqual({ report: 'ticket-detail', period: 'range', first: '2026-03-01', last: '2026-03-31', by: 'total', filters: { service: 'personal', tier: 'gold', called: 'true' } });
  });
  it('stands in the address, whole, and reads nonsense as today', () => {
    for (const one of [wish, { ...wish, period: 'range' as const, by: 'day', filters: { tier: 'gold', called: 'true' } }]) {
      const { path, query } = placeOf(one);
      expect(wishAt(path, query, '2026-05-05')).toEqual({ ...one, last: one.period === 'range' ? one.last : one.first });
    }
    expect(wishAt(['reports'], { from: 'never', period: 'week', by: 'moon' }, '2026-05-05')).toEqual({ report: '', period: 'day', first: '2026-05-05', last: '2026-05-05', by: 'total', filters: {} });
  });
  it('writes shares in percent and minutes with one decimal', () => {
    expect([cellText(0.125, 'share'), cellText(12.34, 'minutes'), cellText(3, 'count'), cellText(null, 'count'), cellText('A1', 'text')]).toEqual(['12.5%', '12.3', '3', '', 'A1']);
  });
});

describe('a period', () => {
  it('begins on its first day and steps by its own length', () => {
    expect([firstOf('quarter', '2026-08-09'), firstOf('year', '2026-08-09'), firstOf('day', '2026-08-09')]).toEqual(['2026-07-01', '2026-01-01', '2026-08-09']);
    expect([addMonths('2026-01-01', -1), addMonths('2026-12-01', 1)]).toEqual(['2025-12-01', '2027-01-01']);
    expect(stepped('quarter', '2026-01-01', '', -1).first).toBe('2025-10-01');
    expect(stepped('range', '2026-03-01', '2026-03-07', 1)).toEqual({ first: '2026-03-08', last: '2026-03-14' });
    expect(stepped('day', '2026-02-28', '2026-02-28', 1).first).toBe('2026-03-01');
    expect([periodText('quarter', '2026-07-01', ''), periodText('month', '2026-07-01', ''), periodText('range', 'a', 'b')]).toEqual(['2026-Q3', '2026-07', 'a – b']);
  });
});

describe('an enrolled device', () => {
  it('gets the next free name and a link that no server sees the token of', () => {
    const known = [{ device: 'kiosk-1', role: 'kiosk', enrolled_at: '', enrolled_by: '' }];
    expect([freeName('kiosk', known), freeName('display', known)]).toEqual(['kiosk-2', 'display-1']);
    expect([isName('kiosk-2'), isName('Kiosk 2'), isName('')]).toEqual([true, false, false]);
    expect(new URL(pageLink({ device: 'kiosk-2', role: 'kiosk', token: 'abc' }, 'http://box')).hash).toBe('#token=abc');
  });
});

describe('today', () => {
  it('shows what fails first and lets only those notices be read that stay until then', () => {
    const check = (name: string, status: 'ok' | 'degraded' | 'failing') => ({ name, status, code: 'ok', facts: {} });
    expect(worstFirst([check('a', 'ok'), check('b', 'failing'), check('c', 'degraded')]).map(({ name }) => name)).toEqual(['b', 'c', 'a']);
    const notice = { severity: 'warning' as const, since: '', facts: {} };
    expect(mayAcknowledge({ ...notice, code: 'facts_missing', id: 'fork-1' })).toBe(true);
    expect(mayAcknowledge({ ...notice, code: 'printer_paper_out', id: 'printer-1' })).toBe(false);
  });
});
