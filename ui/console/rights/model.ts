/** What a customer may ask of the branch about their own data, and what the branch keeps anyway, as the box tells it. */
import type { Api } from '@kit/api';
import type { Purpose } from '@kit/customer/customers';

export const PURPOSES: readonly Purpose[] = ['service', 'marketing', 'profiling', 'photo', 'record'];
export const MEANS = ['counter', 'lobby', 'kiosk', 'phone'] as const;
export type Means = (typeof MEANS)[number];
export const NEEDS = ['serve', 'contact', 'verify', 'complaint'] as const;
export type Need = (typeof NEEDS)[number];
export interface ConsentLine {
  consent: string; purpose: Purpose; version: number; given_at: string; given_to: string; channel: Means; evidence: string;
  replaced_at?: string | null; withdrawn_at?: string | null; withdrawn_to?: string | null; withdrawn_channel?: Means | null;
}
export interface Ledger { customer: string; in_force: Purpose[]; lines: ConsentLine[]; erased_at?: string | null }
export interface Unmasked { name: string | null; phone: string | null; left_today: number }
export interface RetentionRun { day: string; at: string; contacts: number; customers: number; comments: number; finished: boolean }
export interface Retention {
  visit_contact_days: number; rating_comment_days: number; index_usable_days: number; index_kept_days: number;
  due: { day: string; contacts: number; customers: number; comments: number; more: boolean }; runs: RetentionRun[];
}
export interface Giving { purpose: Purpose; version: number; channel: Means; evidence: string }

const at = (customer: string): string => `/api/customers/${encodeURIComponent(customer)}`;
export const getLedger = (api: Api, customer: string) => api.get<Ledger>(`${at(customer)}/consents`);
export const giveConsent = (api: Api, customer: string, giving: Giving) => api.post<Ledger>(`${at(customer)}/consents`, giving);
export const withdrawConsent = (api: Api, customer: string, purpose: Purpose, channel: Means) =>
  api.post<Ledger>(`${at(customer)}/consents/withdraw`, { purpose, channel });
export const unmask = (api: Api, customer: string, purpose: Need) => api.post<Unmasked>(`${at(customer)}/unmask`, { purpose });
export interface Unmasking { at: string; staff: string; staff_name: string | null; customer: string; name: string | null; purpose: Need }
export interface Unmaskings { first: string; last: string; unmaskings: Unmasking[]; more: boolean }
export const getUnmaskings = (api: Api) => api.get<Unmaskings>('/api/unmaskings');
export const getRetention = (api: Api) => api.get<Retention>('/api/retention');

export interface Agreement { purpose: Purpose; line: ConsentLine | null; inForce: boolean }
/** Each purpose with its newest line, also those that were never asked for. The box sends lines newest first. */
export const agreements = (ledger: Ledger): Agreement[] => PURPOSES.map((purpose) => ({
  purpose, line: ledger.lines.find((line) => line.purpose === purpose) ?? null, inForce: ledger.in_force.includes(purpose),
}));
/** The text that was agreed to last; head office counts them up from 1. */
export const newestVersion = (ledger: Ledger, purpose: Purpose): number =>
  Math.max(1, ...ledger.lines.filter((line) => line.purpose === purpose).map(({ version }) => version));
