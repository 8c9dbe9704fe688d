/**
 * Texts. Each surface has locales/zh-CN.json and locales/en.json with the same keys: an unknown key does not compile,
 * a missing one fails `npm test`. A text may hold {name} places and, in English, "one|many" chosen by {n}.
 */
import { ref, watchEffect } from 'vue';
import { recall, remember } from './storage';

export type Locale = 'zh-CN' | 'en';
export const LOCALES: readonly Locale[] = ['zh-CN', 'en'];
const LOCALE_SLOT = 'bb.locale';
const BIG_SLOT = 'bb.big_type';

export type Values = Readonly<Record<string, string | number>>;
export type Translate<Key extends string> = (key: Key, values?: Values, language?: Locale) => string;

export const locale = ref<Locale>('zh-CN');
export const bigType = ref(false);

function isLocale(word: string | null | undefined): word is Locale {
  return LOCALES.includes(word as Locale);
}

export function fill(text: string, values: Values): string {
  const forms = text.split('|');
  const chosen = (values['n'] === 1 ? forms[0] : forms[forms.length - 1]) ?? text;
  return chosen.replace(/\{(\w+)\}/g, (place, name: string) => String(values[name] ?? place));
}

/** Joins a surface's two files into its t(). The type of `zh` is the list of keys. */
export function defineMessages<Texts extends Record<string, string>>(
  zh: Texts, en: Readonly<Record<keyof Texts, string>>,
): Translate<keyof Texts & string> {
  const byLocale: Record<Locale, Readonly<Record<keyof Texts, string>>> = { 'zh-CN': zh, en };
  return (key, values = {}, language = locale.value) => fill(byLocale[language][key], values);
}

/** True when this browser's owner has chosen a language before. Ask before startLanguage, which keeps its own choice. */
export function languageChosen(): boolean {
  return isLocale(recall(LOCALE_SLOT));
}

/** Call once per page. Shared screens (kiosk, display) pass keep: false, so that the next person starts afresh. */
export function startLanguage({ keep = true, first = 'zh-CN' as Locale } = {}): void {
  const kept = keep ? recall(LOCALE_SLOT) : null;
  locale.value = isLocale(kept) ? kept : first;
  bigType.value = keep && recall(BIG_SLOT) === 'yes';
  watchEffect(() => {
    document.documentElement.lang = locale.value;
    document.documentElement.dataset['type'] = bigType.value ? 'big' : 'normal';
    if (!keep) return;
    remember(LOCALE_SLOT, locale.value);
    remember(BIG_SLOT, bigType.value ? 'yes' : 'no');
  });
}

/** The name in the reader's language; the other one when the branch left it empty. */
export function named(thing: { name: string; name_en: string }, language: Locale = locale.value): string {
  return (language === 'en' ? thing.name_en || thing.name : thing.name || thing.name_en);
}
