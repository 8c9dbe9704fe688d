/** What both staff pages share speaks both languages; the surfaces' own texts are the kit's test. */
import { describe, expect, it } from 'vitest';
import en from '@kit/staff/locales/en.json';
import zh from '@kit/staff/locales/zh-CN.json';
import { noticeText } from '@kit/staff/notices';

const places = (text: string): string[] => [...new Set(text.match(/\{\w+\}/g) ?? [])].sort();

describe('the staff room’s texts', () => {
  it('have the same keys and places, none empty', () => {
    const [chinese, english]: Record<string, string>[] = [zh, en];
    expect(Object.keys(english ?? {}).sort()).toEqual(Object.keys(chinese ?? {}).sort());
    for (const [key, text] of Object.entries(chinese ?? {})) expect([key, places(english?.[key] ?? '')]).toEqual([key, places(text)]);
  });
  it('say a notice that nobody has words for by its code', () => {
    expect(noticeText({ code: 'brand_new', severity: 'info', since: '', facts: {} })).toContain('brand_new');
  });
});
