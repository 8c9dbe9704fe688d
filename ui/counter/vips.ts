/** Whom a teller should greet by their standing: just in, still waiting, and gold or looked after by an adviser (S15). */
import type { Arrival } from '@kit/types';

/** Later it is no news any more. */
const NEWS_MS = 120_000;
const SHOWN_MAX = 2;

export function justIn(arrivals: readonly Arrival[], seen: ReadonlySet<string>, now_ms: number): Arrival[] {
  const news = arrivals.filter(({ ticket, state, tier, adviser, taken_at }) =>
    state === 'waiting' && (tier === 'gold' || Boolean(adviser)) && !seen.has(ticket) && now_ms - Date.parse(taken_at) < NEWS_MS);
  return news.slice(0, SHOWN_MAX);
}
