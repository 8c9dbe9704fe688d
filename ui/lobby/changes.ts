/** The ways to change a ticket's course by hand. Each needs a reason: it is in the books and in the detail report. */
import type { CounterView, TicketView } from '@kit/types';

export const WAYS = ['counter', 'pin', 'service', 'divert', 'identity'] as const;
export type Way = (typeof WAYS)[number];
/** Codes in the books; their words are in the locale files. */
export const REASONS = ['waited_too_long', 'elderly', 'disabled', 'pregnant', 'small_child', 'valued_customer', 'wrong_service', 'complaint'] as const;
export const DIVERSIONS = ['diverted_self_service', 'diverted_mobile_bank', 'diverted_other_branch', 'diverted_another_day'] as const;

export interface Adjusted { text: string }
/** What has been filled in so far. */
export interface Wish { way: Way; counter: string | null; service: string | null; keepPlace: boolean; diversion: string | null; reason: string }
export const freshWish = (): Wish => ({ way: 'counter', counter: null, service: null, keepPlace: true, diversion: null, reason: '' });

/** Ways that take one of the listed reasons; a diversion is its own reason. */
export const reasoned = (way: Way): boolean => way === 'counter' || way === 'pin' || way === 'service';

/** What is still missing before the wish can be carried out; null: nothing. */
export function missing(wish: Wish): 'target' | 'reason' | null {
  const target: Record<Way, string | null> = { counter: wish.counter, pin: wish.way, service: wish.service, divert: wish.diversion, identity: wish.way };
  if (wish.way === 'identity') return null;
  if (!target[wish.way]) return 'target';
  return !reasoned(wish.way) || wish.reason.trim() ? null : 'reason';
}

const READINESS: Record<string, number> = { idle: 0, busy: 1, signed_in: 2, paused: 3 };
function readiness(counter: CounterView): number {
  if (counter.state === 'open') return READINESS[counter.ticket ? 'busy' : 'idle'] ?? 0;
  return READINESS[counter.state] ?? Object.keys(READINESS).length;
}

/** Counters somebody can be sent to: the free one first; never a closed one, where nobody would call. */
export function destinations(counters: readonly CounterView[]): CounterView[] {
  return counters
    .filter(({ state }) => state !== 'closed')
    .sort((one, other) => readiness(one) - readiness(other) || Number(one.number) - Number(other.number));
}

/** A ticket that can still be moved. */
export const movable = (ticket: Pick<TicketView, 'state'>): boolean => ['waiting', 'parked', 'no_show'].includes(ticket.state);
