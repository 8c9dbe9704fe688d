/**
 * What head office and its regions have set, as head office's program tells it. What is true here: a published document is its level's
 * whole word, so an edit is a draft of the next one, made from the newest; what a draft does not name is not set at that level any more.
 */
import type { Api } from '@kit/api';
import type { PolicyKey } from '../console/policy/model';

export const HEAD_OFFICE = 'head_office';
export interface Entry { value: unknown; lock?: boolean }
export type Values = Readonly<Record<string, Entry>>;
export interface Published {
  n: number; scope: string; version: number; sha256: string; published_at: string;
  /** Without `valid_from` it holds as soon as a branch has it. */
  document: { scope: string; version: number; valid_from?: string; note?: string; values: Values };
}
export interface Become { scope: string; version: number; state: 'accepted' | 'applied' | 'refused'; reason: string; detail: string; at: string }
export interface Region { region: string; name: string }
export interface Asking { branch: string; request: string; policy: string; value: unknown; held_by: string; reason: string; state: string; asked_at: string }
/** Whose view: a level above the outlets, or one outlet with everything that holds there. */
export interface Whose { scope?: string; branch?: string }
export interface KeysView { scope: string; branch: string | null; region: Region | null; keys: PolicyKey[] }
export interface Office { policies: Published[]; become: Readonly<Record<string, Become[]>>; regions: Readonly<Record<string, Region>>; requests: Asking[] }
export interface Publication { note: string; valid_from: string | null }

const part = encodeURIComponent;
export const getKeys = (api: Api, { scope, branch }: Whose) =>
  api.get<KeysView>(`/api/policy-keys?${branch ? `branch=${part(branch)}` : `scope=${part(scope ?? HEAD_OFFICE)}`}`);
export async function getOffice(api: Api): Promise<Office> {
  const [published, become, regions, asked] = await Promise.all([
    api.get<{ policies: Published[] }>('/api/policies'), api.get<{ branches: Record<string, Become[]> }>('/api/policies/branches'),
    api.get<{ branches: Record<string, Region> }>('/api/regions'), api.get<{ requests: Asking[] }>('/api/policy-requests?state=pending'),
  ]);
  return { policies: published.policies, become: become.branches, regions: regions.branches, requests: asked.requests };
}
export const publish = (api: Api, scope: string, values: Values, { note, valid_from }: Publication) =>
  api.post<Published>('/api/policies', { scope, values, note, ...(valid_from ? { valid_from } : {}) });
export const assign = (api: Api, branch: string, region: Region) => api.put<unknown>(`/api/branches/${part(branch)}/region`, region);
export const answer = (api: Api, asking: Asking, approved: boolean, by: string, reason: string) =>
  api.post<unknown>(`/api/policy-requests/${part(asking.branch)}/${part(asking.request)}`, { approved, by, reason });

/** From when on, as head office sees it. */
export const fromOf = ({ document, published_at }: Published): string => document.valid_from ?? published_at;
export const scopeOf = (region: string): string => `region:${region}`;
/** Each region once, by id. */
export function regionsOf(office: Office): Region[] {
  const found = new Map(Object.values(office.regions).map((one) => [one.region, one]));
  return [...found.values()].sort((one, other) => one.region.localeCompare(other.region));
}
/** The newest document of a scope, in force or still waiting for its time. */
export function newestOf(office: Office, scope: string): Published | null {
  const own = office.policies.filter((one) => one.scope === scope).sort((one, other) => other.version - one.version);
  return own[0] ?? null;
}
const same = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);
export interface Change { policy: string; before: Entry | null; after: Entry | null }
export function changesBetween(before: Values, after: Values): Change[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return names.flatMap((policy) => {
    const [was, is] = [before[policy] ?? null, after[policy] ?? null];
    const unchanged = same(was?.value, is?.value) && Boolean(was?.lock) === Boolean(is?.lock) && (was === null) === (is === null);
    return unchanged ? [] : [{ policy, before: was, after: is }];
  });
}
export function withEntry(values: Values, policy: string, entry: Entry | null): Values {
  const rest = Object.fromEntries(Object.entries(values).filter(([name]) => name !== policy));
  return entry === null ? rest : { ...rest, [policy]: entry };
}
/** What became of a published version: how many branches have it, wait for its time, have refused it. */
export function outcome(office: Office, one: Published): { applied: number; accepted: number; refused: { branch: string; become: Become }[] } {
  const all = Object.entries(office.become).flatMap(([branch, rows]) => rows.filter(({ scope, version }) => scope === one.scope && version === one.version).map((become) => ({ branch, become })));
  const applied = new Set(all.filter(({ become }) => become.state === 'applied').map(({ branch }) => branch));
  return {
    applied: applied.size,
    accepted: all.filter(({ branch, become }) => become.state === 'accepted' && !applied.has(branch)).length,
    refused: all.filter(({ become }) => become.state === 'refused'),
  };
}
const REGION = /^[a-z0-9][a-z0-9-]{0,31}$/;
export const isRegionId = (id: string): boolean => REGION.test(id);
