/** Who important has arrived. Nothing here knows a name: a number, a tier and a reason are enough to walk up to somebody. */
import type { Arrival } from '@kit/types';
import type { Key } from './text';

/** Arrivals that were not in the last picture; with no picture before, nobody is news. */
export function freshOnes(arrivals: readonly Arrival[], seen: ReadonlySet<string> | null): string[] {
  if (!seen) return [];
  return arrivals.map(({ ticket }) => ticket).filter((ticket) => !seen.has(ticket));
}

/** Why somebody is on this list: the priority reason says more than the tier. */
export function whyHere(arrival: Arrival): Key {
  if (arrival.priority_reason) return `priority.${arrival.priority_reason}`;
  if (arrival.appointment) return 'arrivals.appointment';
  if (arrival.tier !== 'normal') return `tier.${arrival.tier}`;
  return 'arrivals.recognised';
}

/** What became of the message to whoever looks after them: nothing to say while it is on its way or where none was due. */
export function toldText(told: string | null | undefined): Key | null {
  if (!told) return null;
  if (told === 'sent') return 'arrivals.told.sent';
  return told === 'no_phone' ? 'arrivals.told.no_phone' : 'arrivals.told.failed';
}

const STILL_HERE: ReadonlySet<string> = new Set(['waiting', 'called', 'serving', 'parked', 'no_show', 'pending']);

/** Those who are still in the branch, then those who are done; each newest first. */
export function stillHereFirst(arrivals: readonly Arrival[]): Arrival[] {
  const rank = (arrival: Arrival): number => (STILL_HERE.has(arrival.state) ? 0 : 1);
  return [...arrivals].sort((one, other) => rank(one) - rank(other) || Date.parse(other.taken_at) - Date.parse(one.taken_at));
}
