/** Both languages are complete on every staff surface: same keys, nothing empty, the same {places}. */
import { describe, expect, it } from 'vitest';
import benchEn from '../../bench/locales/en.json';
import benchZh from '../../bench/locales/zh-CN.json';
import frontEn from '../../front/locales/en.json';
import frontZh from '../../front/locales/zh-CN.json';
import officeEn from '../../headoffice/locales/en.json';
import officeZh from '../../headoffice/locales/zh-CN.json';
import en from '../locales/en.json';
import zh from '../locales/zh-CN.json';

type Texts = Record<string, string>;
const places = (text: string): string[] => [...new Set(text.match(/\{\w+\}/g) ?? [])].sort();

describe.each<[string, Texts, Texts]>([
  ['counter', zh, en], ['bench', benchZh, benchEn], ['headoffice', officeZh, officeEn], ['front', frontZh, frontEn],
])('texts of %s', (_name, chinese, english) => {
  it('have the same keys', () => {
    expect(Object.keys(english).sort()).toEqual(Object.keys(chinese).sort());
  });
  it('are never empty and hold the same places', () => {
    for (const [key, text] of Object.entries(chinese)) {
      expect(text, key).not.toBe('');
      expect(english[key], key).not.toBe('');
      expect(places(english[key] ?? ''), key).toEqual(places(text));
    }
  });
});
