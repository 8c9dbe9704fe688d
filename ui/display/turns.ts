/** The large panel: one call at a time, each for its voice and at least MIN_DWELL_MS, then the next. */
import { boxNow_ms } from '@kit/time';
import type { DisplayCall, LiveEvent } from '@kit/types';
import { onScopeDispose, ref, shallowRef } from 'vue';
import { callOf, fresh, HallCalls } from './calls';
import { announcement, type Speaking } from '@kit/speech';
import type { Voice } from '@kit/voice';

const MIN_DWELL_MS = 6_000;
/** With this many calls waiting the sentence is spoken once, or the hall would fall ever further behind its counters. */
const HURRY_FROM = 4;
const CALM_AFTER_MS = 15 * 60_000;

const pause = (wait_ms: number): Promise<void> => new Promise((resolve) => { setTimeout(resolve, wait_ms); });

export function useTurns(voice: Voice, speaking: Speaking) {
  const calls = new HallCalls();
  const current = shallowRef<DisplayCall | null>(null);
  const listed = shallowRef<readonly DisplayCall[]>([]);
  const pending = shallowRef<readonly DisplayCall[]>([]);
  const calling = ref(false);
  let busy = false;
  let gone = false;
  let calm: ReturnType<typeof setTimeout> | undefined;

  function hear(heard: readonly DisplayCall[]): void {
    calls.hear(heard, boxNow_ms());
    publish();
    void run();
  }

  function hearEvent(event: LiveEvent): void {
    const call = callOf(event, new Date(boxNow_ms()).toISOString());
    if (call) hear([call]);
  }

  function publish(): void {
    listed.value = calls.listed;
    pending.value = calls.pending;
  }

  async function run(): Promise<void> {
    if (busy) return;
    busy = true;
    for (let call = calls.take(boxNow_ms()); call && !gone; call = calls.take(boxNow_ms())) {
      publish();
      await turn(call);
    }
    busy = false;
  }

  async function turn(call: DisplayCall): Promise<void> {
    clearTimeout(calm);
    current.value = call;
    calling.value = true;
    const times = calls.pending.length >= HURRY_FROM ? 1 : speaking.times;
    const sounds = fresh(call, boxNow_ms())
      ? announcement(call.number, String(call.counter_number), call.language, { ...speaking, times })
      : [];
    await Promise.all([voice.play(sounds), pause(MIN_DWELL_MS)]);
    calling.value = false;
    calm = setTimeout(() => { current.value = null; }, CALM_AFTER_MS);
  }

  onScopeDispose(() => {
    gone = true;
    clearTimeout(calm);
  });
  return { current, listed, pending, calling, hear, hearEvent };
}
