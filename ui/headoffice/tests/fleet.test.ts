import { describe, expect, it } from 'vitest';
import { ageNow_s, forReference, matches, newestFirst, totals, urgency, worstFirst, type BranchPicture, type FleetTicket } from '../fleet';
import { spanOf } from '../span';

const branch = (id: string, given: Partial<BranchPicture> = {}): BranchPicture => ({
  id, name: `${id}支行`, state: 'live', fault: '', last_contact_at: null, picture_age_s: 1, received_seq: 10, events: 10,
  tickets_today: 2, waiting: 1, longest_wait_s: 60, queues: [], counters: [], ...given,
});

describe('the fleet', () => {
  it('puts who needs help first', () => {
    const sorted = worstFirst([
      branch('a'), branch('b', { longest_wait_s: 900 }), branch('c', { state: 'stale' }), branch('d', { state: 'lost' }),
      branch('e', { fault: 'fork' }), branch('f', { state: 'pending' }),
    ]);
    expect(sorted.map((one) => one.id)).toEqual(['e', 'd', 'c', 'f', 'b', 'a']);
  });

  it('lets the age of a picture grow between two answers', () => {
    expect(ageNow_s(branch('a', { picture_age_s: 12 }), 3_000)).toBe(15);
    expect(ageNow_s(branch('a', { picture_age_s: 12 }), -500)).toBe(12);
    expect(ageNow_s(branch('a', { picture_age_s: null }), 3_000)).toBeNull();
  });

  it('marks a picture that is older than five minutes as for reference only', () => {
    expect([null, 0, 300, 301].map(forReference)).toEqual([false, false, false, true]);
  });

  it('adds up, also nothing at all', () => {
    const sum = totals([branch('a', { longest_wait_s: 30 }), branch('b', { state: 'lost', waiting: 4 })]);
    expect(sum).toMatchObject({ branches: 2, waiting: 5, longest_s: 60, events: 20, tickets: 4, states: { live: 1, lost: 1 } });
    expect(totals([])).toMatchObject({ branches: 0, longest_s: 0 });
  });

  it('finds a branch by name or number, within a state', () => {
    expect(matches(branch('0042'), '0042', null)).toBe(true);
    expect(matches(branch('0042'), ' 支行 ', 'live')).toBe(true);
    expect(matches(branch('0042'), '', 'lost')).toBe(false);
    expect(matches(branch('0042'), '望京', null)).toBe(false);
  });

  it('shows the newest ticket first without touching the answer', () => {
    const at = (id: string, taken_at: string): FleetTicket => ({ id, number: id, service: 's', tier: 'normal', state: 'waiting', taken_at });
    const given = [at('A1', '2026-11-23T09:00:00Z'), at('A2', '2026-11-23T10:00:00Z')];
    expect(newestFirst(given).map((one) => one.id)).toEqual(['A2', 'A1']);
    expect(given[0]?.id).toBe('A1');
  });

  it('colours a wait by how long it is', () => {
    expect([0, 899, 900, 1799, 1800].map(urgency)).toEqual(['calm', 'calm', 'long', 'long', 'late']);
  });

  it('names a span by the unit that still says something', () => {
    expect([0, 59, 60, 7199, 7200, 172_799, 172_800].map((s) => spanOf(s).key.slice(5))).toEqual([
      'seconds', 'seconds', 'minutes', 'minutes', 'hours', 'hours', 'days',
    ]);
    expect(spanOf(93_000).n).toBe(25);
  });
});
