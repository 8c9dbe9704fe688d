/**
 * What the hall hears, as the names of clips and the pauses between them. Pure; the words are those of
 * tools/voice/make_clips.py. Numbers are read character by character, counters as a person says them:
 * 请 A 零 零 三 号到 二 号窗口; number A zero zero three, please go to counter two.
 * Whoever gets no slip at the kiosk hears the number there: 您的号码是 A 零 零 三; your number is A zero zero three.
 */
import type { TicketLanguage } from '@kit/types';

/** A clip's name, or a silence in seconds. */
export type Sound = string | number;
export interface Speaking { languages: readonly ('zh' | 'en')[]; times: number; yao: boolean }

const AFTER_CHIME_S = 0.15;
const WORD_S = 0.03;
const PHRASE_S = 0.14;
const SENTENCE_S = 0.55;
const EN_WHOLE_MAX = 20;

function spelled(language: 'zh' | 'en', text: string, yao: boolean): Sound[] {
  return [...text.toLowerCase()].filter((sign) => /[a-z0-9]/.test(sign)).flatMap((sign) => {
    const word = sign === '1' && yao && language === 'zh' ? 'yao' : sign;
    return [`${language}/${word}`, WORD_S];
  });
}

/** 12 → 十二, 20 → 二十; beyond two figures, and for names such as V1, character by character. */
export function counterZh(counter: string): Sound[] {
  if (!/^[1-9]\d$/.test(counter)) return spelled('zh', counter, false);
  const [tens, ones] = [counter.charAt(0), counter.charAt(1)];
  const words = [...(tens === '1' ? [] : [`zh/${tens}`]), 'zh/shi', ...(ones === '0' ? [] : [`zh/${ones}`])];
  return words.flatMap((word) => [word, WORD_S]);
}

export function counterEn(counter: string): Sound[] {
  const whole = /^\d+$/.test(counter) && Number(counter) <= EN_WHOLE_MAX;
  return whole ? [`en/${String(Number(counter))}`] : spelled('en', counter, false);
}

const SENTENCE = {
  zh: (number: string, counter: string, yao: boolean): Sound[] => [
    'zh/qing', PHRASE_S, ...spelled('zh', number, yao), 'zh/hao-dao', PHRASE_S, ...counterZh(counter), 'zh/hao-chuangkou',
  ],
  en: (number: string, counter: string): Sound[] => [
    'en/number', PHRASE_S, ...spelled('en', number, false), PHRASE_S, 'en/please-go-to-counter', WORD_S, ...counterEn(counter),
  ],
} as const;

/**
 * Chime, then the sentence `times` times in each language; English too whenever the ticket was taken in English. No language,
 * no sound at all: the box's own loudspeaker speaks.
 */
export function announcement(
  number: string, counter: string, ticket: TicketLanguage | null | undefined, speaking: Speaking,
): Sound[] {
  if (speaking.languages.length === 0) return [];
  const languages = ticket === 'en' && !speaking.languages.includes('en') ? [...speaking.languages, 'en' as const] : speaking.languages;
  const sentences = languages.flatMap((language) => Array.from(
    { length: speaking.times }, () => [...SENTENCE[language](number, counter, speaking.yao), SENTENCE_S],
  ));
  return ['chime', AFTER_CHIME_S, ...sentences.flat()];
}

/** The kiosk says twice what no paper tells; louder than a screen for those who see little (S10). */
export function spokenNumber(number: string, language: TicketLanguage): Sound[] {
  const short = language === 'en' ? 'en' : 'zh';
  const opening = short === 'en' ? 'en/your-number-is' : 'zh/nin-de-haoma-shi';
  const sentence = [opening, PHRASE_S, ...spelled(short, number, false), SENTENCE_S];
  return ['chime', AFTER_CHIME_S, ...sentence, ...sentence];
}

/** /display?speak=zh,en&times=2&yao=1; speak=none is silent. */
export function speakingFrom(search: string): Speaking {
  const words = new URLSearchParams(search);
  const named = (words.get('speak') ?? 'zh').split(',').filter((word): word is 'zh' | 'en' => word === 'zh' || word === 'en');
  const times = Number(words.get('times') ?? '2');
  return { languages: named, times: times >= 1 && times <= 3 ? Math.floor(times) : 2, yao: words.get('yao') === '1' };
}
