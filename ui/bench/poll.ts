/** Asks again while somebody looks: never on a hidden page, never twice at once, at once when the page is seen again. */
import { asProblem, type ApiProblem } from '@kit/api';
import { onScopeDispose, ref, shallowRef, type Ref, type ShallowRef } from 'vue';

export interface Polled<View> {
  view: ShallowRef<View | null>;
  problem: ShallowRef<ApiProblem | null>;
  heard_at_ms: Ref<number | null>;
  ask: () => Promise<void>;
}

export function usePoll<View>(load: () => Promise<View>, every_ms: number): Polled<View> {
  const view: ShallowRef<View | null> = shallowRef(null);
  const problem = shallowRef<ApiProblem | null>(null);
  const heard_at_ms = ref<number | null>(null);
  let asking = false;

  async function ask(): Promise<void> {
    if (asking) return;
    asking = true;
    try {
      view.value = await load();
      problem.value = null;
      heard_at_ms.value = Date.now();
    } catch (error) {
      problem.value = asProblem(error);
    } finally {
      asking = false;
    }
  }

  const look = (): void => { if (document.visibilityState !== 'hidden') void ask(); };
  const timer = setInterval(look, every_ms);
  document.addEventListener('visibilitychange', look);
  onScopeDispose(() => {
    clearInterval(timer);
    document.removeEventListener('visibilitychange', look);
  });
  look();
  return { view, problem, heard_at_ms, ask };
}
