/** The business day and the box's health, for the console. */
import type { Api } from '@kit/api';
import { getBranch, getCounters, getNotices, getQueues, getSync } from '@kit/calls';
import type { BranchView, CounterView, SyncView } from '@kit/types';
import type { StaffNotice } from '@kit/staff/notices';

export type HealthStatus = 'ok' | 'degraded' | 'failing';
export interface Check { name: string; status: HealthStatus; code: string; facts: Record<string, string | number> }
export interface Health { status: HealthStatus; checks: Check[] }
export interface Today { branch: BranchView; waiting: number; inHand: number; manned: CounterView[]; notices: StaffNotice[]; sync: SyncView; health: Health | null }

const part = encodeURIComponent;
export const setDay = (api: Api, to: 'open' | 'close') => api.post<{ date: string; state: string }>(`/api/day/${to}`);
export const acknowledge = (api: Api, id: string) => api.post<{ notices: StaffNotice[] }>(`/api/notices/${part(id)}/acknowledge`);

/** The box tells how it is also when it is not well, then with another status; so not through Api. */
export async function getHealth(): Promise<Health | null> {
  try {
    const response = await fetch('/health', { cache: 'no-store', credentials: 'same-origin' });
    return (await response.json()) as Health;
  } catch {
    return null;
  }
}

export async function getToday(api: Api): Promise<Today> {
  const [branch, { queues }, { counters }, { notices }, sync, health] = await Promise.all([
    getBranch(api), getQueues(api), getCounters(api), getNotices(api), getSync(api), getHealth(),
  ]);
  return {
    branch, notices, sync, health, manned: counters.filter(({ state }) => state !== 'closed'),
    waiting: queues.reduce((sum, { waiting }) => sum + waiting, 0), inHand: counters.filter(({ ticket }) => ticket).length,
  };
}

const RANK: Readonly<Record<HealthStatus, number>> = { failing: 0, degraded: 1, ok: 2 };
export const worstFirst = (checks: readonly Check[]): Check[] => [...checks].sort((one, other) => RANK[one.status] - RANK[other.status]);
/** Only a notice that stays until it was read can be acknowledged. */
const UNTIL_READ: ReadonlySet<string> = new Set(['restored_from_backup', 'facts_missing', 'notices_unreadable']);
export const mayAcknowledge = (notice: StaffNotice): boolean => Boolean(notice.id) && UNTIL_READ.has(notice.code);
