/** Policy keys: their groups, their values in words, and what each level says. */
import { describe, expect, it } from 'vitest';
import { elsewhere, groupOf, grouped, ladder, scaleOf, valueText, type PolicyKey } from '../policy/model';

const key = (changes: Partial<PolicyKey> = {}): PolicyKey => ({
  policy: 'queue.target.gold_s', zh: '金卡等候目标', en: 'Waiting target, gold', unit: 's', shape: { kind: 'integer', low: 60, high: 14400 },
  merge: 'replace', own_at: '', value: 600, default: 600, level: 'product', locked_by: null, may_set: true, layers: [], request: null, ...changes,
});

describe('a value in words', () => {
  it('is in minutes where seconds are whole minutes', () => {
    expect(valueText(key(), 600)).toBe('10 分钟');
    expect(scaleOf(key({ shape: { kind: 'integer', low: 10 } }))).toBe(1);
    expect(valueText(key({ unit: 'people' }), 8)).toBe('8 位');
  });
  it('says that there is none, that it is on, and which hours', () => {
    expect(valueText(key(), null)).toBe('不设');
    expect(valueText(key({ shape: { kind: 'switch' } }), true)).toBe('开');
    const hours = key({ shape: { kind: 'hours' } });
    expect(valueText(hours, {})).toBe('全天');
    expect(valueText(hours, { workday: { from: '09:00', to: '17:00' } })).toBe('工作日 09:00–17:00');
    expect(valueText(key({ shape: { kind: 'json' } }), { '*': {} })).toBe('1 组');
  });
});

describe('the page', () => {
  it('puts keys beside their like', () => {
    expect(['queue.target.gold_s', 'queue.promote.gold_count', 'queue.calls_max', 'queue.remote_kept_min', 'notify.remind_ahead'].map(groupOf))
      .toEqual(['target', 'promote', 'calling', 'remote', 'notify']);
    expect(grouped([key(), key({ policy: 'queue.calls_max' }), key()]).map(({ keys }) => keys.length)).toEqual([2, 1]);
  });
  it('shows all five levels, also the silent ones', () => {
    const steps = ladder(key({
      value: 1800, level: 'head_office', locked_by: 'head_office',
      layers: [{ level: 'head_office', value: 1800, lock: true, granted: false, counts: true }, { level: 'outlet', value: 3600, lock: false, granted: false, counts: false }],
    }));
    expect(steps.map(({ said }) => said?.value ?? null)).toEqual([600, 1800, null, 3600, null]);
    expect(steps.filter(({ rules }) => rules).map(({ level }) => level)).toEqual(['head_office']);
  });
  it('leaves what has a page of its own to that page', () => {
    expect(elsewhere(key({ own_at: '/api/calendar' }))).toBe(true);
    expect(elsewhere(key({ shape: { kind: 'json' } }))).toBe(false);
  });
});
