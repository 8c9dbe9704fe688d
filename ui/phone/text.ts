import { defineMessages } from '@kit/i18n';
import en from './locales/en.json';
import zh from './locales/zh-CN.json';

export const t = defineMessages(zh, en);
