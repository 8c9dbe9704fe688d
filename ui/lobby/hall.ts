/** Everything the tablet shows, followed from the box: one load, then the live feed says when to look again. */
import { ApiProblem, type Api } from '@kit/api';
import { getCounters, getNotices, getQueues, getSlips, getWishes } from '@kit/calls';
import { useFollow } from '@kit/follow';
import type { CounterView, LiveEvent, QueueView, SlipView, VipRequest, Wishes } from '@kit/types';
import { onScopeDispose, ref, shallowRef, watch } from 'vue';
import { getCarPark, getLobby, getReminders, getVipRequests, type CarPark, type LobbyAnswer, type Reminder } from './calls';
import { freshOnes } from './arrivals';
import type { StaffNotice } from '@kit/staff/notices';

const RELOAD_MIN_MS = 600;
/** Waits grow also when nothing happens. */
const LOOK_EVERY_MS = 10_000;
/** How long an arrival stays lit. */
export const LIT_MS = 12_000;

export interface HallView extends Omit<LobbyAnswer, 'as_of'> {
  as_of_ms: number; counters: CounterView[]; queues: QueueView[]; slips: SlipView[]; unsent: Reminder[]; wishes: Wishes; vip: VipRequest[];
  park: CarPark;
}
const UNSENT: ReadonlySet<string> = new Set(['expired', 'refused']);

/** A list that this role may not see is an empty list, not a broken page. */
async function unlessForbidden<T>(wanted: Promise<T>, otherwise: T): Promise<T> {
  try {
    return await wanted;
  } catch (error) {
    if (error instanceof ApiProblem && error.status === 403) return otherwise;
    throw error;
  }
}

async function loadHall(api: Api): Promise<HallView> {
  const [lobby, counters, queues, { slips }, { reminders }, wishes, vip, park] = await Promise.all([
    getLobby(api), getCounters(api), getQueues(api), unlessForbidden(getSlips(api), { slips: [] }),
    unlessForbidden(getReminders(api), { reminders: [] }), unlessForbidden(getWishes(api), { diversions: [], more_time: [], seq: 0 }),
    unlessForbidden(getVipRequests(api), { requests: [], seq: 0 }), getCarPark(api),
  ]);
  return {
    ...lobby, seq: Math.min(lobby.seq, counters.seq, queues.seq), as_of_ms: Date.parse(lobby.as_of), counters: counters.counters,
    queues: queues.queues, slips, wishes, park, vip: vip.requests, unsent: reminders.filter(({ outcome }) => UNSENT.has(outcome)),
  };
}

export function useHall(api: Api, onEnded: () => void) {
  const notices = shallowRef<StaffNotice[]>([]);
  const lit = ref<ReadonlySet<string>>(new Set());
  const dimmers = new Set<ReturnType<typeof setTimeout>>();
  let seen: ReadonlySet<string> | null = null;

  async function load(): Promise<HallView> {
    const [view, told] = await Promise.all([loadHall(api), unlessForbidden(getNotices(api), { notices: [] })]);
    notices.value = told.notices;
    const fresh = freshOnes(view.arrivals, seen);
    seen = new Set(view.arrivals.map(({ ticket }) => ticket));
    if (fresh.length) light(fresh);
    return view;
  }

  function light(tickets: string[]): void {
    lit.value = new Set([...lit.value, ...tickets]);
    const dim = setTimeout(() => {
      dimmers.delete(dim);
      lit.value = new Set([...lit.value].filter((ticket) => !tickets.includes(ticket)));
    }, LIT_MS);
    dimmers.add(dim);
  }

  function hear(event: LiveEvent): void {
    if (event.type !== 'notices') return;
    notices.value = (event.body as { notices?: StaffNotice[] }).notices ?? notices.value;
  }

  const follow = useFollow<HallView>({
    topics: ['queue', 'calls', 'notices', 'devices', 'forecast'], load, onEvent: hear, reload_min_ms: RELOAD_MIN_MS,
    reloadOn: (event) => event.type !== 'notices',
  });
  watch(follow.problem, (problem) => { if (problem?.status === 401) onEnded(); });
  // A feed that is refused looks like a feed that is cut: a load tells which.
  watch(follow.state, (state) => { if (state === 'offline') void follow.reload(); });

  const timer = setInterval(() => {
    if (document.visibilityState !== 'hidden' && !follow.problem.value) void follow.reload();
  }, LOOK_EVERY_MS);
  onScopeDispose(() => {
    clearInterval(timer);
    for (const dim of dimmers) clearTimeout(dim);
  });
  return { ...follow, notices, lit };
}
export type Hall = ReturnType<typeof useHall>;
