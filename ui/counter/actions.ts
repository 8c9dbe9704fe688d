/**
 * What a teller may press, and when. The situation is read from the box's view of the counter, never remembered by the
 * page, so two windows of one teller always agree. A button's state is looked up here and nowhere else.
 */
import type { CounterView, TicketView } from '@kit/types';

export type Situation = 'ready' | 'idle' | 'called' | 'serving' | 'paused';
export type Action =
  | 'next' | 'resume' | 'serve' | 'recall' | 'finish' | 'no_show' | 'park' | 'transfer' | 'reprint' | 'pause' | 'sign_out';

const ALLOWED: Record<Action, readonly Situation[]> = {
  next: ['ready', 'idle', 'called', 'serving'],
  resume: ['paused'],
  serve: ['called'],
  recall: ['called'],
  finish: ['called', 'serving'],
  no_show: ['called'],
  park: ['called', 'serving'],
  transfer: ['called', 'serving'],
  reprint: ['called', 'serving'],
  pause: ['ready', 'idle'],
  sign_out: ['ready', 'idle', 'called', 'serving', 'paused'],
};

/** What the one big button does; the Next key follows it. */
export const PRIMARY: Record<Situation, Action> = {
  ready: 'next', idle: 'next', called: 'next', serving: 'next', paused: 'resume',
};

/** The pad under the big button, in reading order. */
export const PAD: readonly Action[] = ['serve', 'recall', 'finish', 'no_show', 'park', 'transfer'];

/** A second press of Next this soon is a slip of the finger: it would finish a customer who is still walking. */
export const NEXT_GUARD_S = 2;
/** Nobody crosses a hall in less. */
export const NO_SHOW_SURE_S = 10;

export function situationOf(counter: CounterView): Situation {
  if (counter.ticket?.state === 'serving') return 'serving';
  if (counter.ticket) return 'called';
  if (counter.state === 'paused') return 'paused';
  return counter.state === 'open' ? 'idle' : 'ready';
}

export function may(action: Action, situation: Situation): boolean {
  return ALLOWED[action].includes(situation);
}

function calledFor_s(ticket: TicketView | null | undefined, now_ms: number): number {
  return ticket?.called_at ? (now_ms - Date.parse(ticket.called_at)) / 1000 : Infinity;
}

/** True for the moment after a call in which Next is not taken. Times of another day (a moved clock) guard nothing. */
export function nextGuarded(ticket: TicketView | null | undefined, now_ms: number): boolean {
  // The page's clock ticks, so a call can lie a moment ahead of it.
  const fresh = Math.abs(calledFor_s(ticket, now_ms)) < NEXT_GUARD_S;
  return fresh && ticket?.state === 'called' && ticket.calls <= 1;
}

/** Whether Next now says that whoever was only called did not come; the box decides by its own clock. */
export function nextMisses(ticket: TicketView | null | undefined, served_after_s: number, now_ms: number): boolean {
  if (ticket?.state !== 'called') return false;
  const called_at = ticket.last_called_at ?? ticket.called_at ?? '';
  return now_ms - Date.parse(called_at) < served_after_s * 1000;
}

export function noShowNeedsAsking(ticket: TicketView | null | undefined, now_ms: number): boolean {
  return calledFor_s(ticket, now_ms) < NO_SHOW_SURE_S;
}

/** Since when the shown stopwatch runs, by situation. */
export function clockStart(counter: CounterView): string {
  const ticket = counter.ticket;
  return (ticket?.state === 'serving' ? ticket.served_at : ticket?.called_at) ?? counter.since ?? '';
}
