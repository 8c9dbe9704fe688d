/** The side panel's lists, made from what the box shows. No list knows who a customer is. */
import type { CounterView, QueueView, Service, SlipView, TicketView, WaitRangeS } from '@kit/types';

export interface QueueRow {
  id: string; service: string; tier: string; letter: string; waiting: number; longest_s: number; tickets: TicketView[];
  /** What somebody who joins it now would be told. */
  wait: WaitRangeS | null;
}
const TIER_ORDER: Readonly<Record<string, number>> = { priority: 0, gold: 1, normal: 2 };
const rank = (tier: string): number => TIER_ORDER[tier] ?? Object.keys(TIER_ORDER).length;

export const waited_s = (ticket: TicketView, now_ms: number): number =>
  Math.max(0, (now_ms - Date.parse(ticket.taken_at)) / 1000);

function byPlace(one: TicketView, other: TicketView): number {
  return (one.ahead ?? 0) - (other.ahead ?? 0) || Date.parse(one.taken_at) - Date.parse(other.taken_at);
}

/** Queues where somebody waits: sent here by name, then by the branch's order of services and by class, then sent elsewhere. */
export function queueRows(queues: QueueView[], tickets: TicketView[], services: Service[], own: CounterView | null = null, drift_s = 0): QueueRow[] {
  const order = new Map(services.map((service, index) => [service.id, index]));
  const place = ({ id, service }: QueueRow): number => {
    if (!sentTo(id)) return order.get(service) ?? services.length;
    return own && isMine(id, own) ? -1 : services.length + 1;
  };
  return queues
    .filter((queue) => queue.waiting > 0)
    .map((queue) => ({
      id: queue.id,
      service: queue.service,
      tier: queue.tier,
      letter: services.find((service) => service.id === queue.service)?.letter ?? '·',
      waiting: queue.waiting,
      longest_s: queue.longest_wait_s + drift_s,
      wait: queue.wait ?? null,
      tickets: tickets.filter((ticket) => ticket.state === 'waiting' && ticket.queue === queue.id).sort(byPlace),
    }))
    .sort((one, other) => place(one) - place(other) || rank(one.tier) - rank(other.tier));
}

const COUNTER_POOL = '@';
const STAFF_POOL = '@staff:';
/** To whom a queue's tickets were sent by name; null for a queue that everybody calls from. */
export function sentTo(queue: string): { staff_no: string } | { counter: string } | null {
  if (queue.startsWith(STAFF_POOL)) return { staff_no: queue.slice(STAFF_POOL.length) };
  return queue.startsWith(COUNTER_POOL) ? { counter: queue.slice(COUNTER_POOL.length) } : null;
}
/** Sent to whoever sits at this counter, or to the counter itself. */
export function isMine(queue: string, own: CounterView): boolean {
  const sent = sentTo(queue);
  if (!sent) return false;
  return 'counter' in sent ? sent.counter === own.id : sent.staff_no === own.staff?.staff_no;
}

/** Who waits aside: missed first (they may be standing there), then parked; the oldest first. */
export function heldTickets(tickets: TicketView[]): TicketView[] {
  const late = (ticket: TicketView): number => (ticket.state === 'no_show' ? 0 : 1);
  return tickets
    .filter((ticket) => ticket.state === 'parked' || ticket.state === 'no_show')
    .sort((one, other) => late(one) - late(other) || Date.parse(one.taken_at) - Date.parse(other.taken_at));
}

/** Slips in doubt before slips that only wait for paper. */
export function slipRows(slips: SlipView[]): SlipView[] {
  const doubt = (slip: SlipView): number => (slip.state === 'unknown' ? 0 : 1);
  return [...slips].sort((one, other) => doubt(one) - doubt(other) || Date.parse(one.since) - Date.parse(other.since));
}

export function crowd(queues: QueueView[]): { waiting: number; longest_s: number } {
  return {
    waiting: queues.reduce((sum, queue) => sum + queue.waiting, 0),
    longest_s: Math.max(0, ...queues.filter((queue) => queue.waiting > 0).map((queue) => queue.longest_wait_s)),
  };
}
