/**
 * A press of a button, from the finger to the box's answer. No press is lost and none acts twice: an attempt whose end
 * nobody knows is repeated under the same Idempotency-Key until the box answers, the teller gives up, or `PERSIST_MS`
 * is over. One press at a time; while one runs the page shows it.
 */
import { ApiProblem } from '@kit/api';
import { onScopeDispose, readonly, shallowRef } from 'vue';
import type { Action } from './actions';

const PERSIST_MS = 60_000;
const BETWEEN_MS = 1_500;

export type Act = Action | 'sign_in' | 'requeue';
export interface Pending { act: Act; subject: string; since_ms: number; repeats: number }
export interface ActOptions {
  onProblem: (error: unknown) => void;
  sleep?: (wait_ms: number) => Promise<void>;
  now?: () => number;
}

const idle = (wait_ms: number): Promise<void> => new Promise((resolve) => { setTimeout(resolve, wait_ms); });

export function useActs({ onProblem, sleep = idle, now = () => Date.now() }: ActOptions) {
  const pending = shallowRef<Pending | null>(null);
  let stopped = false;

  async function persist<T>(attempt: () => Promise<T>, begun: Pending): Promise<T> {
    for (;;) {
      try {
        return await attempt();
      } catch (error) {
        const unclear = error instanceof ApiProblem && error.unclear;
        if (!unclear || stopped || now() - begun.since_ms > PERSIST_MS) throw error;
        pending.value = { ...begun, repeats: (pending.value?.repeats ?? 0) + 1 };
        await sleep(BETWEEN_MS);
      }
    }
  }

  /** The answer, or undefined when it came to nothing (the problem has been shown) or another press is running. */
  async function act<T>(name: Act, attempt: () => Promise<T>, subject = ''): Promise<T | undefined> {
    if (pending.value) return undefined;
    stopped = false;
    const begun: Pending = { act: name, subject, since_ms: now(), repeats: 0 };
    pending.value = begun;
    try {
      return await persist(attempt, begun);
    } catch (error) {
      onProblem(error);
      return undefined;
    } finally {
      pending.value = null;
    }
  }

  /** Stop repeating; the attempt that is under way still ends by itself. */
  function giveUp(): void {
    stopped = true;
  }

  onScopeDispose(giveUp);
  return { pending: readonly(pending), act, giveUp };
}
