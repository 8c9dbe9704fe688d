/**
 * One press at a time: while it runs the page shows which. The kit's client repeats an unclear attempt under the same
 * Idempotency-Key, so a second press after a failure can never act twice.
 */
import { asProblem } from '@kit/api';
import { showProblem } from '@kit/toasts';
import { readonly, shallowRef } from 'vue';

export interface Acts {
  pending: Readonly<{ value: string | null }>;
  /** The answer, or undefined when it came to nothing (the problem has been shown) or another press is running. */
  act: <T>(name: string, attempt: () => Promise<T>) => Promise<T | undefined>;
}

/** `onEnded`: the staff session is over. `onProblem`: what the page does besides saying it. */
export function useActs(onEnded: () => void, onProblem: () => void = () => undefined): Acts {
  const pending = shallowRef<string | null>(null);

  async function act<T>(name: string, attempt: () => Promise<T>): Promise<T | undefined> {
    if (pending.value) return undefined;
    pending.value = name;
    try {
      return await attempt();
    } catch (error) {
      if (asProblem(error).status === 401) onEnded();
      else showProblem(error);
      onProblem();
      return undefined;
    } finally {
      pending.value = null;
    }
  }
  return { pending: readonly(pending), act };
}
