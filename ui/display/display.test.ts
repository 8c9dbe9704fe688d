import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DisplayCall } from '@kit/types';
import { describe, expect, it } from 'vitest';
import { callOf, HallCalls } from './calls';
import { announcement, counterEn, counterZh, speakingFrom, spokenNumber, type Sound } from '@kit/speech';

const NOW = Date.parse('2026-03-02T10:00:00+08:00');
const call = (number: string, age_s = 0, call_no = 1): DisplayCall => ({
  ticket: `t-${number}`, number, counter_number: 2, counter_name: '2号窗口', call_no,
  called_at: new Date(NOW - age_s * 1000).toISOString(),
});
const words = (sounds: readonly Sound[]): string[] => sounds.filter((sound): sound is string => typeof sound === 'string');

describe('the hall', () => {
  it('gives two calls of the same second a turn each, in order', () => {
    const hall = new HallCalls();
    hall.hear([call('A001'), call('A002')], NOW);
    expect([hall.take(NOW)?.number, hall.take(NOW)?.number, hall.take(NOW)]).toEqual(['A001', 'A002', null]);
  });

  it('lists a call at once, newest first, one line a ticket', () => {
    const hall = new HallCalls();
    hall.hear([call('A001'), call('A002')], NOW);
    hall.hear([call('A001', 0, 2)], NOW);
    expect(hall.listed.map(({ number, call_no }) => [number, call_no])).toEqual([['A001', 2], ['A002', 1]]);
  });

  it('does not repeat what a reconnect replays, but does say a recall', () => {
    const hall = new HallCalls();
    hall.hear([call('A001')], NOW);
    hall.take(NOW);
    hall.hear([call('A001')], NOW);
    expect(hall.take(NOW)).toBeNull();
    hall.hear([call('A001', 0, 2)], NOW);
    expect(hall.take(NOW)?.call_no).toBe(2);
  });

  it('only lists what was called more than a minute ago', () => {
    const hall = new HallCalls();
    hall.hear([call('A001', 61), call('A002', 59)], NOW);
    expect(hall.listed).toHaveLength(2);
    expect(hall.take(NOW)?.number).toBe('A002');
    expect(hall.take(NOW)).toBeNull();
  });

  it('passes over calls that grew stale in the queue, but never ends on an old panel', () => {
    const hall = new HallCalls();
    hall.hear([call('A001'), call('A002')], NOW);
    expect(hall.take(NOW + 90_000)?.number).toBe('A002');
  });

  it('reads the feed', () => {
    const body = { ticket: 't', number: 'A001', counter_number: 3, counter_name: '3号窗口', call_no: 1, language: 'en' };
    expect(callOf({ seq: 5, type: 'queue.ticket_called.v1', at: 'x', body }, 'now')).toMatchObject({ number: 'A001', called_at: 'x' });
    expect(callOf({ seq: 6, type: 'queue.ticket_served.v1', body }, 'now')).toBeNull();
  });
});

describe('the voice', () => {
  const zh = { languages: ['zh'], times: 2, yao: false } as const;

  it('says chime, then 请 A 零零三 号到 二 号窗口 twice', () => {
    const sentence = ['zh/qing', 'zh/a', 'zh/0', 'zh/0', 'zh/3', 'zh/hao-dao', 'zh/2', 'zh/hao-chuangkou'];
    expect(words(announcement('A003', '2', 'zh-CN', zh))).toEqual(['chime', ...sentence, ...sentence]);
  });

  it('adds English for a ticket taken in English', () => {
    const said = words(announcement('B010', '12', 'en', { ...zh, times: 1 }));
    expect(said.slice(-7)).toEqual(['en/number', 'en/b', 'en/0', 'en/1', 'en/0', 'en/please-go-to-counter', 'en/12']);
  });

  it('can say 幺 for one in numbers, never in counters', () => {
    const said = words(announcement('A110', '1', 'zh-CN', { languages: ['zh'], times: 1, yao: true }));
    expect(said).toEqual(['chime', 'zh/qing', 'zh/a', 'zh/yao', 'zh/yao', 'zh/0', 'zh/hao-dao', 'zh/1', 'zh/hao-chuangkou']);
  });

  it('reads counters as a person would', () => {
    expect(['10', '12', '20', '35', '101', 'V1'].map((counter) => words(counterZh(counter)).join(' '))).toEqual([
      'zh/shi', 'zh/shi zh/2', 'zh/2 zh/shi', 'zh/3 zh/shi zh/5', 'zh/1 zh/0 zh/1', 'zh/v zh/1',
    ]);
    expect(words(counterEn('20'))).toEqual(['en/20']);
    expect(words(counterEn('21'))).toEqual(['en/2', 'en/1']);
  });

  it('takes its manner from the address, with sound defaults', () => {
    expect(speakingFrom('')).toEqual({ languages: ['zh'], times: 2, yao: false });
    expect(speakingFrom('?speak=zh,en&times=1&yao=1')).toEqual({ languages: ['zh', 'en'], times: 1, yao: true });
    expect(speakingFrom('?times=99')).toMatchObject({ times: 2 });
    expect(announcement('A001', '1', 'en', speakingFrom('?speak=none'))).toEqual([]);
  });

  it('has a clip in the box for every word it may say', () => {
    const audio = join(import.meta.dirname, '..', 'public', 'audio');
    const manifest = JSON.parse(readFileSync(join(audio, 'manifest.json'), 'utf-8')) as { extension: string; duration_s: Record<string, number> };
    const all = { languages: ['zh', 'en'], times: 1 } as const;
    const everything = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
    const counters = Array.from({ length: 99 }, (_, index) => String(index + 1));
    const said = [false, true].flatMap((yao) => counters.flatMap((counter) => words(announcement(everything, counter, 'en', { ...all, yao }))));
    said.push(...(['zh-CN', 'en'] as const).flatMap((language) => words(spokenNumber(everything, language))));
    for (const word of new Set(said)) {
      expect(manifest.duration_s[word], word).toBeGreaterThan(0);
      expect(existsSync(join(audio, word + manifest.extension)), word).toBe(true);
    }
  });
});
