import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ApiProblem } from '../api';
import { fill, locale } from '../i18n';
import { durationText, problemText, waitText } from '../text';
import { calendarDate, clockTime, setTimezone, stopwatch } from '../time';

const ROOT = join(import.meta.dirname, '..', '..');
type Texts = Record<string, string>;
const read = (folder: string, language: string): Texts =>
  JSON.parse(readFileSync(join(ROOT, folder, 'locales', `${language}.json`), 'utf-8')) as Texts;
const places = (text: string): string[] => [...new Set(text.match(/\{\w+\}/g) ?? [])].sort();

const surfaces = readdirSync(ROOT).filter((folder) => existsSync(join(ROOT, folder, 'locales', 'zh-CN.json')));

describe.each(surfaces)('the texts of %s', (surface) => {
  const [zh, en] = [read(surface, 'zh-CN'), read(surface, 'en')];

  it('are complete in both languages', () => {
    expect(Object.keys(en).sort()).toEqual(Object.keys(zh).sort());
  });

  it('fill the same places', () => {
    for (const [key, text] of Object.entries(zh)) expect([key, places(en[key] ?? '')]).toEqual([key, places(text)]);
  });

  it('send nobody to an outside address', () => {
    for (const text of [...Object.values(zh), ...Object.values(en)]) expect(text).not.toMatch(/https?:/);
  });
});

describe('the box’s refusals', () => {
  const edge = join(ROOT, '..', 'edge');
  const sources = readdirSync(edge, { recursive: true, encoding: 'utf-8' }).filter((file) => file.endsWith('.py'));
  const codes = sources.flatMap((file) => [...readFileSync(join(edge, file), 'utf-8').matchAll(/\bProblem\(\s*"(\w+)"/g)].map(([, code]) => code));
  const texts = read('kit', 'zh-CN');

  it('each have a text that says what to do', () => {
    expect(codes.length).toBeGreaterThan(20);
    expect([...new Set(codes)].filter((code) => !(`problem.${String(code)}` in texts))).toEqual([]);
  });
});

describe('the box’s policies', () => {
  const edge = join(ROOT, '..', 'edge');
  const files = readdirSync(edge, { recursive: true, encoding: 'utf-8' }).filter((file) => file.endsWith('policy.py'));
  const found = (pattern: RegExp): (string | undefined)[] => files.flatMap((file) => [...readFileSync(join(edge, file), 'utf-8').matchAll(pattern)].map(([, word]) => word));
  const texts = read('console', 'zh-CN');

  it('each have a name for their unit and their room', () => {
    const [units, rooms] = [found(/\bunit="(\w+)"/g), found(/\bname="(\w+)\.\w/g)];
    expect([units.length, rooms.length].every((n) => n > 10)).toBe(true);
    expect([...new Set(units)].filter((unit) => !(`policy.unit.${String(unit)}` in texts))).toEqual([]);
    expect([...new Set(rooms)].filter((room) => room !== 'queue' && !(`policy.group.${String(room)}` in texts))).toEqual([]);
  });
});

describe('a text', () => {
  it('chooses between one and many', () => {
    expect(fill('{n} person|{n} people', { n: 1 })).toBe('1 person');
    expect(fill('{n} person|{n} people', { n: 5 })).toBe('5 people');
  });

  it('says a wait as a range of whole minutes', () => {
    expect(waitText({ low_s: 500, high_s: 870 }, 'zh-CN')).toBe('约 8–15 分钟');
    expect(waitText({ low_s: 0, high_s: 170 }, 'zh-CN')).toBe('很快，请在附近等候');
    expect(waitText({ low_s: 600, high_s: 600 }, 'en')).toBe('about 10–11 min');
    expect(waitText({ low_s: 50_100, high_s: 125_400 }, 'zh-CN')).toBe('2 小时以上');
    expect(durationText(12, 'zh-CN')).toBe('12 秒');
  });

  it('says what to do about a problem, also about an unknown one', () => {
    locale.value = 'zh-CN';
    expect(problemText(new ApiProblem({ status: 429, code: 'locked_out', title: '', facts: { retry_s: 30 } }))).toContain('30 秒');
    expect(problemText(new ApiProblem({ status: 409, code: 'brand_new', title: '' }))).toContain('brand_new');
    expect(problemText(new TypeError('x'))).toContain('刷新');
  });
});

describe('a time of day', () => {
  it('is the branch’s own, wherever the reader’s device believes to be', () => {
    expect(clockTime('2026-11-23T23:10:07+08:00')).toBe('23:10');
    setTimezone('Asia/Shanghai');
    expect(clockTime(Date.parse('2026-11-23T23:10:07+08:00'), true)).toBe('23:10:07');
    expect(calendarDate('2026-11-23T23:10:07+08:00', 'zh-CN')).toBe('11月23日星期一');
    expect([stopwatch(247), stopwatch(3729)]).toEqual(['4:07', '1:02:09']);
  });
});
