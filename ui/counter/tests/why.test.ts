import { beforeEach, describe, expect, it } from 'vitest';
import { keepWhy, keptWhy, whyOfEvent } from '../why';

const why = { rule: 'priority_then_time', text_code: 'waited_longest', candidates: [] };
beforeEach(() => { localStorage.clear(); });

describe('the reason of a call', () => {
  it('survives a reload', () => {
    keepWhy({ ticket: 't-1', why });
    expect(keptWhy()).toEqual({ ticket: 't-1', why });
  });

  it('is forgotten rather than misread', () => {
    for (const broken of ['{', 'null', '{"ticket":1}', '{"ticket":"t","why":{}}']) {
      localStorage.setItem('bb.counter_why', broken);
      expect(keptWhy()).toBeNull();
    }
  });

  it('is taken from the live feed where the box tells it', () => {
    expect(whyOfEvent({ type: 'queue.ticket_called.v1', body: { ticket: 't-1', why } })).toEqual({ ticket: 't-1', why });
    expect(whyOfEvent({ type: 'queue.ticket_called.v1', body: { ticket: 't-1' } })).toBeNull();
    expect(whyOfEvent({ type: 'queue.ticket_recalled.v1', body: { ticket: 't-1', why } })).toBeNull();
  });
});
