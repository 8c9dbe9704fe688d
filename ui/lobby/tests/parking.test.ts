import { describe, expect, it } from 'vitest';
import type { LiveStay } from '../calls';
import { byState, whose } from '../parking';

const stay = (id: string, state: LiveStay['state'], until: string, more: Partial<LiveStay> = {}): LiveStay => ({
  id, state, from_at: '2026-03-02T09:00:00+08:00', until: `2026-03-02T${until}:00+08:00`, ...more,
});

describe('the car park as the lobby lists it', () => {
  it('puts those who come before those who are there, the earliest first', () => {
    const stays = [stay('there', 'inside', '09:10'), stay('later', 'reserved', '10:00'), stay('soon', 'waiting', '09:30')];
    expect(byState(stays).map(({ id }) => id)).toEqual(['soon', 'later', 'there']);
  });
  it('tells a car that nobody announced from an appointment', () => {
    expect(whose(stay('a', 'inside', '09:10', { announced: false }))).toBe('stranger');
    expect(whose(stay('b', 'reserved', '09:10', { appointment: 'x' }))).toBe('appointment');
  });
});
