/** A customer as staff see them: masked. What was typed to find them stays in the request and nowhere else. */
import { ApiProblem, type Api } from '@kit/api';
import type { Tier, TicketView } from '@kit/types';
import { shallowRef, watch, type ShallowRef } from 'vue';

export type Purpose = 'service' | 'marketing' | 'profiling' | 'photo' | 'record';
export interface Customer {
  customer: string; visits: number; visits_days: number;
  /** Masked. */
  name?: string;
  /** Absent where head office's record is too old. */
  tier?: Tier;
  tags?: string[]; adviser?: { staff_no: string; name: string }; last_visit?: string; consents?: Purpose[];
  erased_at?: string;
}
/** `recognition` stands for the customer, once, for a minute and a half, for whoever searched. */
export interface FoundCustomer { recognition: string; card: Customer; tickets: TicketView[] }
export interface Erasure { customer: string; erased_at: string; details: number; identities: number; contacts: number; comments: number; consents: number }

const part = encodeURIComponent;
/** null: the branch does not know who holds it. */
export const getHolder = (api: Api, ticket: string) => api.get<Customer | null>(`/api/tickets/${part(ticket)}/customer`);
export const searchCustomer = (api: Api, identity: { kind: string; value: string }) =>
  api.post<FoundCustomer>('/api/customers/search', { identity });
export const unbindTicket = (api: Api, ticket: string) => api.post<TicketView>(`/api/tickets/${part(ticket)}/unbind`);
/** `evidence`: the digest of the signed request, where there is one. */
export const eraseCustomer = (api: Api, customer: string, evidence = '') =>
  api.post<Erasure>(`/api/customers/${part(customer)}/erase`, { channel: 'lobby', ...(evidence ? { evidence } : {}) });

/** The card of whoever holds the ticket in hand; gone the moment the ticket is. */
export function useHolder(api: Api, ticket: () => TicketView | null | undefined): ShallowRef<Customer | null> {
  const card = shallowRef<Customer | null>(null);

  async function look(held: TicketView | null | undefined): Promise<void> {
    card.value = null;
    if (!held?.recognised) return;
    try {
      const found = await getHolder(api, held.id);
      if (ticket()?.id === held.id) card.value = found;
    } catch (error) {
      // Without the card the page works on; a lost session it says by itself.
      if (!(error instanceof ApiProblem)) throw error;
    }
  }
  watch(() => [ticket()?.id, ticket()?.recognised] as const, () => { void look(ticket()); }, { immediate: true });
  return card;
}
