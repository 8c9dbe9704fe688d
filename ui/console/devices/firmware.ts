/** Firmware updates, as the box tells them. */
import type { Api } from '@kit/api';

export interface Update {
  job: string; device: string; model: string; version: string; replaces: string | null; downgrade: boolean; sha256: string; size_bytes: number;
  state: 'proposed' | 'approved' | 'installing' | 'done' | 'failed' | 'withdrawn'; held_bytes?: number; waits_for?: 'person' | 'device' | 'close';
  in_hours: boolean; proposed_by: string; proposed_at: string; answered_by?: string; answered_at?: string; ended_at?: string; reported?: string; reason?: string;
}
const part = encodeURIComponent;
export const getUpdates = (api: Api) => api.get<{ updates: Update[] }>('/api/firmware');
export const proposeUpdate = (api: Api, device: string, file: object) => api.post<Update>(`/api/devices/${part(device)}/firmware`, file);
export const answerUpdate = (api: Api, job: string, how: 'approve' | 'withdraw') => api.post<Update>(`/api/firmware/${part(job)}/${how}`, {});

export const isOpen = ({ state }: Update): boolean => state === 'proposed' || state === 'approved' || state === 'installing';
/** Somebody other than who proposed it. */
export const mayApprove = (update: Update, staffNo: string): boolean => update.state === 'proposed' && update.proposed_by !== `staff:${staffNo}`;
/** How much of it is on the device; never rounded up to all of it. */
export const sharePermille = ({ held_bytes = 0, size_bytes }: Update): number => Math.floor((held_bytes * 1000) / size_bytes);
