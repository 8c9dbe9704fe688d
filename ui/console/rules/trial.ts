/** What new rules would do: for those who wait now, and on the branch's own past days. */
import { asProblem, type Api, type ApiProblem } from '@kit/api';
import type { Tier } from '@kit/types';
import { onScopeDispose, ref, shallowRef } from 'vue';
import { sentRules, type Rules } from './model';

export interface NowEffect { service: string; tier: Tier; people: number; before_s: number; after_s: number }
export interface PastEffect extends NowEffect {
  was_s: number; before_p90_s: number; after_p90_s: number; before_share: number; after_share: number;
}
export interface BackTest {
  id: string; state: 'running' | 'done' | 'refused'; done?: number; of?: number; code?: string | null; days?: string[]; classes?: PastEffect[];
}
export const DAYS = 5;
const LOOK_MS = 700;
const MINUTE_S = 60;

export interface Line { key: string; service: string; tier: Tier; people: number; before_min: number; after_min: number; share: number | null; saved_min: number }
const minutes = (span_s: number): number => Math.round(span_s / MINUTE_S * 10) / 10;

/** A class as the table shows it; `share` is by how much more are called within the target, in points. */
export function line(effect: NowEffect & Partial<PastEffect>): Line {
  const { service, tier, people, before_s, after_s, before_share, after_share } = effect;
  const share = before_share === undefined || after_share === undefined ? null : Math.round((after_share - before_share) * 100);
  return {
    key: `${service}.${tier}`, service, tier, people, before_min: minutes(before_s), after_min: minutes(after_s), share,
    saved_min: Math.round((before_s - after_s) / MINUTE_S * 10) / 10,
  };
}

/** How far the replay of the old rules is from what was really waited, over everybody, in minutes. */
export function doubt_min(classes: readonly PastEffect[]): number {
  const people = classes.reduce((sum, one) => sum + one.people, 0);
  if (!people) return 0;
  return Math.abs(minutes(classes.reduce((sum, one) => sum + one.people * (one.before_s - one.was_s), 0) / people));
}

export function useTrial(api: Api, counter: string) {
  const now = shallowRef<Line[] | null>(null);
  const nowProblem = shallowRef<ApiProblem | null>(null);
  const past = shallowRef<BackTest | null>(null);
  const pastProblem = shallowRef<ApiProblem | null>(null);
  const asking = ref(false);
  let timer: ReturnType<typeof setTimeout> | undefined;

  async function preview(rules: Rules): Promise<void> {
    try {
      const changes = [{ type: 'change_rule', rules: sentRules(rules), counters: [counter] }];
      const answer = await api.post<{ classes: NowEffect[] }>('/api/what-if', { changes });
      now.value = answer.classes.map(line);
    } catch (error) {
      nowProblem.value = asProblem(error);
    }
  }
  async function look(id: string): Promise<void> {
    try {
      past.value = await api.get<BackTest>(`/api/back-test/${encodeURIComponent(id)}`);
      if (past.value.state === 'running') timer = setTimeout(() => { void look(id); }, LOOK_MS);
    } catch (error) {
      pastProblem.value = asProblem(error);
    }
  }
  async function backTest(rules: Rules): Promise<void> {
    asking.value = true;
    pastProblem.value = null;
    try {
      past.value = await api.post<BackTest>('/api/back-test', { rules: sentRules(rules), counters: [counter], days: DAYS });
      timer = setTimeout(() => { if (past.value) void look(past.value.id); }, LOOK_MS);
    } catch (error) {
      pastProblem.value = asProblem(error);
    } finally {
      asking.value = false;
    }
  }
  onScopeDispose(() => { clearTimeout(timer); });
  return { now, nowProblem, past, pastProblem, asking, preview, backTest };
}
