/** When the phone must call its owner: once for each call of the ticket, until that very call is dismissed. */
import { recall, remember } from '@kit/storage';
import type { PhoneView } from '@kit/types';
import { computed, onScopeDispose, ref, watch, type Ref } from 'vue';
import type { Alarm } from './alarm';

const SLOT = 'bb.dismissed_call';

export function callName(token: string, view: PhoneView): string {
  return `${token}/${String(view.calls)}`;
}

export function useAttention(token: string, view: Ref<PhoneView | null>, alarm: Alarm) {
  const dismissed = ref(recall(SLOT));
  const calling = computed(() => view.value?.state === 'called' && dismissed.value !== callName(token, view.value));

  watch(calling, (on) => {
    if (on) alarm.start();
    else alarm.stop();
  }, { immediate: true });
  onScopeDispose(() => { alarm.stop(); });

  function dismiss(): void {
    if (!view.value) return;
    dismissed.value = callName(token, view.value);
    remember(SLOT, dismissed.value);
  }

  return { calling, dismiss };
}
