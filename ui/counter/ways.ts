/** The settings that hold at the teller's counter: what can be chosen, and what happens by itself. */
import { ApiProblem, type Api } from '@kit/api';
import { getWays } from '@kit/calls';
import type { DeskWays } from '@kit/types';
import { onScopeDispose, shallowRef, watch } from 'vue';

const WAYS_EVERY_MS = 60_000;

/** Without an answer the page asks nothing, and the box says what it needs. */
export function useWays(api: Api, counter: () => string | undefined) {
  const ways = shallowRef<DeskWays | null>(null);

  async function look(): Promise<void> {
    const mine = counter();
    try {
      ways.value = mine ? await getWays(api, mine) : null;
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
    }
  }

  watch(counter, () => { void look(); }, { immediate: true });
  const timer = setInterval(() => { void look(); }, WAYS_EVERY_MS);
  onScopeDispose(() => { clearInterval(timer); });
  return ways;
}
