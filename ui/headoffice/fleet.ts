/**
 * The fleet as head office sees it: pictures of branches, each with an age. What is true here: a picture without its age
 * would be a lie, so ages count up on this page between two answers; and who needs help stands first.
 */
import type { Api } from '@kit/api';
import { REFERENCE_AFTER_S } from '@kit/time';

export type BranchState = 'live' | 'stale' | 'lost' | 'pending';
export interface BranchQueue { service: string; tier: string; waiting: number; longest_wait_s: number }
export interface BranchCounter { number: number | string; state: string; ticket_number?: string | null }
export interface BranchService { id: string; name: string; name_en: string; letter?: string }
export interface BranchPicture {
  id: string; name: string; state: BranchState; fault?: string; last_contact_at: string | null; picture_age_s: number | null;
  received_seq: number; head_seq?: number; events: number; tickets_today: number; day?: string | null;
  waiting: number; longest_wait_s: number; queues: BranchQueue[]; counters: BranchCounter[]; services?: BranchService[];
  /** Of these, how many do not work or wait for somebody; an older head office tells nothing. */
  devices?: number; devices_away?: number;
}
export interface FleetView { branches: BranchPicture[]; now: string }
export interface FleetTicket {
  id: string; number: string; service: string; tier: string; state: string; taken_at: string;
  called_at?: string | null; served_at?: string | null; finished_at?: string | null; counter?: string | null;
  /** What hangs above the counter; an older head office tells only its id. */
  counter_number?: number | string | null;
}
export interface TicketsView { day?: string | null; tickets: FleetTicket[] }

export interface FleetDevice {
  id: string; family: string; model: string; state: string; error?: string | null; since: string;
  /** The last whole day; its share and failures are of that day. */
  day?: string | null; ready_share?: number | null; failures?: number;
}

/** "97.5 %", never rounded up to a perfect day. */
export const shareText = (share: number): string => `${(Math.floor(share * 1000) / 10).toFixed(1)} %`;

export const getBranchDevices = (api: Api, id: string) =>
  api.get<{ devices: FleetDevice[] }>(`/api/branches/${encodeURIComponent(id)}/devices`);
export const getFleet = (api: Api) => api.get<FleetView>('/api/branches');
export const getBranchTickets = (api: Api, id: string) =>
  api.get<TicketsView>(`/api/branches/${encodeURIComponent(id)}/tickets`);
export const getSandbox = (api: Api) => api.get<{ console_token?: string }>('/sandbox');

const RANK: Record<BranchState, number> = { lost: 0, stale: 1, pending: 2, live: 3 };

/** Faults first, then the lost, the stale, the unapproved; among equals the longest wait, then the id. */
export function worstFirst(branches: readonly BranchPicture[]): BranchPicture[] {
  const fault = (branch: BranchPicture): number => (branch.fault ? 0 : 1);
  return [...branches].sort((one, other) =>
    fault(one) - fault(other) || RANK[one.state] - RANK[other.state]
    || other.longest_wait_s - one.longest_wait_s || one.id.localeCompare(other.id));
}

/** How old the picture is now, when it was `picture_age_s` old `since_ms` milliseconds ago. */
export function ageNow_s(branch: BranchPicture, since_ms: number): number | null {
  return branch.picture_age_s === null ? null : branch.picture_age_s + Math.max(0, since_ms) / 1000;
}

/** Whether a picture is too old to go by (S28). */
export const forReference = (age_s: number | null): boolean => age_s !== null && age_s > REFERENCE_AFTER_S;

export interface Totals { branches: number; states: Record<BranchState, number>; waiting: number; longest_s: number; events: number; tickets: number }

export function totals(branches: readonly BranchPicture[]): Totals {
  const states: Record<BranchState, number> = { live: 0, stale: 0, lost: 0, pending: 0 };
  for (const branch of branches) states[branch.state] += 1;
  const sum = (of: (branch: BranchPicture) => number): number => branches.reduce((total, one) => total + of(one), 0);
  return {
    branches: branches.length, states, waiting: sum((one) => one.waiting), events: sum((one) => one.events),
    longest_s: Math.max(0, ...branches.map((one) => one.longest_wait_s)), tickets: sum((one) => one.tickets_today),
  };
}

export function matches(branch: BranchPicture, words: string, state: BranchState | null): boolean {
  if (state && branch.state !== state) return false;
  const wanted = words.trim().toLowerCase();
  return !wanted || branch.name.toLowerCase().includes(wanted) || branch.id.includes(wanted);
}

/** Newest first; an unfinished matter before a finished one of the same minute is not worth a rule. */
export const newestFirst = (tickets: readonly FleetTicket[]): FleetTicket[] =>
  [...tickets].sort((one, other) => Date.parse(other.taken_at) - Date.parse(one.taken_at));

/** How urgent a wait is, in three steps, for the colour of a figure. */
export function urgency(wait_s: number): 'calm' | 'long' | 'late' {
  if (wait_s >= 30 * 60) return 'late';
  return wait_s >= 15 * 60 ? 'long' : 'calm';
}
