import { beforeEach, describe, expect, it } from 'vitest';
import { keepWhy, keptWhy, roundStart, whyOfEvent } from '../why';
import { before, TEN, ticket } from './given';

const why = { rule: 'priority_then_time', text_code: 'waited_longest', candidates: [] };
beforeEach(() => { localStorage.clear(); });

describe('the reason of a call', () => {
  it('survives a reload', () => {
    keepWhy({ ticket: 't-1', why, at: TEN });
    expect(keptWhy()).toEqual({ ticket: 't-1', why, at: TEN });
  });

  it('is forgotten rather than misread', () => {
    for (const broken of ['{', 'null', '{"ticket":1}', '{"ticket":"t","why":{}}']) {
      localStorage.setItem('bb.counter_why', broken);
      expect(keptWhy()).toBeNull();
    }
  });

  it('is taken from the live feed where the box tells it', () => {
    const called = { type: 'queue.ticket_called.v1', at: TEN, body: { ticket: 't-1', why } };
    expect(whyOfEvent(called)).toEqual({ ticket: 't-1', why, at: TEN });
    expect(whyOfEvent({ ...called, body: { ticket: 't-1' } })).toBeNull();
    expect(whyOfEvent({ ...called, type: 'queue.ticket_recalled.v1' })).toBeNull();
  });

  it('knows that a requeued ticket was called again, though its first call is long ago', () => {
    const requeued = ticket('A007', { state: 'called', called_at: before(900) });
    expect(roundStart(requeued, null)).toBe(before(900));
    expect(roundStart(requeued, { ticket: 't-A007', at: TEN }, { ticket: 't-A001', at: before(-60) })).toBe(TEN);
    expect(roundStart(requeued, { ticket: 't-A007', at: before(1_200) })).toBe(before(900));
    expect(roundStart(ticket('A008'), null)).toBeNull();
  });
});
