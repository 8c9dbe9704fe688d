/**
 * What to do about it now: one sentence, from the counters as they are. Only capacity removes waiting, so a free counter
 * comes before a paused one, a paused one before a counter that nobody has opened, and diversion is last.
 */
import type { CounterView } from '@kit/types';

export type AdviceKey = 'advice.calm' | 'advice.idle' | 'advice.paused' | 'advice.begin' | 'advice.open' | 'advice.divert';
export interface Advice { key: AdviceKey; counter: CounterView | null }

const SHORT_PAUSE_S = 60;
const since_ms = (counter: CounterView): number => Date.parse(counter.since ?? '') || 0;
const longestFirst = (one: CounterView, other: CounterView): number => since_ms(one) - since_ms(other);

export function advise(atRisk: number, counters: readonly CounterView[], now_ms: number): Advice {
  if (!atRisk) return { key: 'advice.calm', counter: null };
  const pausedLong = (counter: CounterView): boolean => (now_ms - since_ms(counter)) / 1000 > SHORT_PAUSE_S;
  const steps: [AdviceKey, (counter: CounterView) => boolean][] = [
    ['advice.idle', (counter) => counter.state === 'open' && !counter.ticket],
    ['advice.paused', (counter) => counter.state === 'paused' && pausedLong(counter)],
    ['advice.begin', (counter) => counter.state === 'signed_in'],
    ['advice.open', (counter) => counter.state === 'closed'],
  ];
  for (const [key, holds] of steps) {
    const [counter] = counters.filter(holds).sort(longestFirst);
    if (counter) return { key, counter };
  }
  return { key: 'advice.divert', counter: null };
}
