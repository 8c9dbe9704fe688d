/**
 * The hall's calls. What is true here:
 * - Every call gets its own turn on the large panel, in the order it was made; a newer call never cuts an older one.
 * - The list shows every call at once, also those whose turn has not come.
 * - A call is known by its ticket and how often that ticket was called, so a replay after a reconnect is not a new call.
 * - What was called more than 60 s ago is only listed: speaking it would send people to a counter that moved on.
 */
import type { CallBody, DisplayCall, LiveEvent } from '@kit/types';

export const FRESH_MS = 60_000;
const LISTED_MAX = 8;
const PENDING_MAX = 40;
const KNOWN_MAX = 500;
const CALL_TYPES: ReadonlySet<string> = new Set(['queue.ticket_called.v1', 'queue.ticket_recalled.v1']);

export const callKey = (call: DisplayCall): string => `${call.ticket}/${String(call.call_no)}`;
export const isRecall = (call: DisplayCall): boolean => call.call_no > 1;

export class HallCalls {
  /** Newest first, one line a ticket. */
  listed: readonly DisplayCall[] = [];
  /** Waiting for their turn on the large panel, oldest first. */
  pending: readonly DisplayCall[] = [];
  readonly #known = new Set<string>();

  /** Takes calls in the order they were made; `now_ms` is the box's time. */
  hear(calls: readonly DisplayCall[], now_ms: number): void {
    for (const call of calls) this.#hearOne(call, now_ms);
  }

  /** The next call to show, or null. Calls that grew stale while waiting are passed over, except the last. */
  take(now_ms: number): DisplayCall | null {
    while (this.pending.length) {
      const [call, ...rest] = this.pending;
      this.pending = rest;
      if (call && (rest.length === 0 || fresh(call, now_ms))) return call;
    }
    return null;
  }

  #hearOne(call: DisplayCall, now_ms: number): void {
    const key = callKey(call);
    if (this.#known.has(key)) return;
    this.#known.add(key);
    if (this.#known.size > KNOWN_MAX) this.#known.delete(this.#known.values().next().value ?? key);
    const others = this.listed.filter((listed) => listed.ticket !== call.ticket);
    this.listed = [call, ...others].sort(newestFirst).slice(0, LISTED_MAX);
    if (fresh(call, now_ms)) this.pending = [...this.pending, call].slice(-PENDING_MAX);
  }
}

/** A stable sort keeps calls of the same instant in the order they were heard. */
function newestFirst(one: DisplayCall, other: DisplayCall): number {
  return Date.parse(other.called_at) - Date.parse(one.called_at);
}

export function fresh(call: DisplayCall, now_ms: number): boolean {
  return now_ms - Date.parse(call.called_at) < FRESH_MS;
}

/** A call as the feed tells it, or null for any other event. */
export function callOf(event: LiveEvent, now: string): DisplayCall | null {
  if (!CALL_TYPES.has(event.type)) return null;
  const body = event.body as unknown as CallBody;
  return {
    ticket: body.ticket,
    number: body.number,
    counter_number: body.counter_number,
    counter_name: body.counter_name,
    call_no: body.call_no,
    called_at: event.at ?? now,
    ...(body.language ? { language: body.language } : {}),
  };
}
