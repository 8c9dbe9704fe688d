/** Devices and enrolled pages, as the box tells them. */
import type { Api } from '@kit/api';
import type { DeviceView } from '@kit/types';

export interface KnownDevice extends DeviceView { verified?: string }
export interface Enrolment { device: string; role: string; enrolled_at: string; enrolled_by: string }
export interface Enrolled { device: string; role: string; token: string }
export const ROLES = ['kiosk', 'display'] as const;
export type Role = (typeof ROLES)[number];
const NAME = /^[a-z0-9-]{1,64}$/;
export const isName = (name: string): boolean => NAME.test(name);

const part = encodeURIComponent;
export const getKnownDevices = (api: Api) => api.get<{ devices: KnownDevice[] }>('/api/devices');
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
const PRINTERS: ReadonlySet<string> = new Set(['escpos_printer', 'slip_printer', 'printer']);
export const prints = (device: Pick<DeviceView, 'family'>): boolean => PRINTERS.has(device.family) || device.family.includes('printer');
