/**
 * Who stands at the kiosk, once a reader has read something. The page never sees a card's or a
 * document's number: it gets a recognition, good for one number and a minute and a half, and forgets it with the visit.
 */
import { ApiProblem, type Api } from '@kit/api';
import { locale } from '@kit/i18n';
import type { IssuedTicket, LiveEvent, Tier, TicketView } from '@kit/types';
import { onScopeDispose, ref, shallowRef } from 'vue';

const UNREADABLE_SHOWN_MS = 6_000;

export interface HeldNumber { ticket: string; number: string; service: string; state: string }
export interface Guest {
  recognition: string; known?: boolean; tier?: Tier; name?: string | null; code?: string | null;
  appointment?: { service: string; starts_at: string; ends_at: string } | null;
  remote?: HeldNumber | null; ticket?: HeldNumber | null;
}
interface SignedInAtKiosk { ticket: TicketView; token: string; phone_url: string }

/** A number that was printed before has no new promise and no code to scan: its holder has both on their phone. */
export function asIssued(view: TicketView, phone: { token: string; phone_url: string } = { token: '', phone_url: '' }): IssuedTicket {
  const { id, number, service, queue, tier, state, taken_at } = view;
  return { id, number, service, queue, tier, state, taken_at, ahead: view.ahead ?? 0, wait: view.wait ?? { low_s: 0, high_s: 0 }, ...phone };
}

const PATH = '/api/kiosk/recognition';

export function useGuest(api: Api, onArrive: () => void) {
  const guest = shallowRef<Guest | null>(null);
  const unreadable = ref(false);
  let timer: ReturnType<typeof setTimeout> | undefined;
  let visit = 0;

  async function look(): Promise<void> {
    const mine = visit;
    try {
      const found = await api.get<Guest | null>(PATH);
      if (mine !== visit || !found) return;
      guest.value = found;
      unreadable.value = false;
      onArrive();
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error; // whoever swiped takes an ordinary number
    }
  }

  function hear(event: LiveEvent): void {
    if (event.type === 'recognition.shown') void look();
    if (event.type !== 'recognition.unreadable') return;
    unreadable.value = true;
    clearTimeout(timer);
    timer = setTimeout(() => { unreadable.value = false; }, UNREADABLE_SHOWN_MS);
  }

  /** A phone number that was typed in. One that nobody is known by is no error: an ordinary number follows. */
  async function typed(phone: string): Promise<void> {
    try {
      guest.value = await api.post<Guest>(PATH, { text: phone });
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
    }
  }

  function forget(): void {
    visit += 1;
    if (guest.value) void api.delete(PATH).catch(() => undefined);
    guest.value = null;
    unreadable.value = false;
  }

  onScopeDispose(() => { clearTimeout(timer); });
  return { guest, unreadable, hear, typed, forget };
}

const identityOf = (guest: Guest): { kind: 'recognition'; value: string } => ({ kind: 'recognition', value: guest.recognition });

export async function activate(api: Api, guest: Guest): Promise<IssuedTicket> {
  const activated = await api.post<TicketView & { token: string; phone_url: string }>('/api/activations', { identity: identityOf(guest) });
  return asIssued(activated, activated);
}

export async function signInForAppointment(api: Api, guest: Guest): Promise<IssuedTicket> {
  const signed = await api.post<SignedInAtKiosk>('/api/appointments/sign-in', { identity: identityOf(guest), channel: 'kiosk', language: locale.value });
  return asIssued(signed.ticket, signed);
}

/** The scanned ticket's slip, printed once more. */
export async function reprint(api: Api, guest: Guest): Promise<IssuedTicket> {
  const id = guest.ticket?.ticket ?? '';
  return asIssued(await api.post<TicketView>(`/api/tickets/${encodeURIComponent(id)}/reprint`));
}
