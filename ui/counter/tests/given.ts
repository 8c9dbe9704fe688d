/** A branch at ten in the morning, for the tests of the counter. */
import type { CounterView, QueueView, Service, TicketView } from '@kit/types';

export const TEN = '2026-11-23T10:00:00+08:00';
export const TEN_MS = Date.parse(TEN);
export const before = (ago_s: number): string => new Date(TEN_MS - ago_s * 1000).toISOString();

export function ticket(number: string, given: Partial<TicketView> = {}): TicketView {
  const tier = given.tier ?? 'normal';
  const service = given.service ?? 'personal';
  return {
    id: `t-${number}`, number, service, queue: `${service}.${tier}`, tier, state: 'waiting', channel: 'kiosk',
    language: 'zh-CN', taken_at: before(600), calls: 0, slip: 'printed', copies: 0, ...given,
  };
}
export function counter(given: Partial<CounterView> = {}): CounterView {
  return { id: 'counter-2', number: 2, name: '2号窗口', state: 'open', since: before(60), ...given };
}
export function queue(id: string, waiting: number, longest_wait_s: number): QueueView {
  const [service = '', tier = ''] = id.split('.');
  return { id, service, tier: tier as QueueView['tier'], waiting, longest_wait_s, called: 0, serving: 0 };
}
export const SERVICES: Service[] = [
  { id: 'personal', name: '个人业务', name_en: 'Personal', letter: 'A', hint: '', hint_en: '', open: true },
  { id: 'corporate', name: '对公业务', name_en: 'Corporate', letter: 'B', hint: '', hint_en: '', open: true },
];
