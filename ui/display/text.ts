import { defineMessages } from '@kit/i18n';
import en from './locales/en.json';
import zh from './locales/zh-CN.json';

const translate = defineMessages(zh, en);
type Key = keyof typeof zh;

/** The hall reads both languages at once. */
export const zhText = (key: Key): string => translate(key, {}, 'zh-CN');
export const enText = (key: Key): string => translate(key, {}, 'en');
