/** Bookings, the work plan and how services are booked, as the box tells them. */
import type { Api } from '@kit/api';

export const DAY_CLASSES = ['workday', 'weekend', 'holiday'] as const;
export type DayClass = (typeof DAY_CLASSES)[number];
export interface Cash { amount_minor: number; currency: string }
export interface Appointment {
  id: string; code: string; service: string; day: string; slot: string; starts_at: string; ends_at: string;
  state: 'booked' | 'signed_in' | 'served' | 'cancelled' | 'no_show' | 'released';
  channel: string; expert?: string; cash?: Cash; ticket?: string; signed_in_at?: string; recognised?: boolean;
}
export interface WorkItem { appointment: string; service: string; slot: string; expert?: string; expert_away?: boolean; cash?: Cash; order_by?: string }
export interface WorkPlan { day: string; items: WorkItem[]; cash: Record<string, number> }
export interface SlotPlan {
  capacity: number; slot_min: number; opens: string; closes: string; days: DayClass[]; quotas: Record<string, number>; experts: string[];
}
export interface Rules { early_min: number; late_min: number; horizon_days: number; cash_limits: Record<string, number>; notice_days: number }
export interface Settings { rules: Rules; plans: Record<string, SlotPlan> }

export const NO_PLAN: SlotPlan = { capacity: 0, slot_min: 30, opens: '09:00', closes: '17:00', days: ['workday'], quotas: {}, experts: [] };
const part = encodeURIComponent;
export const getDay = async (api: Api, day: string) => {
  const [booked, plan] = await Promise.all([
    api.get<{ appointments: Appointment[] }>(`/api/appointments?day=${part(day)}`), api.get<WorkPlan>(`/api/work-plan?day=${part(day)}`),
  ]);
  return { appointments: booked.appointments, plan };
};
export const getSettings = (api: Api) => api.get<Settings>('/api/booking-settings');
export const putPlan = (api: Api, service: string, plan: SlotPlan) => api.put<Settings>(`/api/slot-plans/${part(service)}`, plan);
export const markAbsent = (api: Api, staff_no: string, day: string, absent: boolean) => api.post<null>('/api/absences', { staff_no, day, absent });

/** ¥200,000.00 as people write it; minor units are hundredths in every currency a counter holds. */
export function cashText(cash: Cash, language: string): string {
  return new Intl.NumberFormat(language, { style: 'currency', currency: cash.currency, maximumFractionDigits: 0 }).format(cash.amount_minor / 100);
}
/** How many of the day's bookings are where: those to come, here, missed. */
export function tally(appointments: readonly Appointment[]): { live: number; here: number; missed: number } {
  const count = (...states: Appointment['state'][]): number => appointments.filter(({ state }) => states.includes(state)).length;
  return { live: count('booked', 'signed_in', 'served', 'no_show', 'released'), here: count('signed_in', 'served'), missed: count('no_show', 'released') };
}
export const places = (plan: SlotPlan): number => {
  const minutes = (clock: string): number => Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3));
  return Math.floor((minutes(plan.closes) - minutes(plan.opens)) / plan.slot_min) * plan.capacity;
};
/** Staff numbers as they are typed: by commas, spaces or lines. */
export const expertsOf = (text: string): string[] => [...new Set(text.split(/[\s,，、;；]+/).filter((word) => /^[0-9A-Za-z]{1,16}$/.test(word)))];
