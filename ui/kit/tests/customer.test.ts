/** The masked card, and that it belongs to the ticket in hand and to no other. */
import { afterEach, describe, expect, it } from 'vitest';
import { createApp, effectScope, h, nextTick, shallowRef, type App } from 'vue';
import { Api } from '../api';
import CustomerCard from '../customer/CustomerCard.vue';
import { useHolder, type Customer } from '../customer/customers';
import { locale } from '../i18n';
import type { TicketView } from '../types';

const GOLD: Customer = {
  customer: 'c-1', name: '黄**', tier: 'gold', tags: ['理财到期'], adviser: { staff_no: '1003', name: '张敏' }, visits: 3, visits_days: 90,
  last_visit: '2026-03-02T09:30:00+08:00', consents: ['service', 'marketing'],
};
let app: App | undefined;
function shown(card: Customer): string {
  locale.value = 'zh-CN';
  app = createApp({ render: () => h(CustomerCard, { card }) });
  const place = document.createElement('div');
  app.mount(place);
  return place.textContent ?? '';
}
afterEach(() => { app?.unmount(); });

describe('the customer card', () => {
  it('says who it is, whose customer, how often here, and what they agree to', () => {
    const text = shown(GOLD);
    for (const fact of ['黄**', '金卡', '理财到期', '客户经理 张敏', '90 天内到访 3 次', '上次 3月2日', '已同意 服务、营销']) expect(text).toContain(fact);
  });

  it('says of an erased customer that they were erased, and nothing else', () => {
    const text = shown({ customer: 'c-1', visits: 0, visits_days: 90, erased_at: '2026-03-02T10:00:00+08:00' });
    expect(text).toContain('资料已应客户要求删除');
    expect(text).not.toContain('到访');
  });

  it('does without a name, an adviser and a tier', () => {
    const text = shown({ customer: 'c-1', visits: 1, visits_days: 90 });
    for (const fact of ['姓名未知', '没有客户经理', '首次到访', '没有有效的同意']) expect(text).toContain(fact);
  });
});

describe('the holder of the ticket in hand', () => {
  const held = (id: string, recognised: boolean): TicketView => ({ id, recognised } as TicketView);
  const settle = async (): Promise<void> => {
    await nextTick();
    await new Promise((resolve) => { setTimeout(resolve, 0); });
  };

  it('is asked for where somebody was recognised, and gone with the ticket', async () => {
    const asked: string[] = [];
    const api = new Api({
      fetch: (path) => {
        asked.push(String(path));
        return Promise.resolve(new Response(JSON.stringify(GOLD), { headers: { 'Content-Type': 'application/json' } }));
      },
    });
    const ticket = shallowRef<TicketView | null>(held('t-1', true));
    const scope = effectScope();
    const card = scope.run(() => useHolder(api, () => ticket.value));
    await settle();
    expect(card?.value?.name).toBe('黄**');
    ticket.value = held('t-2', false);
    await settle();
    expect(card?.value).toBeNull();
    expect(asked).toEqual(['/api/tickets/t-1/customer']);
    scope.stop();
  });
});
