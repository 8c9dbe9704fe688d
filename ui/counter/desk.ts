/** Everything the terminal shows, followed from the box: one load, then the live feed says when to look again. */
import { ApiProblem, type Api } from '@kit/api';
import { getArrivals, getBranch, getCounters, getNotices, getQueues, getSlips, getTickets, getWishes } from '@kit/calls';
import { useFollow } from '@kit/follow';
import { setTimezone } from '@kit/time';
import type {
  Arrival, BranchView, CounterView, LiveEvent, Notice, QueueView, SlipView, TicketView,
} from '@kit/types';
import { computed, onScopeDispose, ref, shallowRef, watch } from 'vue';
import { useWays } from './ways';
import { keepWhy, keptWhy, roundOfEvent, whyOfEvent, type KeptWhy, type Round } from './why';

const LIST_LIMIT = 300;
const RELOAD_MIN_MS = 400;

export interface DeskView {
  seq: number; as_of_ms: number; counters: CounterView[]; queues: QueueView[]; tickets: TicketView[]; slips: SlipView[];
  arrivals: Arrival[];
  /** Tickets whose holders asked for more time. */
  later: ReadonlySet<string>;
}

/** A list that this role may not see is an empty list, not a broken page. */
async function unlessForbidden<T>(wanted: Promise<T>, otherwise: T): Promise<T> {
  try {
    return await wanted;
  } catch (error) {
    if (error instanceof ApiProblem && error.status === 403) return otherwise;
    throw error;
  }
}

async function loadDesk(api: Api): Promise<DeskView> {
  const [counters, queues, tickets, slips, { arrivals }, { more_time }] = await Promise.all([
    getCounters(api), getQueues(api), getTickets(api, { state: 'waiting,parked,no_show', limit: LIST_LIMIT }),
    unlessForbidden(getSlips(api), { slips: [] }), unlessForbidden(getArrivals(api), { arrivals: [], seq: 0 }),
    unlessForbidden(getWishes(api), { diversions: [], more_time: [], seq: 0 }),
  ]);
  return {
    seq: Math.min(counters.seq, queues.seq, tickets.seq), as_of_ms: Date.parse(queues.as_of),
    counters: counters.counters, queues: queues.queues, tickets: tickets.tickets, slips: slips.slips, arrivals,
    later: new Set(more_time.map(({ ticket }) => ticket)),
  };
}

export function useDesk(api: Api, staff_no: () => string) {
  const branch = shallowRef<BranchView | null>(null);
  const notices = shallowRef<Notice[]>([]);
  const why = shallowRef<KeptWhy | null>(keptWhy());
  const round = shallowRef<Round | null>(null);
  const ended = ref(false);

  async function load(): Promise<DeskView> {
    if (!branch.value) {
      branch.value = await getBranch(api);
      setTimezone(branch.value.branch.timezone);
    }
    const [view, told] = await Promise.all([loadDesk(api), unlessForbidden(getNotices(api), { notices: [] })]);
    notices.value = told.notices;
    return view;
  }

  function learnWhy(kept: KeptWhy): void {
    why.value = kept;
    keepWhy(kept);
  }

  /** Another window of this browser pressed Next and learnt why. */
  const learnElsewhere = (): void => { why.value = keptWhy() ?? why.value; };
  window.addEventListener('storage', learnElsewhere);
  onScopeDispose(() => { window.removeEventListener('storage', learnElsewhere); });

  function hear(event: LiveEvent): void {
    if (event.topic === 'notices' || event.type === 'notices') {
      notices.value = (event.body as { notices?: Notice[] }).notices ?? notices.value;
      return;
    }
    if (event.body['counter'] !== counter.value?.id) return;
    round.value = roundOfEvent(event) ?? round.value;
    const kept = whyOfEvent(event);
    if (kept) learnWhy(kept);
  }

  const follow = useFollow<DeskView>({
    topics: ['queue', 'calls', 'notices', 'forecast'],
    load,
    onEvent: hear,
    reloadOn: (event) => event.type !== 'notices',
    reload_min_ms: RELOAD_MIN_MS,
  });
  /** Where this teller is signed in, as the box knows it. */
  const counter = computed(() => follow.view.value?.counters.find((one) => one.staff?.staff_no === staff_no()) ?? null);

  const ways = useWays(api, () => counter.value?.id);

  watch(follow.problem, (problem) => { ended.value = problem?.status === 401; });
  // A feed that is refused looks like a feed that is cut: a load tells which.
  watch(follow.state, (state) => { if (state === 'offline') void follow.reload(); });

  /** What the box answered to a press, shown before the next load confirms it. */
  function patchCounter(fresh: CounterView): void {
    follow.amend((view) => ({ ...view, counters: view.counters.map((one) => (one.id === fresh.id ? fresh : one)) }));
  }

  function patchTicket(ticket: TicketView): void {
    const mine = counter.value;
    if (!mine) return;
    const inHand = ticket.state === 'called' || ticket.state === 'serving';
    patchCounter({ ...mine, state: 'open', ticket: inHand ? ticket : null });
  }

  return { ...follow, branch, notices, why, round, ended, counter, ways, learnWhy, patchCounter, patchTicket };
}
export type Desk = ReturnType<typeof useDesk>;
