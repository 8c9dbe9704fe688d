/** The sandbox's routes, which exist only with --sandbox: the demo branch's names and keys, and hands for its devices. */
import type { Api } from '@kit/api';
import type { DeviceHealth, DisplayCall, PaperState, Tier } from '@kit/types';
import type { Parameters, Schema } from './hands';

/** An emulated device: how the branch sees it, and what can be done to it. */
export interface Prop {
  id: string; family: string; model: string; name: { zh: string; en: string }; actions: string[];
  /** JSON Schema of what an action can be told, of those that can be told something. */
  forms: Record<string, Schema>; device: DeviceHealth; paper?: PaperState | null;
  message_code?: string | null; waiting_jobs: number;
}
export interface Account { staff_no: string; password: string; roles: string[]; name?: string }
export interface Person { name: string; tier: Tier; identities: { kind: string; value: string }[] }
export interface Sandbox {
  services: { id: string; name: string }[];
  counters: { id: string; number: number }[];
  staff: Account[];
  customers: Person[];
  devices: Prop[];
  kiosk_token: string;
  display_token: string;
  head_office_url: string | null;
  guest_url: string;
  wan: { up: boolean };
  clock: { now: string };
}
export interface PrintedSlip { n: number; text: string; png: string; at: string; copy: boolean; complete: boolean }
export interface Produced { kind: string; n: number; text: string; at: string; complete: boolean; png: string | null }
export interface Output { slips: PrintedSlip[]; calls: DisplayCall[]; sms: { to: string; text: string; at: string }[]; produced: Produced[] }

const part = encodeURIComponent;

export const getSandbox = (api: Api) => api.get<Sandbox>('/sandbox');
export const getOutput = (api: Api, device: string) => api.get<Output>(`/sandbox/devices/${part(device)}/output`);
export const actOn = (api: Api, device: string, action: string, parameters: Parameters = {}) =>
  api.post<Prop>(`/sandbox/devices/${part(device)}/${part(action)}`, parameters);
export const setWan = (api: Api, up: boolean) => api.post<{ up: boolean }>('/sandbox/wan', { up });
export const setClock = (api: Api, wish: { now?: string; advance_s?: number }) =>
  api.post<{ now: string }>('/sandbox/clock', wish);

const CODE = /\[QR ([^\]\s]+)\]/;
const PHONE = /\[QR [^\]\s]*(\/t\/[A-Za-z0-9_-]+)\]/;

/** The path of the phone page behind the newest slip's QR code; null while none was printed. */
export function lastPhonePath(slips: PrintedSlip[]): string | null {
  const newest = [...slips].sort((one, other) => other.n - one.n);
  for (const slip of newest) {
    const found = PHONE.exec(slip.text);
    if (found?.[1]) return found[1];
  }
  return null;
}

/** What the newest slip's QR code says; null while none was printed. */
export function lastCode(slips: PrintedSlip[]): string | null {
  const newest = [...slips].sort((one, other) => other.n - one.n);
  return newest.map((slip) => CODE.exec(slip.text)?.[1]).find((code) => code !== undefined) ?? null;
}

/** A device page's address with its token where only the page can read it. */
export const withToken = (path: string, token: string): string => `${path}#token=${part(token)}`;
