/** What the tablet makes of the box's picture: who is late, what to do, who is news. */
import type { Arrival, CounterView, QueueView, TicketView } from '@kit/types';
import { describe, expect, it } from 'vitest';
import { advise } from '../advice';
import { freshOnes, stillHereFirst, toldText, whyHere } from '../arrivals';
import type { AtRisk } from '../calls';
import { destinations, freshWish, missing } from '../changes';
import { counterLists, doing, doingSince_ms, queueLines } from '../lists';
import { riskRow, riskRows } from '../risk';
import { options, OPTIONS_MAX, savings } from '../whatif';

const NOW = '2026-03-02T10:00:00+08:00';
const now_ms = Date.parse(NOW);
const ago = (span_s: number): string => new Date(now_ms - span_s * 1000).toISOString();
const risk = (number: string, given: Partial<AtRisk> = {}): AtRisk => ({
  ticket: `t-${number}`, number, service: 'personal', tier: 'normal', waited_s: 1500, expected_s: 2100, target_s: 1800, ...given,
});
const counter = (number: number, state: CounterView['state'], given: Partial<CounterView> = {}): CounterView => ({
  id: `c${String(number)}`, number, name: '', state, since: ago(300), ...given,
});
const ticket = (state: TicketView['state'], given: Partial<TicketView> = {}): TicketView => ({ id: 't', number: 'A001', state, ...given } as TicketView);

describe('a row of those who will wait too long', () => {
  it('says how long is left and grows with the age of the picture', () => {
    expect(riskRow(risk('A1'), 0)).toMatchObject({ left_s: 300, late: false });
    expect(riskRow(risk('A1'), 301)).toMatchObject({ late: true, waited_s: 1801, expected_s: 2100 });
  });

  it('never expects less than was waited already, and keeps the bar within its room', () => {
    const row = riskRow(risk('A1', { waited_s: 4000, expected_s: 2100 }), 0);
    expect(row.expected_s).toBe(4000);
    expect(row.waited_share + row.still_share).toBeLessThan(100);
    expect(row.target_share).toBeLessThan(row.waited_share);
  });

  it('puts whoever is late before those who are not, and the worst share first', () => {
    const rows = riskRows([risk('soon', { expected_s: 3600 }), risk('late', { waited_s: 1900, expected_s: 2000 }), risk('later', { waited_s: 2400, expected_s: 2600 })], 0);
    expect(rows.map(({ number }) => number)).toEqual(['later', 'late', 'soon']);
  });
});

describe('the advice', () => {
  const idle = counter(4, 'open');
  const paused = counter(3, 'paused');
  const busy = counter(1, 'open', { ticket: ticket('serving') });
  it('takes a free counter first, then a pause, then a counter that could open, and diverts at last', () => {
    expect(advise(2, [busy, paused, idle], now_ms)).toMatchObject({ key: 'advice.idle', counter: { number: 4 } });
    expect(advise(2, [busy, paused, counter(5, 'closed')], now_ms)).toMatchObject({ key: 'advice.paused', counter: { number: 3 } });
    expect(advise(2, [busy, counter(6, 'signed_in'), counter(5, 'closed')], now_ms)).toMatchObject({ key: 'advice.begin' });
    expect(advise(2, [busy, counter(5, 'closed')], now_ms)).toMatchObject({ key: 'advice.open', counter: { number: 5 } });
    expect(advise(2, [busy], now_ms)).toEqual({ key: 'advice.divert', counter: null });
  });
  it('leaves a pause of seconds alone, and says nothing where nobody is at risk', () => {
    expect(advise(2, [busy, counter(3, 'paused', { since: ago(20) })], now_ms).key).toBe('advice.divert');
    expect(advise(0, [idle], now_ms).key).toBe('advice.calm');
  });
});

describe('arrivals', () => {
  const arrival = (number: string, given: Partial<Arrival> = {}): Arrival => ({
    ticket: number, number, service: 'personal', tier: 'gold', taken_at: ago(60), state: 'waiting', recognised: true, ...given,
  });
  it('are news only against an earlier picture', () => {
    expect(freshOnes([arrival('a')], null)).toEqual([]);
    expect(freshOnes([arrival('a'), arrival('b')], new Set(['a']))).toEqual(['b']);
  });
  it('say why they are here: the reason before the tier, recognition last', () => {
    expect(whyHere(arrival('a', { priority_reason: 'elderly', tier: 'priority' }))).toBe('priority.elderly');
    expect(whyHere(arrival('a'))).toBe('tier.gold');
    expect(whyHere(arrival('a', { tier: 'normal' }))).toBe('arrivals.recognised');
    expect(whyHere(arrival('a', { tier: 'priority', appointment: true }))).toBe('arrivals.appointment');
  });
  it('say what became of the message to the adviser, once it is known', () => {
    expect([null, undefined, 'sent', 'no_phone', 'expired', 'unknown'].map(toldText))
      .toEqual([null, null, 'arrivals.told.sent', 'arrivals.told.no_phone', 'arrivals.told.failed', 'arrivals.told.failed']);
  });
  it('keep those who left below those who are here', () => {
    const gone = arrival('gone', { state: 'finished', taken_at: ago(1) });
    expect(stillHereFirst([gone, arrival('old', { taken_at: ago(900) }), arrival('new')]).map(({ number }) => number)).toEqual(['new', 'old', 'gone']);
  });
});

describe('an adjustment', () => {
  it('needs a target and a reason; a diversion says both at once', () => {
    expect(missing(freshWish())).toBe('target');
    expect(missing({ ...freshWish(), counter: 'c1' })).toBe('reason');
    expect(missing({ ...freshWish(), counter: 'c1', reason: '  ' })).toBe('reason');
    expect(missing({ ...freshWish(), counter: 'c1', reason: 'elderly' })).toBeNull();
    expect(missing({ ...freshWish(), way: 'pin' })).toBe('reason');
    expect(missing({ ...freshWish(), way: 'pin', reason: 'elderly' })).toBeNull();
    expect(missing({ ...freshWish(), way: 'divert', diversion: 'diverted_self_service' })).toBeNull();
  });
  it('offers the free counter first and never a closed one', () => {
    const offered = destinations([counter(1, 'open', { ticket: ticket('serving') }), counter(2, 'closed'), counter(3, 'paused'), counter(4, 'open')]);
    expect(offered.map(({ number }) => number)).toEqual([4, 1, 3]);
  });
});

describe('the hall', () => {
  it('counts what a counter does from the call, the service or its own change', () => {
    expect(doing(counter(1, 'open', { ticket: ticket('called') }))).toBe('called');
    expect(doing(counter(1, 'open'))).toBe('idle');
    const serving = counter(1, 'open', { ticket: ticket('serving', { called_at: ago(90), served_at: ago(60) }) });
    expect(doingSince_ms(serving)).toBe(now_ms - 60_000);
    expect(doingSince_ms(counter(1, 'open', { since: null }))).toBeNull();
  });
  it('lists manned counters by number and only queues where somebody waits, longest first', () => {
    const { manned, closed } = counterLists([counter(10, 'open'), counter(2, 'paused'), counter(3, 'closed')]);
    expect([manned.map(({ number }) => number), closed.map(({ number }) => number)]).toEqual([[2, 10], [3]]);
    const queue = (id: string, waiting: number, longest_wait_s: number): QueueView => ({ id, service: id, tier: 'normal', waiting, longest_wait_s, called: 0, serving: 0 });
    const lines = queueLines([queue('a', 1, 60), queue('b', 0, 0), queue('c', 2, 1795)], { normal: 1800 }, 10);
    expect(lines.map(({ id, late }) => [id, late])).toEqual([['c', true], ['a', false]]);
    const [sent] = queueLines([{ ...queue('@counter-2', 1, 5), service: '', tier: '' as 'normal', wait: { low_s: 0, high_s: 0 } }], {}, 0);
    expect(sent).toMatchObject({ counter: 'counter-2', wait: null });
  });
});

describe('what would help', () => {
  it('asks about a paused counter before a closed one, and about few', () => {
    const asked = options([counter(3, 'closed'), counter(2, 'paused'), counter(1, 'open'), counter(4, 'closed')]);
    expect(asked.map(({ counter: { number }, resumes }) => [number, resumes])).toEqual([[2, true], [3, false]]);
    expect(asked.length).toBeLessThanOrEqual(OPTIONS_MAX);
  });

  it('adds the tiers of a service up by people, and leaves out what nobody would notice', () => {
    const effect = (service: string, people: number, saved_s: number) => ({ service, tier: 'normal' as const, people, before_s: 900, after_s: 900 - saved_s });
    expect(savings([effect('personal', 9, 360), effect('personal', 1, -240), effect('fx', 2, 20), effect('corporate', 3, -120)]))
      .toEqual([{ service: 'personal', minutes: 5, freed: 0 }, { service: 'corporate', minutes: -2, freed: 0 }]);
  });

  it('says first who would be called by nobody, and counts no minutes for them', () => {
    const nobody = { service: 'fx', tier: 'normal' as const, people: 3, before_s: 14_400, after_s: 14_400, stuck_before: 3, stuck_after: 0 };
    const sooner = { service: 'personal', tier: 'normal' as const, people: 9, before_s: 900, after_s: 600 };
    expect(savings([sooner, nobody])).toEqual([{ service: 'fx', minutes: 0, freed: 3 }, { service: 'personal', minutes: 5, freed: 0 }]);
  });
});
