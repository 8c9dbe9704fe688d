import type { PhoneView } from '@kit/types';
import { effectScope, nextTick, shallowRef } from 'vue';
import { beforeEach, describe, expect, it } from 'vitest';
import { Alarm } from './alarm';
import { useAttention } from './attention';

const view = (state: PhoneView['state'], calls: number): PhoneView => ({
  number: 'A013', service: { id: 'personal', name: '个人业务', name_en: 'Personal' }, state, taken_at: '', calls, may_rate: false,
  branch: { name: '', name_en: '' }, language: 'zh-CN', as_of: '', seq: 1,
});

/** Counts instead of ringing. */
class QuietAlarm extends Alarm {
  ringing = false;
  override start(): void {
    this.ringing = true;
  }
  override stop(): void {
    this.ringing = false;
  }
}

describe('the pager', () => {
  beforeEach(() => { localStorage.clear(); });

  function pager(token = `token-${String(Math.random())}`) {
    const ticket = shallowRef<PhoneView | null>(view('waiting', 0));
    const alarm = new QuietAlarm();
    const scope = effectScope();
    const attention = scope.run(() => useAttention(token, ticket, alarm));
    if (!attention) throw new Error('no scope');
    return { ticket, alarm, token, scope, ...attention };
  }

  it('rings when called and stops when dismissed', async () => {
    const { ticket, alarm, dismiss, calling } = pager();
    ticket.value = view('called', 1);
    await nextTick();
    expect(alarm.ringing).toBe(true);
    dismiss();
    await nextTick();
    expect([alarm.ringing, calling.value]).toEqual([false, false]);
  });

  it('stays quiet about a dismissed call after a reload, and rings again for a recall', async () => {
    const first = pager();
    first.ticket.value = view('called', 1);
    await nextTick();
    first.dismiss();
    const again = pager(first.token);
    again.ticket.value = view('called', 1);
    await nextTick();
    expect(again.alarm.ringing).toBe(false);
    again.ticket.value = view('called', 2);
    await nextTick();
    expect(again.alarm.ringing).toBe(true);
  });

  it('stops by itself when the counter begins to serve', async () => {
    const { ticket, alarm } = pager();
    ticket.value = view('called', 1);
    await nextTick();
    ticket.value = view('serving', 1);
    await nextTick();
    expect(alarm.ringing).toBe(false);
  });
});
