import { defineMessages } from '@kit/i18n';
import en from './locales/en.json';
import zh from './locales/zh-CN.json';

/** What the lobby tablet and the console both say. */
export const st = defineMessages(zh, en);
type Key = keyof typeof zh;
/** For texts chosen by a code that the box sends: null when there is no text for it. */
export const knownStaff = (key: string): Key | null => (key in zh ? (key as Key) : null);
