/** A number by code: six digits of an appointment, twelve of a text message. */
import type { Api } from '@kit/api';
import { locale } from '@kit/i18n';
import type { IssuedTicket, TicketView } from '@kit/types';

export const APPOINTMENT_DIGITS = 6;
export const SMS_DIGITS = 12;
export type Arrival = 'on_time' | 'early' | 'late';

interface SignedIn { ticket: TicketView; token: string; phone_url: string; arrival?: Arrival; sign_in_from?: string }
export interface ByCode { ticket: IssuedTicket; arrival: Arrival | null; signInFrom: string | null }

/** A mobile number, by which somebody may be known; no code has its length. */
export const isMobile = (typed: string): boolean => /^1[3-9][0-9]{9}$/.test(typed);
export const isWhole = (code: string): boolean => code.length === APPOINTMENT_DIGITS || code.length === SMS_DIGITS || isMobile(code);
/** In threes, as it is printed and read out; what is still to come as dots. */
export function grouped(code: string): string[] {
  const length = code.length > APPOINTMENT_DIGITS ? SMS_DIGITS : APPOINTMENT_DIGITS;
  const shown = code.padEnd(length, '·');
  return Array.from({ length: length / 3 }, (_, place) => shown.slice(place * 3, place * 3 + 3));
}

export async function takeByCode(api: Api, code: string): Promise<ByCode> {
  const { ticket, token, phone_url, arrival, sign_in_from } = await api.post<SignedIn>('/api/tickets/by-code', {
    code, channel: 'kiosk', language: locale.value,
  });
  const wait = ticket.wait ?? { low_s: 0, high_s: 0 };
  return { ticket: { ...ticket, ahead: ticket.ahead ?? 0, wait, token, phone_url }, arrival: arrival ?? null, signInFrom: sign_in_from ?? null };
}
