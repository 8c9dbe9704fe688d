/** This machine's own time as a ref, for ages and countdowns; for the time of day use useNow. */
import { onScopeDispose, ref, type Ref } from 'vue';

export function useTicking(every_ms = 1_000): Ref<number> {
  const now_ms = ref(Date.now());
  const timer = setInterval(() => { now_ms.value = Date.now(); }, every_ms);
  onScopeDispose(() => { clearInterval(timer); });
  return now_ms;
}
