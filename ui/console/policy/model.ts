/** The policy keys as the box tells them, and how a value is written for people. */
import type { Api } from '@kit/api';
import { locale } from '@kit/i18n';
import { known, t } from '../text';

export const LEVELS = ['product', 'head_office', 'region', 'outlet', 'temporary'] as const;
export type Level = (typeof LEVELS)[number];
export type Hours = Partial<Record<DayClass, { from: string; to: string }>>;
export const DAY_CLASSES = ['workday', 'weekend', 'holiday'] as const;
type DayClass = (typeof DAY_CLASSES)[number];

export interface Layer { level: Level; value: unknown; lock: boolean; granted: boolean; counts: boolean }
export interface Request {
  id: string; policy: string; value: unknown; held_by: Level; reason: string; state: 'pending' | 'approved' | 'denied' | 'replaced';
  asked_by: string; asked_at: string; answered_by?: string; answer?: string; answered_at?: string;
}
export interface PolicyKey {
  policy: string; zh: string; en: string; unit: string;
  shape: { kind: string; low?: number; high?: number; optional?: boolean };
  merge: string; own_at: string; value: unknown; default: unknown; level: Level; locked_by: Level | null; may_set: boolean;
  layers: Layer[]; request: Request | null;
}
export interface Document { scope: string; version: number; valid_from: string; state: 'waiting' | 'in_force' | 'past'; sha256: string }
export interface Refusal { kind: string; scope: string; version: number; reason: string; detail: string; refused_at: string }
export interface Policy { region: { region: string; name: string } | null; keys: PolicyKey[]; documents: Document[]; refusals: Refusal[] }

const at = (policy: string): string => `/api/policy/${encodeURIComponent(policy)}`;
export const getPolicy = (api: Api) => api.get<Policy>('/api/policy');
export const setValue = (api: Api, policy: string, value: unknown, temporary: boolean, reason: string) =>
  api.put<PolicyKey>(at(policy), { value, temporary, reason });
export const clearValue = (api: Api, policy: string, temporary: boolean) => api.post<PolicyKey>(`${at(policy)}/clear`, { temporary });

export const labelOf = (key: PolicyKey): string => (locale.value === 'en' ? key.en : key.zh);
/** The room a key belongs to: `queue.target.gold_s` → `target`, `appointments.early_min` → `appointments`. */
export function groupOf(policy: string): string {
  const [room = '', topic = ''] = policy.split('.');
  if (room !== 'queue') return room;
  if (topic === 'target' || topic === 'promote') return topic;
  return ['remote', 'self_service'].find((one) => topic.startsWith(`${one}_`)) ?? 'calling';
}
export function grouped(keys: readonly PolicyKey[]): { group: string; keys: PolicyKey[] }[] {
  const groups = new Map<string, PolicyKey[]>();
  for (const key of keys) groups.set(groupOf(key.policy), [...(groups.get(groupOf(key.policy)) ?? []), key]);
  return [...groups].map(([group, own]) => ({ group, keys: own }));
}

const worded = (prefix: string, code: string): string => {
  const key = known(`${prefix}.${code}`);
  return key ? t(key) : code;
};
export const groupText = (group: string): string => worded('policy.group', group);
/** Why a branch did not take a document. */
export const refusalText = (reason: string): string => worded('policy.refused', reason);

/** Seconds that are whole minutes in any case are asked for and shown as minutes. */
export const scaleOf = (key: PolicyKey): number => (key.unit === 's' && (key.shape.low ?? 0) >= 60 ? 60 : 1);
export function unitOf(key: PolicyKey): string {
  const unit = scaleOf(key) === 60 ? 'min' : key.unit;
  const name = known(`policy.unit.${unit}`);
  return name ? t(name) : unit;
}

export function valueText(key: PolicyKey, value: unknown): string {
  if (value === null || value === undefined) return t('policy.none');
  if (typeof value === 'boolean') return value ? t('policy.on') : t('policy.off');
  if (typeof value === 'number') return `${String(Math.round((value / scaleOf(key)) * 100) / 100)} ${unitOf(key)}`.trim();
  if (key.shape.kind === 'hours') return hoursText(value as Hours);
  const count = typeof value === 'object' ? Object.keys(value).length : 1;
  return count ? t('policy.entries', { n: count }) : t('policy.none');
}
function hoursText(hours: Hours): string {
  const named = DAY_CLASSES.flatMap((day) => {
    const span = hours[day];
    return span ? [`${t(`class.${day}`)} ${span.from}–${span.to}`] : [];
  });
  return named.length ? named.join(t('list.comma')) : t('policy.always');
}

/** What each of the five levels says, also those that say nothing. */
export function ladder(key: PolicyKey): { level: Level; said: Layer | null; rules: boolean }[] {
  return LEVELS.map((level) => {
    const said: Layer | null = level === 'product'
      ? { level, value: key.default, lock: false, granted: false, counts: key.level === 'product' }
      : key.layers.find((layer) => layer.level === level) ?? null;
    return { level, said, rules: key.level === level };
  });
}
/** Keys that a page of their own sets. */
export const elsewhere = (key: PolicyKey): boolean => key.own_at !== '';
