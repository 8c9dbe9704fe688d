/** What would help now: which counters are worth asking about, and the box's answer as words. The arithmetic is pure. */
import { ApiProblem, type Api } from '@kit/api';
import type { CounterView } from '@kit/types';
import { onScopeDispose, shallowRef, watch, type Ref } from 'vue';
import { askWhatIf, getStaffing, type ClassEffect, type Staffing } from './calls';
import { counterLists } from './lists';

export const OPTIONS_MAX = 2;
const ASK_EVERY_MS = 20_000;
const STAFFING_EVERY_MS = 120_000;
const WORTH_MIN = 1;
const SHOWN_MAX = 2;

export interface Option { counter: CounterView; resumes: boolean }
/** `freed`: so many more people would be called at all. */
export interface Saving { service: string; minutes: number; freed: number }
/** What being called at all weighs beside minutes. */
const STUCK_S = 4 * 3600;
/** `null`: the box had no answer. */
export interface Told extends Option { classes: ClassEffect[] | null }

/** A paused counter is quicker to have back than a closed one. */
export function options(counters: readonly CounterView[]): Option[] {
  const { manned, closed } = counterLists(counters);
  const paused = manned.filter(({ state }) => state === 'paused');
  return [...paused.map((counter) => ({ counter, resumes: true })), ...closed.map((counter) => ({ counter, resumes: false }))]
    .slice(0, OPTIONS_MAX);
}

/** Minutes saved for each service, over everybody who waits for it; most people × minutes first, hardly any left out. */
export function savings(classes: readonly ClassEffect[]): Saving[] {
  const sums = new Map<string, { people: number; saved_s: number; freed: number }>();
  for (const { service, people, before_s, after_s, stuck_before = 0, stuck_after = 0 } of classes) {
    const sum = sums.get(service) ?? { people: 0, saved_s: 0, freed: 0 };
    const called = people - Math.max(stuck_before, stuck_after);
    sums.set(service, {
      people: sum.people + called, saved_s: sum.saved_s + called * (before_s - after_s), freed: sum.freed + stuck_before - stuck_after,
    });
  }
  return [...sums]
    .map(([service, { people, saved_s, freed }]) => ({
      service, minutes: people ? Math.round(saved_s / people / 60) : 0, freed, weight: Math.abs(saved_s + freed * STUCK_S),
    }))
    .filter(({ minutes, freed }) => Math.abs(minutes) >= WORTH_MIN || freed !== 0)
    .sort((one, other) => other.weight - one.weight)
    .slice(0, SHOWN_MAX)
    .map(({ service, minutes, freed }) => ({ service, minutes, freed }));
}

async function orNone<T>(wanted: Promise<T>): Promise<T | null> {
  try {
    return await wanted;
  } catch (error) {
    if (error instanceof ApiProblem) return null;
    throw error;
  }
}

/** Asks again while people wait; never twice at once. */
export function useWhatIf(api: Api, counters: Ref<readonly CounterView[]>, waiting: Ref<number>) {
  const told = shallowRef<Told[] | null>(null);
  const staffing = shallowRef<Staffing | null>(null);
  let asking = false;
  let staffed_at_ms = -Infinity;

  async function ask(): Promise<void> {
    if (asking || document.visibilityState === 'hidden') return;
    asking = true;
    try {
      const answers: Told[] = [];
      for (const option of waiting.value ? options(counters.value) : []) {
        const found = await orNone(askWhatIf(api, [{ type: 'open_counter', counter: option.counter.id }]));
        answers.push({ ...option, classes: found?.classes ?? null });
      }
      told.value = answers;
      if (performance.now() - staffed_at_ms > STAFFING_EVERY_MS) {
        staffed_at_ms = performance.now();
        staffing.value = await orNone(getStaffing(api));
      }
    } finally {
      asking = false;
    }
  }
  const signature = (): string => `${counters.value.map(({ id, state }) => `${id}:${state}`).join()}/${Math.min(1, waiting.value)}`;
  watch(signature, () => { void ask(); }, { immediate: true });
  const timer = setInterval(() => { void ask(); }, ASK_EVERY_MS);
  onScopeDispose(() => { clearInterval(timer); });
  return { told, staffing };
}
