import { defineMessages } from '@kit/i18n';
import en from './locales/en.json';
import zh from './locales/zh-CN.json';

export const t = defineMessages(zh, en);
export type Key = keyof typeof zh;
/** For words that are data, a name or what a loudspeaker said: the language they are in, whatever the page is in. */
export const tongueOf = (words: string): 'zh-CN' | undefined => (/\p{Script=Han}/u.test(words) ? 'zh-CN' : undefined);
/** The same for words in both: one part after the other, each with its language. */
export const inTongues = (words: string): { words: string; lang: 'zh-CN' | 'en' | undefined }[] =>
  (words.match(/[A-Za-z]{3,}[^\p{Script=Han}]*|(?:(?![A-Za-z]{3})[^])+/gu) ?? []).map((part) => ({
    words: part,
    lang: /^[A-Za-z]{3}/.test(part) ? 'en' : tongueOf(part),
  }));
/** For texts chosen by a code that the box sends: null when there is no text for it. */
export const known = (key: string): Key | null => (key in zh ? (key as Key) : null);
