/**
 * Why the box chose this ticket, and when it was called to the counter this time: from the answer to Next, or from the
 * live feed when another window pressed it. A ticket's own `called_at` is its first call, and it may be requeued after that.
 */
import { recall, remember } from '@kit/storage';
import type { CalledNext, LiveEvent, TicketView } from '@kit/types';

export type Why = CalledNext['why'];
export interface KeptWhy { ticket: string; why: Why; at: string }
export interface Round { ticket: string; at: string }
const SLOT = 'bb.counter_why';

function isWhy(value: unknown): value is Why {
  const why = value as Partial<Why> | null;
  return typeof why === 'object' && why !== null && typeof why.text_code === 'string' && Array.isArray(why.candidates);
}

export function roundOfEvent(event: LiveEvent): Round | null {
  const { ticket } = event.body;
  if (event.type !== 'queue.ticket_called.v1' || typeof ticket !== 'string' || event.at === undefined) return null;
  return { ticket, at: event.at };
}

export function whyOfEvent(event: LiveEvent): KeptWhy | null {
  const round = roundOfEvent(event);
  return round && isWhy(event.body['why']) ? { ...round, why: event.body['why'] } : null;
}

/** When this ticket's present round began: the latest of what is known. */
export function roundStart(ticket: TicketView, ...known: (Round | null)[]): string | null {
  const times = known.filter((round) => round?.ticket === ticket.id).map((round) => round?.at ?? '');
  const all = [ticket.called_at ?? '', ...times].filter((at) => !Number.isNaN(Date.parse(at)));
  return all.sort((one, other) => Date.parse(other) - Date.parse(one))[0] ?? null;
}

/** Survives a reload of the page: numbers and waits only, nobody's name. */
export function keepWhy(kept: KeptWhy): void {
  remember(SLOT, JSON.stringify(kept));
}

export function keptWhy(): KeptWhy | null {
  try {
    const value = JSON.parse(recall(SLOT) ?? 'null') as Partial<KeptWhy> | null;
    if (!value || typeof value.ticket !== 'string' || typeof value.at !== 'string' || !isWhy(value.why)) return null;
    return { ticket: value.ticket, why: value.why, at: value.at };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return null;
  }
}
