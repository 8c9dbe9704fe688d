import { describe, expect, it } from 'vitest';
import { inTongues } from '../text';

describe('words in two languages', () => {
  it('are read out part by part, a ticket number with its sentence', () => {
    expect(inTongues('♪ 请B003号到3号窗口number B003 please go to counter 3')).toEqual([
      { words: '♪ 请B003号到3号窗口', lang: 'zh-CN' },
      { words: 'number B003 please go to counter 3', lang: 'en' },
    ]);
  });

  it.each(['', 'A003', '请A003号到2号窗口', 'Please sign\nhere', '签字 sign 签字'])('lose nothing: %j', (words) => {
    expect(inTongues(words).map((part) => part.words).join('')).toBe(words);
  });
});
