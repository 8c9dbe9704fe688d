/** Call rules as the box keeps them, and as the editor holds them: every field filled in, every schedule with a key. */
import type { Api } from '@kit/api';
import type { Tier } from '@kit/types';

export type Op = 'gt' | 'ge';
export type Metric = 'behind' | 'length';
export interface Threshold { wait_s?: number | null; count?: number | null; op?: Op; metric?: Metric }
/** How appointments and walk-ins share a counter. */
export interface Blend { lead_s?: number | null; walk_ins?: number }
export interface SentRule {
  order?: Tier[]; thresholds?: Partial<Record<Tier, Threshold>>; promoted_in_row_max?: number;
  target_s?: Partial<Record<Tier, number>>; turns?: Partial<Record<Tier, number>>; blend?: Blend | null; name?: string;
}
export interface SentSchedule { days: string[]; from: string; to: string; rule: SentRule; name?: string }
export interface SentRules { default: SentRule; schedules: SentSchedule[] }
export interface Span { date: string; from: string; to: string; schedule: string; rule: SentRule }
/** `own`: something was set here that can be given up. */
export interface RulesView { counter: string; rules: SentRules; in_force: SentRule; week: Span[]; own: boolean }

export type Rule = Required<SentRule>;
export interface Schedule { key: number; days: string[]; from: string; to: string; name: string; rule: Rule }
export interface Rules { default: Rule; schedules: Schedule[] }

export const TIERS: readonly Tier[] = ['priority', 'gold', 'normal'];
export const CAP_DEFAULT = 3;
export const SCHEDULES_MAX = 50;
const TARGET_DEFAULT_S: Readonly<Record<Tier, number>> = { priority: 600, gold: 600, normal: 1800 };

let lastKey = 0;
export const newKey = (): number => { lastKey += 1; return lastKey; };

export function fullRule(sent: SentRule): Rule {
  return {
    order: [...(sent.order ?? TIERS)],
    thresholds: Object.fromEntries(Object.entries(sent.thresholds ?? {}).map(([tier, threshold]) => [tier, { op: 'gt', metric: 'behind', ...threshold }])),
    promoted_in_row_max: sent.promoted_in_row_max ?? CAP_DEFAULT,
    target_s: { ...sent.target_s }, turns: { ...sent.turns }, blend: sent.blend ?? null, name: sent.name ?? '',
  };
}

export function fullRules(sent: SentRules): Rules {
  return {
    default: fullRule(sent.default),
    schedules: sent.schedules.map((one) => ({
      key: newKey(), days: [...one.days], from: one.from, to: one.to, name: one.name ?? '', rule: fullRule(one.rule),
    })),
  };
}

/** A threshold that asks nothing is none; a rule's name is its schedule's. */
function sentRule(rule: Rule): SentRule {
  const asks = Object.entries(rule.thresholds).filter(([, { wait_s, count }]) => wait_s ?? count);
  const thresholds = Object.fromEntries(asks.map(([tier, { wait_s, count, op, metric }]) => [
    tier, { ...(wait_s ? { wait_s } : {}), ...(count ? { count } : {}), op: op ?? 'gt', metric: metric ?? 'behind' },
  ]));
  const blend = rule.blend && (rule.blend.walk_ins || typeof rule.blend.lead_s === 'number') ? rule.blend : null;
  return { ...rule, thresholds, blend };
}

export function sentRules(rules: Rules): SentRules {
  return {
    default: sentRule(rules.default),
    schedules: rules.schedules.map(({ days, from, to, name, rule }) => ({ days, from, to, name: name.trim(), rule: sentRule(rule) })),
  };
}

export const sameRules = (one: Rules, other: Rules): boolean =>
  JSON.stringify(sentRules(one)) === JSON.stringify(sentRules(other));

export type Base = 'order' | 'credit' | 'turns';
export function baseOf(rule: Rule): Base {
  if (Object.keys(rule.target_s).length) return 'credit';
  return Object.keys(rule.turns).length ? 'turns' : 'order';
}

/** A rule has targets or turns, not both: choosing one base clears the other. */
export function withBase(rule: Rule, base: Base): Rule {
  return {
    ...rule,
    target_s: base === 'credit' ? { ...TARGET_DEFAULT_S, ...rule.target_s } : {},
    turns: base === 'turns' ? { priority: 2, gold: 2, normal: 1, ...rule.turns } : {},
  };
}

export function moved<T>(list: readonly T[], from: number, to: number): T[] {
  const rest = [...list];
  const [taken] = rest.splice(from, 1);
  if (taken !== undefined) rest.splice(to, 0, taken);
  return rest;
}

const part = encodeURIComponent;
export const getRules = (api: Api, counter: string) => api.get<RulesView>(`/api/call-rules/${part(counter)}`);
export interface Change extends SentRules { temporary: boolean; reason: string }
export const putRules = (api: Api, counter: string, change: Change) => api.put<RulesView>(`/api/call-rules/${part(counter)}`, change);
/** The counter follows the levels above again, or else the default rule. */
export const giveUpRules = (api: Api, counter: string) => api.delete(`/api/call-rules/${part(counter)}`);
