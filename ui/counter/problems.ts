/** What a refusal of the queue means at a counter and what to do; anything else as the kit says it. */
import { asProblem } from '@kit/api';
import { problemText } from '@kit/text';
import { showToast } from '@kit/toasts';
import { known, t } from './text';

export function counterProblemText(error: unknown): string {
  const problem = asProblem(error);
  const key = known(`problem.${problem.code}`);
  return key ? t(key, problem.facts as Record<string, string | number>) : problemText(problem);
}

export function showCounterProblem(error: unknown): void {
  showToast('error', counterProblemText(error));
}

/** The staff session is over: sign in again, on top of the page. */
export function sessionEnded(error: unknown): boolean {
  return asProblem(error).status === 401;
}
