/** The right column's lists, made from what the box shows. */
import type { CounterView, QueueView, Service, SlipView, WaitRangeS } from '@kit/types';

export interface QueueLine {
  id: string; service: string; tier: string; waiting: number; longest_s: number; wait: WaitRangeS | null; late: boolean;
  /** The counter's id, where these were sent to a counter by name. */
  counter: string | null;
}
const SENT = '@';

/** Queues where somebody waits, the longest wait first: that is where to look. */
export function queueLines(queues: readonly QueueView[], targets: Readonly<Record<string, number | undefined>>, drift_s: number): QueueLine[] {
  return queues
    .filter((queue) => queue.waiting > 0)
    .map((queue) => ({
      id: queue.id, service: queue.service, tier: queue.tier, waiting: queue.waiting,
      longest_s: queue.longest_wait_s + drift_s, wait: queue.id.startsWith(SENT) ? null : queue.wait ?? null,
      counter: queue.id.startsWith(SENT) ? queue.id.slice(SENT.length) : null,
      late: queue.longest_wait_s + drift_s > (targets[queue.tier] ?? Infinity),
    }))
    .sort((one, other) => other.longest_s - one.longest_s);
}

export type Doing = 'serving' | 'called' | 'idle' | 'paused' | 'ready' | 'closed';
export function doing(counter: CounterView): Doing {
  if (counter.state === 'paused') return 'paused';
  if (counter.state === 'signed_in') return 'ready';
  if (counter.state === 'closed') return 'closed';
  if (!counter.ticket) return 'idle';
  return counter.ticket.state === 'serving' ? 'serving' : 'called';
}

/** Since when the counter does what it does: the moment of the call or of the service where somebody is there. */
export function doingSince_ms(counter: CounterView): number | null {
  const { ticket } = counter;
  const at = (ticket && (ticket.state === 'serving' ? ticket.served_at : ticket.called_at)) || counter.since;
  return at ? Date.parse(at) : null;
}

const byNumber = (one: CounterView, other: CounterView): number => Number(one.number) - Number(other.number);

/** Manned counters in the order of their numbers; the closed ones only by number. */
export function counterLists(counters: readonly CounterView[]): { manned: CounterView[]; closed: CounterView[] } {
  const sorted = [...counters].sort(byNumber);
  return { manned: sorted.filter(({ state }) => state !== 'closed'), closed: sorted.filter(({ state }) => state === 'closed') };
}

/** Slips in doubt before slips that only wait for paper. */
export function slipLines(slips: readonly SlipView[]): SlipView[] {
  const doubt = (slip: SlipView): number => (slip.state === 'unknown' ? 0 : 1);
  return [...slips].sort((one, other) => doubt(one) - doubt(other) || Date.parse(one.since) - Date.parse(other.since));
}

export function crowd(queues: readonly QueueView[]): { waiting: number; longest_s: number } {
  return {
    waiting: queues.reduce((sum, queue) => sum + queue.waiting, 0),
    longest_s: Math.max(0, ...queues.filter((queue) => queue.waiting > 0).map((queue) => queue.longest_wait_s)),
  };
}

export function serviceName(services: readonly Service[], id: string, name: (service: Service) => string): string {
  const service = services.find((one) => one.id === id);
  return service ? name(service) : id;
}
