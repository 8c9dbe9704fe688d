/** What becomes of the paper, asked until it is settled. */
import { asProblem, type Api } from '@kit/api';
import { getTicket } from '@kit/calls';
import type { Slip } from '@kit/types';
import { onScopeDispose, ref } from 'vue';

const SLIP_EVERY_MS = 1_500;
const SETTLED: ReadonlySet<Slip> = new Set(['printed', 'none']);

export function useSlip(api: Api) {
  const slip = ref<Slip | null>(null);
  let watch: ReturnType<typeof setTimeout> | undefined;

  /** `alive`: whether it is still this person's visit. */
  async function follow(id: string, alive: () => boolean): Promise<void> {
    try {
      const seen = await getTicket(api, id);
      if (!alive()) return;
      slip.value = seen.slip;
    } catch (error) {
      // The number is safe on the box; only the word about the slip is late. A kiosk without the right to look says nothing.
      if (!asProblem(error).unclear) return;
    }
    if (alive() && !(slip.value && SETTLED.has(slip.value))) {
      watch = setTimeout(() => { void follow(id, alive); }, SLIP_EVERY_MS);
    }
  }
  function forget(): void {
    clearTimeout(watch);
    slip.value = null;
  }
  onScopeDispose(forget);
  return { slip, follow, forget };
}
