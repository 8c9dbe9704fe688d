/** The sandbox's routes, which exist only with --sandbox: the demo branch's names and keys, and hands for its devices. */
import type { Api } from '@kit/api';
import type { DeviceHealth, DisplayCall, PaperState, Tier } from '@kit/types';

/** An emulated device: how the branch sees it, and what can be done to it. */
export interface Prop {
  id: string; family: string; model: string; actions: string[]; device: DeviceHealth; paper?: PaperState | null;
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
export interface Output { slips: PrintedSlip[]; calls: DisplayCall[]; sms: string[] }

const part = encodeURIComponent;

export const getSandbox = (api: Api) => api.get<Sandbox>('/sandbox');
export const getOutput = (api: Api, device: string) => api.get<Output>(`/sandbox/devices/${part(device)}/output`);
export const actOn = (api: Api, device: string, action: string) =>
  api.post<Prop>(`/sandbox/devices/${part(device)}/${part(action)}`);
export const setWan = (api: Api, up: boolean) => api.post<{ up: boolean }>('/sandbox/wan', { up });
export const setClock = (api: Api, wish: { now?: string; advance_s?: number }) =>
  api.post<{ now: string }>('/sandbox/clock', wish);

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

/** A device page's address with its token where only the page can read it. */
export const withToken = (path: string, token: string): string => `${path}#token=${part(token)}`;
