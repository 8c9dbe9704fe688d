/** Time as the box sees it: a page's own clock may be wrong, and the sandbox can be moved to another day. */
import { computed, ref, type ComputedRef } from 'vue';
import { locale, type Locale } from './i18n';
import { useTicking } from './ticking';

const ahead_ms = ref(0);
const timezone = ref<string | undefined>(undefined);

export function setBoxNow(now: string): void {
  const box_ms = Date.parse(now);
  if (!Number.isNaN(box_ms)) ahead_ms.value = box_ms - Date.now();
}

export function setTimezone(name: string): void {
  timezone.value = name;
}

export function boxNow_ms(): number {
  return Date.now() + ahead_ms.value;
}

/** The box's time as a ref that ticks every `every_ms`. */
export function useNow(every_ms = 1_000): ComputedRef<number> {
  const here = useTicking(every_ms);
  return computed(() => here.value + ahead_ms.value);
}

function inZone(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormatOptions {
  return timezone.value ? { ...options, timeZone: timezone.value } : options;
}

/**
 * 09:05, in the branch's time zone. A page that was not told the zone (a phone) reads it off the box's own writing,
 * which carries the branch's offset.
 */
export function clockTime(at: number | string, withSeconds = false): string {
  if (typeof at === 'string' && !timezone.value) return at.slice(11, withSeconds ? 19 : 16);
  const format: Intl.DateTimeFormatOptions = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' };
  if (withSeconds) format.second = '2-digit';
  return new Intl.DateTimeFormat('en-GB', inZone(format)).format(new Date(at));
}

export function calendarDate(at: number | string, language: Locale = locale.value): string {
  const format: Intl.DateTimeFormatOptions = { month: 'long', day: 'numeric', weekday: 'long' };
  return new Intl.DateTimeFormat(language === 'en' ? 'en-GB' : language, inZone(format)).format(new Date(at));
}

/** 3月2日, 2 Mar. */
export function shortDate(at: number | string, language: Locale = locale.value): string {
  const format: Intl.DateTimeFormatOptions = { month: 'short', day: 'numeric' };
  return new Intl.DateTimeFormat(language === 'en' ? 'en-GB' : language, inZone(format)).format(new Date(at));
}

/** 4:07 or 1:02:09: a running duration for staff. */
export function stopwatch(duration_s: number): string {
  const whole_s = Math.max(0, Math.floor(duration_s));
  const [hours, minutes, seconds] = [Math.floor(whole_s / 3600), Math.floor(whole_s / 60) % 60, whole_s % 60];
  const tail = String(seconds).padStart(2, '0');
  return hours ? `${String(hours)}:${String(minutes).padStart(2, '0')}:${tail}` : `${String(minutes)}:${tail}`;
}

/** Figures older than this are for reference only (仅供参考, S28); the branch's own answers say the same of themselves. */
export const REFERENCE_AFTER_S = 300;
