import { defineMessages } from '@kit/i18n';
import en from './locales/en.json';
import zh from './locales/zh-CN.json';

/** What every staff page says of a customer. */
export const ct = defineMessages(zh, en);
