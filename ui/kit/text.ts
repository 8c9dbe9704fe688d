/** The kit's own texts, and every problem as a sentence that says what to do. */
import { asProblem } from './api';
import { defineMessages, type Locale } from './i18n';
import en from './locales/en.json';
import zh from './locales/zh-CN.json';
import type { WaitRangeS } from './types';

export const kt = defineMessages(zh, en);
type KitKey = keyof typeof zh;

const has = (key: string): key is KitKey => key in zh;
const numbers = (facts: Readonly<Record<string, unknown>>): Record<string, string | number> =>
  Object.fromEntries(Object.entries(facts).filter(
    (pair): pair is [string, string | number] => typeof pair[1] === 'string' || typeof pair[1] === 'number',
  ));

/** By the problem's code; an unknown code still says what to do and shows the code for whoever is called. */
export function problemText(error: unknown): string {
  const problem = asProblem(error);
  const key = `problem.${problem.code}`;
  if (has(key)) return kt(key, numbers(problem.facts));
  return kt('problem.unknown', { code: problem.code });
}

/** What is the matter with a device, as a clerk would say it, and what to do. */
export function deviceErrorText(code: string): string {
  const key = `device_error.${code}`;
  return has(key) ? kt(key) : kt('device_error.unknown', { code });
}

/** Nobody plans by the minute beyond this; a range of days and nights would only look broken. */
const LONG_MIN = 120;
/** Up to here nobody should walk away: "very soon" instead of a figure. */
const SOON_MIN = 3;

/** "约 8–15 分钟": whole minutes, rounded away from false precision; a range, never one number. */
export function waitText(wait: WaitRangeS, language?: Locale): string {
  const low = Math.floor(wait.low_s / 60);
  const high = Math.max(low + 1, Math.ceil(wait.high_s / 60));
  if (low >= LONG_MIN) return kt('wait.over', { high: LONG_MIN / 60 }, language);
  if (high <= SOON_MIN) return kt('wait.soon', {}, language);
  if (high <= 5 && low <= 1) return kt('wait.under', { high }, language);
  return kt('wait.range', { low: Math.max(1, low), high }, language);
}

/** Why a wait became longer than what was shown before; empty where it did not, or where nobody can say. */
export function reasonText(wait: WaitRangeS | null | undefined, language?: Locale): string {
  const key = `wait.reason.${wait?.reason ?? ''}`;
  return has(key) ? kt(key, {}, language) : '';
}

export function durationText(duration_s: number, language?: Locale): string {
  if (duration_s < 60) return kt('duration.seconds', { n: Math.max(0, Math.round(duration_s)) }, language);
  return kt('duration.minutes', { n: Math.round(duration_s / 60) }, language);
}
