/** One fetch of a section: the answer, or a problem beside which the section can be asked again. */
import { asProblem, type ApiProblem } from '@kit/api';
import { shallowRef, type ShallowRef } from 'vue';

export interface Asked<T> { answer: ShallowRef<T | null>; problem: ShallowRef<ApiProblem | null>; busy: ShallowRef<boolean>; ask: () => Promise<void> }

/** A newer ask makes an older answer void: what is shown belongs to what was asked last. */
export function useAsk<T>(load: () => Promise<T>, onEnded: () => void): Asked<T> {
  const answer: ShallowRef<T | null> = shallowRef(null);
  const problem = shallowRef<ApiProblem | null>(null);
  const busy = shallowRef(false);
  let asked = 0;

  async function ask(): Promise<void> {
    asked += 1;
    const mine = asked;
    busy.value = true;
    try {
      const fresh = await load();
      if (mine !== asked) return;
      answer.value = fresh;
      problem.value = null;
    } catch (error) {
      if (mine !== asked) return;
      problem.value = asProblem(error);
      if (problem.value.status === 401) onEnded();
    } finally {
      if (mine === asked) busy.value = false;
    }
  }
  return { answer, problem, busy, ask };
}
