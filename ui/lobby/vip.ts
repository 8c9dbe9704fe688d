/** Requests of important customers: what can be done about each, and which still wait for somebody (S34). */
import type { VipRequest, VipState } from '@kit/types';
import type { VipMove } from './calls';

const MOVES: Readonly<Record<VipState, readonly VipMove[]>> = {
  requested: ['accept', 'refuse'], accepted: ['set_out', 'cancel'], on_the_way: ['finish', 'cancel'],
  refused: [], done: [], cancelled: [],
};
export const movesOf = (request: VipRequest): readonly VipMove[] => MOVES[request.state];
export const openOnes = (requests: readonly VipRequest[]): VipRequest[] => requests.filter((request) => movesOf(request).length > 0);
/** Those that wait for somebody first, then what is over; each newest first. */
export const byNeed = (requests: readonly VipRequest[]): VipRequest[] => {
  const rank = (request: VipRequest): number => (movesOf(request).length ? 0 : 1);
  return [...requests].sort((one, other) => rank(one) - rank(other) || Date.parse(other.asked_at) - Date.parse(one.asked_at));
};
