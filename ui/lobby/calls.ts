/** The routes that only the lobby uses, as the HTTP contract names them. */
import type { Api } from '@kit/api';
import type { Arrival, Stay, Tier, TicketView, VipRequest } from '@kit/types';

/** Somebody who will break the target within ten minutes; `expected_s` is the whole wait as it is expected to become. */
export interface AtRisk {
  ticket: string; number: string; service: string; tier: Tier; waited_s: number; expected_s: number; target_s: number;
}
export interface LobbyAnswer { arrivals: Arrival[]; at_risk: AtRisk[]; targets: Partial<Record<Tier, number>>; as_of: string; seq: number }
/** What a change does for a class of those who wait now; mean waits from now. */
/** `stuck`: how many of them nobody would call within four hours, without and with the change. */
export interface ClassEffect {
  service: string; tier: Tier; people: number; before_s: number; after_s: number; stuck_before?: number; stuck_after?: number;
}
export type Change = { type: 'open_counter'; counter: string; in_s?: number } | { type: 'close_counter'; counter: string };
export interface Proposal { counter: string; in_s: number; share_before: number; share_after: number; saved_s: number }
/** The next two hours: who is served within the target, and what one more counter would do about it, best first. */
export interface Staffing { people: number; share_now: number; proposals: Proposal[] }
export const askWhatIf = (api: Api, changes: Change[]) => api.post<{ classes: ClassEffect[] }>('/api/what-if', { changes });
export const getStaffing = (api: Api) => api.get<Staffing>('/api/staffing');

export type ReminderOutcome = 'due' | 'sent' | 'expired' | 'refused' | 'suppressed';
export interface Reminder { ticket: string; number: string; ahead: number; outcome: ReminderOutcome }

export const IDENTITY_KINDS = ['id_card', 'bank_card', 'passbook', 'phone'] as const;
export type IdentityKind = (typeof IDENTITY_KINDS)[number];
/** `recognition`: what a search answered. */
export interface ShownIdentity { kind: IdentityKind | 'recognition'; value: string }

const part = encodeURIComponent;
export const getLobby = (api: Api) => api.get<LobbyAnswer>('/api/lobby');
export const getReminders = (api: Api) => api.get<{ reminders: Reminder[] }>('/api/reminders');
export const bindIdentity = (api: Api, ticket: string, identity: ShownIdentity) =>
  api.post<TicketView>(`/api/tickets/${part(ticket)}/bind`, { identity });

export type VipMove = 'accept' | 'refuse' | 'set_out' | 'finish' | 'cancel';
export const getVipRequests = (api: Api) => api.get<{ requests: VipRequest[]; seq: number }>('/api/vip-services');
export const moveVipRequest = (api: Api, request: string, move: VipMove, reason = '') =>
  api.post<VipRequest>(`/api/vip-services/${part(request)}/move`, { move, reason });

/** A car that is not gone yet. */
export type LiveStay = Stay & { state: 'waiting' | 'reserved' | 'inside' };
export interface CarPark { bays: string[]; free: number; stays: LiveStay[]; gates: string[]; seq: number }
export const getCarPark = (api: Api) => api.get<CarPark>('/api/parking');
export const admitCar = (api: Api, stay: string, gate: string) => api.post<Stay>(`/api/parking/stays/${part(stay)}/admit`, { gate });
export type StayMove = 'cancel' | 'left';
export const moveStay = (api: Api, stay: string, move: StayMove) => api.post<Stay>(`/api/parking/stays/${part(stay)}/${move}`);
export const openGate = (api: Api, gate: string, reason: string, with_key: boolean) =>
  api.post<unknown>(`/api/parking/gates/${part(gate)}/open`, { reason, with_key });

export interface Destination { service?: string; counter?: string; keep_place: boolean; reason: string }
/** A number sent to a counter by name goes before everybody else there: this is how the lobby calls somebody forward. */
export const sendTicket = (api: Api, ticket: string, to: Destination) =>
  api.post<TicketView>(`/api/tickets/${part(ticket)}/transfer`, to);
/** For whichever counter is free next. */
export const pinTicket = (api: Api, ticket: string, reason: string) =>
  api.post<TicketView>(`/api/tickets/${part(ticket)}/pin`, { reason });
