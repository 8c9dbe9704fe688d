/** Devices and enrolled pages, as the box tells them. */
import type { Api } from '@kit/api';
import type { DeviceView } from '@kit/types';

export interface KnownDevice extends DeviceView { verified?: string }
export interface Words { zh: string; en: string }
/** Where a device serves; `at` is a kiosk, a window or a range of windows. */
export interface Post { kind: 'kiosk' | 'other_kiosks' | 'window' | 'hall' | 'gate' | 'messages'; at: string }
export interface Family { name: Words; summary: Words; joins: Words; can_test: boolean; test_needs_person: boolean; test_care: 'moves' | 'prints' | null }
export interface KnownDevices { devices: KnownDevice[]; families: Record<string, Family>; posts: Record<string, Post[]> }
export interface DeviceDetail {
  view: KnownDevice; family: Family; profile: string; address: string; source: string; since: string;
  capabilities: { model: string; serial_number?: string | null; firmware?: string | null; verified: string; proof?: string | null; commands: string[] };
  commands: number; failures: number; connections: number; noise: number;
  last_error?: string; last_error_at?: string; trace_content?: boolean; firmware_min?: string; firmware_bad?: boolean; quirks?: Words[]; posts?: Post[];
}
export interface Frame { n: number; at: string; way: 'toDevice' | 'fromDevice' | 'hidden'; size_bytes: number; hex?: string; text?: string }
export interface Place { address: string; wire: string; name?: string; usb?: string }
export interface Socket { place: Place; device: string | null; profiles: string[] }
export interface Sockets { sockets: Socket[]; offers: { device: string; place: Place; same_serial: boolean }[] }
export interface DayOfDevice {
  day: string; device: string; ready_s: number; away_s: number; commands: number; failures: number; connections: number; noise: number; last_error?: string;
}
export interface Enrolment { device: string; role: string; enrolled_at: string; enrolled_by: string }
export interface Enrolled { device: string; role: string; token: string }
export const ROLES = ['kiosk', 'display'] as const;
export type Role = (typeof ROLES)[number];
const NAME = /^[a-z0-9-]{1,64}$/;
export const isName = (name: string): boolean => NAME.test(name);

const part = encodeURIComponent;
export const getKnownDevices = (api: Api) => api.get<KnownDevices>('/api/devices');
export const getDevice = (api: Api, id: string) => api.get<DeviceDetail>(`/api/devices/${part(id)}`);
export const openTrace = (api: Api, id: string) => api.post<{ until: string }>(`/api/devices/${part(id)}/trace`, {});
export const getFrames = (api: Api, id: string, after: number) => api.get<{ frames: Frame[] }>(`/api/devices/${part(id)}/trace?after=${String(after)}`);
export const getSockets = (api: Api) => api.get<Sockets>('/api/sockets');
export const bind = (api: Api, id: string, address: string) => api.post<KnownDevice>(`/api/devices/${part(id)}/bind`, { address });
export const getHealth = (api: Api, days: number) => api.get<{ days: DayOfDevice[] }>(`/api/device-health?days=${String(days)}`);
export const getEnrolments = (api: Api) => api.get<{ devices: Enrolment[] }>('/api/enrolments');
export const enrol = (api: Api, device: string, role: string) => api.post<Enrolled>('/api/enrolments', { device, role });
export const revoke = (api: Api, device: string) => api.delete(`/api/enrolments/${part(device)}`);

/** The page that the device opens once; the token is in the fragment, which no server and no log ever sees. */
export const pageLink = (enrolled: Enrolled, origin: string): string => `${origin}/${enrolled.role}#token=${enrolled.token}`;

/** A name that is still free: kiosk-2 after kiosk-1. */
export function freeName(role: string, enrolments: readonly Enrolment[]): string {
  const taken = new Set(enrolments.map(({ device }) => device));
  let number = 1;
  while (taken.has(`${role}-${String(number)}`)) number += 1;
  return `${role}-${String(number)}`;
}

/** Days summed by device: how much of the time it was there, in tenths of a percent, and what it went through. */
export interface Health { device: string; ready_permille: number | null; commands: number; failures: number; connections: number; last_error: string | null }
export function summed(days: readonly DayOfDevice[]): Health[] {
  const found = new Map<string, DayOfDevice[]>();
  for (const day of days) found.set(day.device, [...(found.get(day.device) ?? []), day]);
  const sum = (rows: readonly DayOfDevice[], what: 'ready_s' | 'away_s' | 'commands' | 'failures' | 'connections'): number =>
    rows.reduce((total, row) => total + row[what], 0);
  return [...found].map(([device, rows]) => {
    const [ready_s, away_s] = [sum(rows, 'ready_s'), sum(rows, 'away_s')];
    return {
      device, ready_permille: ready_s + away_s > 0 ? Math.floor((ready_s * 1000) / (ready_s + away_s)) : null,
      commands: sum(rows, 'commands'), failures: sum(rows, 'failures'), connections: sum(rows, 'connections'),
      last_error: rows.find((row) => row.last_error)?.last_error ?? null,
    };
  });
}

/** Where a device may be bound: what is free first, then where it hangs now. What others hold is not offered. */
export function socketsFor(device: string, sockets: readonly Socket[]): Socket[] {
  const own = sockets.filter((socket) => socket.device === null || socket.device === device);
  return [...own].sort((one, other) => Number(one.device !== null) - Number(other.device !== null) || one.place.address.localeCompare(other.place.address));
}
