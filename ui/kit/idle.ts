/** A shared screen goes back to its start when nobody touches it, after a warning that can be waved away. */
import { computed, onScopeDispose, ref, type ComputedRef } from 'vue';

const TOUCHES = ['pointerdown', 'keydown', 'touchstart', 'wheel'] as const;

export interface Idle {
  /** Whole seconds left before the reset. */
  left_s: ComputedRef<number>;
  /** Someone is here: start counting again, optionally from a longer time. */
  stay: (for_s?: number) => void;
  pause: () => void;
}

export function useIdle(limit_s: number, onIdle: () => void): Idle {
  const elapsed_s = ref(0);
  const allowed_s = ref(limit_s);
  const running = ref(true);

  const stay = (for_s: number = limit_s): void => {
    elapsed_s.value = 0;
    allowed_s.value = for_s;
    running.value = true;
  };
  const touched = (): void => { if (running.value) elapsed_s.value = 0; };
  const timer = setInterval(() => {
    if (!running.value) return;
    elapsed_s.value += 1;
    if (elapsed_s.value < allowed_s.value) return;
    elapsed_s.value = 0;
    onIdle();
  }, 1_000);
  for (const touch of TOUCHES) window.addEventListener(touch, touched, { passive: true });
  onScopeDispose(() => {
    clearInterval(timer);
    for (const touch of TOUCHES) window.removeEventListener(touch, touched);
  });
  return {
    left_s: computed(() => Math.max(0, allowed_s.value - elapsed_s.value)),
    stay,
    pause: () => { running.value = false; },
  };
}
