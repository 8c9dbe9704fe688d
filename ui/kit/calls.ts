/** The contract's routes, one line each. A surface that does not import a call does not carry it. */
import type { Api } from './api';
import type {
  Arrival, BranchView, CalledNext, ComingByCar, CountersView, CounterView, DeskWays, DeviceView, DisplayView, IssuedTicket, NewRating,
  NewTicket, Notice, PhoneView, QueuesView, Rated, ReportName, SelfService, SignedIn, SlipView, StaffSession, Stay, SyncView, TicketsView, TicketView,
  VipOffer, VipRequest, Wishes,
} from './types';

const part = encodeURIComponent;
const query = (values: Record<string, string | number | undefined>): string => {
  const set = Object.entries(values).filter(([, value]) => value !== undefined);
  return set.length ? `?${set.map(([name, value]) => `${name}=${part(String(value))}`).join('&')}` : '';
};

export const getBranch = (api: Api) => api.get<BranchView>('/api/branch');
export const answerDiversion = (api: Api, service: string, accepted: boolean) =>
  api.post<SelfService>('/api/self-service', { service, accepted });
export const getNotices = (api: Api) => api.get<{ notices: Notice[] }>('/api/notices');
export const getSync = (api: Api) => api.get<SyncView>('/api/sync');

export const signIn = (api: Api, staff_no: string, password: string) =>
  api.post<SignedIn>('/api/session', { staff_no, password });
export const getSession = (api: Api) => api.get<StaffSession>('/api/session');
export const signOut = (api: Api) => api.delete('/api/session');

export const issueTicket = (api: Api, ticket: NewTicket) => api.post<IssuedTicket>('/api/tickets', ticket);
export const getTicket = (api: Api, id: string) => api.get<TicketView>(`/api/tickets/${part(id)}`);
export const getTickets = (api: Api, filter: { state?: string; service?: string; limit?: number } = {}) =>
  api.get<TicketsView>(`/api/tickets${query(filter)}`);
export const cancelTicket = (api: Api, id: string, reason?: string) =>
  api.post<TicketView>(`/api/tickets/${part(id)}/cancel`, reason ? { reason } : {});
export const transferTicket = (
  api: Api, id: string, to: { service?: string; counter?: string; staff_no?: string; keep_place?: boolean },
) => api.post<TicketView>(`/api/tickets/${part(id)}/transfer`, to);
export const requeueTicket = (api: Api, id: string) => api.post<TicketView>(`/api/tickets/${part(id)}/requeue`);
export const reprintTicket = (api: Api, id: string) => api.post<TicketView>(`/api/tickets/${part(id)}/reprint`);

export const getQueues = (api: Api) => api.get<QueuesView>('/api/queues');
export const getCounters = (api: Api) => api.get<CountersView>('/api/counters');
export const getCounter = (api: Api, id: string) => api.get<CounterView>(`/api/counters/${part(id)}`);
export const getWays = (api: Api, id: string) => api.get<DeskWays>(`/api/counters/${part(id)}/ways`);
export type Presence = 'sign-in' | 'sign-out' | 'open' | 'pause' | 'resume';
export const movePresence = (api: Api, counter: string, move: Presence, reason?: string) =>
  api.post<CounterView>(`/api/counters/${part(counter)}/${move}`, reason ? { reason } : {});
/** null: nobody may be called. */
export const callNext = (api: Api, counter: string) =>
  api.post<CalledNext | null>(`/api/counters/${part(counter)}/next`);
export const pickTicket = (api: Api, counter: string, ticket: string, reason: string) =>
  api.post<CalledNext>(`/api/counters/${part(counter)}/call`, { ticket, reason });
export type InHand = 'recall' | 'serve' | 'no-show' | 'park' | 'finish';
export const moveTicket = (
  api: Api, counter: string, move: InHand, body: { reason?: string; outcome?: string; pool?: string } = {},
) => api.post<TicketView>(`/api/counters/${part(counter)}/${move}`, body);

export const getArrivals = (api: Api) => api.get<{ arrivals: Arrival[]; seq: number }>('/api/arrivals');

export const getDisplay = (api: Api) => api.get<DisplayView>('/api/display');
export const getPhone = (api: Api, token: string) => api.get<PhoneView>(`/api/t/${part(token)}`);
export const leaveQueue = (api: Api, token: string) => api.post<PhoneView>(`/api/t/${part(token)}/leave`);
export const askForTime = (api: Api, token: string) => api.post<PhoneView>(`/api/t/${part(token)}/more-time`);
export const getWishes = (api: Api) => api.get<Wishes>('/api/wishes');
export const askForVip = (api: Api, token: string, offer: VipOffer) =>
  api.post<VipRequest>(`/api/t/${part(token)}/vip-services`, offer);
export const cancelVip = (api: Api, token: string, request: string) =>
  api.post<VipRequest>(`/api/t/${part(token)}/vip-services/${part(request)}/cancel`);
export const askForBay = (api: Api, token: string, coming: ComingByCar) =>
  api.post<Stay>(`/api/t/${part(token)}/parking`, coming);
export const giveBayUp = (api: Api, token: string) => api.post<Stay>(`/api/t/${part(token)}/parking/cancel`);
export const rate = (api: Api, rating: NewRating) => api.post<Rated>('/api/ratings', rating);

export const getDevices = (api: Api) => api.get<{ devices: DeviceView[] }>('/api/devices');
export const testDevice = (api: Api, id: string) => api.post<unknown>(`/api/devices/${part(id)}/test`);
export const getSlips = (api: Api, state = 'held,unknown') =>
  api.get<{ slips: SlipView[] }>(`/api/slips${query({ state })}`);
export const getReports = (api: Api) => api.get<{ reports: ReportName[] }>('/api/reports');
