/** Short messages at the screen's edge. An error stays until it is dismissed: nobody should miss what to do. */
import { shallowRef } from 'vue';
import { problemText } from './text';

export type ToastKind = 'good' | 'note' | 'error';
export interface Toast { id: number; kind: ToastKind; text: string }

const SHOWN_MS = 5_000;
const TOASTS_MAX = 3;
let lastId = 0;

export const toasts = shallowRef<readonly Toast[]>([]);

export function dismissToast(id: number): void {
  toasts.value = toasts.value.filter((toast) => toast.id !== id);
}

export function showToast(kind: ToastKind, text: string): void {
  const same = toasts.value.find((toast) => toast.kind === kind && toast.text === text);
  if (same) dismissToast(same.id);
  lastId += 1;
  const id = lastId;
  toasts.value = [...toasts.value, { id, kind, text }].slice(-TOASTS_MAX);
  if (kind !== 'error') setTimeout(() => { dismissToast(id); }, SHOWN_MS);
}

/** What went wrong and what to do about it. */
export function showProblem(error: unknown): void {
  showToast('error', problemText(error));
}
