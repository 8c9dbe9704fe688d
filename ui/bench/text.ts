import { defineMessages } from '@kit/i18n';
import en from './locales/en.json';
import zh from './locales/zh-CN.json';

export const t = defineMessages(zh, en);
export type Key = keyof typeof zh;
/** For words that are data, a name or what a loudspeaker said: the language they are in, whatever the page is in. */
export const tongueOf = (words: string): 'zh-CN' | undefined => (/\p{Script=Han}/u.test(words) ? 'zh-CN' : undefined);
/** For texts chosen by a code that the box sends: null when there is no text for it. */
export const known = (key: string): Key | null => (key in zh ? (key as Key) : null);
