/** What a day's bookings come to, and what a slot plan offers. */
import { describe, expect, it } from 'vitest';
import { cashText, expertsOf, NO_PLAN, places, tally, type Appointment } from '../appointments/model';

const booked = (state: Appointment['state']): Appointment => ({
  id: state, code: '123456', service: 'wealth', day: '2026-03-02', slot: '10:00', starts_at: '', ends_at: '', state, channel: 'wechat',
});

describe('a day of bookings', () => {
  it('counts who is to come, who is here, who did not come; not who cancelled', () => {
    const day = (['booked', 'signed_in', 'served', 'cancelled', 'no_show', 'released'] as const).map(booked);
    expect(tally(day)).toEqual({ live: 5, here: 2, missed: 2 });
  });
  it('writes cash as people do', () => {
    expect(cashText({ amount_minor: 20_000_000, currency: 'CNY' }, 'zh-CN')).toBe('¥200,000');
  });
});

describe('a slot plan', () => {
  it('offers whole slots only', () => {
    expect(places({ ...NO_PLAN, capacity: 2 })).toBe(32);
    expect(places({ ...NO_PLAN, capacity: 3, opens: '09:00', closes: '10:45', slot_min: 30 })).toBe(9);
  });
  it('takes experts as they are typed, each once', () => {
    expect(expertsOf('1003、1004, 1003 张敏')).toEqual(['1003', '1004']);
  });
});
