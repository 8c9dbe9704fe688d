import { defineMessages, locale } from '@kit/i18n';
import { noticeText } from '@kit/staff/notices';
import type { CounterView, Notice } from '@kit/types';
import en from './locales/en.json';
import zh from './locales/zh-CN.json';

export const t = defineMessages(zh, en);
export type Key = keyof typeof zh;
/** For texts chosen by a code that the box sends: null when there is no text for it. */
export const known = (key: string): Key | null => (key in zh ? (key as Key) : null);
/** Counters are named in Chinese only; who reads English gets the number, which hangs over the counter anyway. */
export const counterName = (counter: CounterView): string =>
  (locale.value === 'en' ? t('counter.number', { n: counter.number }) : counter.name);
/** A reason to call somebody out of turn: one of the offered ones, or the teller's own words. */
export function pickText(reason: string): string {
  const key = known(`pick.${reason}`);
  return key ? t(key) : reason;
}
/** A notice as a teller needs it: where something has to be done in the hall, whom to tell. */
export function noticeSaid(notice: Notice): string {
  const key = known(`notice.${notice.code}`);
  return key ? t(key, notice.facts as Record<string, string | number>) : noticeText(notice);
}
