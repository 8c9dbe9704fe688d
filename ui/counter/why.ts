/** Why the box chose this ticket: from the answer to Next, or from the live feed when another window pressed it. */
import { recall, remember } from '@kit/storage';
import type { CalledNext, LiveEvent } from '@kit/types';

export type Why = CalledNext['why'];
export interface KeptWhy { ticket: string; why: Why }
const SLOT = 'bb.counter_why';

function isWhy(value: unknown): value is Why {
  const why = value as Partial<Why> | null;
  return typeof why === 'object' && why !== null && typeof why.text_code === 'string' && Array.isArray(why.candidates);
}

export function whyOfEvent(event: LiveEvent): KeptWhy | null {
  const { ticket, why } = event.body;
  if (event.type !== 'queue.ticket_called.v1' || typeof ticket !== 'string' || !isWhy(why)) return null;
  return { ticket, why };
}

/** Survives a reload of the page: numbers and waits only, nobody's name. */
export function keepWhy(kept: KeptWhy): void {
  remember(SLOT, JSON.stringify(kept));
}

export function keptWhy(): KeptWhy | null {
  try {
    const value = JSON.parse(recall(SLOT) ?? 'null') as Partial<KeptWhy> | null;
    return value && typeof value.ticket === 'string' && isWhy(value.why) ? { ticket: value.ticket, why: value.why } : null;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return null;
  }
}
