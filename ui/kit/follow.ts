/**
 * A page follows a view: fetch it, then hear what changes after its `seq`. The view is fetched again on a reset, after
 * sleep, when the network comes back, and when `reloadOn` says that an event changed it (at most once per `reload_min_ms`).
 */
import { onScopeDispose, ref, shallowRef } from 'vue';
import { ApiProblem, asProblem } from './api';
import { LiveFeed, type LiveOptions, type LiveState } from './live';
import { setBoxNow } from './time';
import type { LiveEvent } from './types';

const RELOAD_MIN_MS = 1_000;
const RETRY_MS = 3_000;

export interface FollowOptions<View extends { seq: number }>
  extends Pick<LiveOptions, 'topics' | 'token' | 'onTicket'> {
  load: () => Promise<View>;
  onEvent?: (event: LiveEvent) => void;
  reloadOn?: (event: LiveEvent) => boolean;
  reload_min_ms?: number;
}

// One closure holds the page's whole following; splitting it would only spread its six variables.
// eslint-disable-next-line max-lines-per-function
export function useFollow<View extends { seq: number }>(options: FollowOptions<View>) {
  const view = shallowRef<View | null>(null);
  const problem = shallowRef<ApiProblem | null>(null);
  const state = ref<LiveState>('idle');
  const heard_at_ms = ref<number | null>(null);
  const min_ms = options.reload_min_ms ?? RELOAD_MIN_MS;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let loaded_at_ms = 0;
  let loading: Promise<void> | null = null;
  let again = false;
  let amended = 0;

  const feed = new LiveFeed({
    topics: options.topics,
    onReset: () => { reloadSoon(); },
    onState: (now) => { state.value = now; },
    onNow: (now) => { setBoxNow(now); heard(); },
    onEvent: (event) => {
      heard();
      options.onEvent?.(event);
      if (options.reloadOn?.(event)) reloadSoon();
    },
    onTicket: (ticket) => { heard(); options.onTicket?.(ticket); },
    ...(options.token ? { token: options.token } : {}),
  });

  function heard(): void {
    heard_at_ms.value = Date.now();
  }

  async function loadOnce(): Promise<void> {
    const before = amended;
    try {
      const fresh = await options.load();
      // What began before the page was amended may not know of it, and would take it back for a moment.
      if (amended === before) view.value = fresh;
      else again = true;
      problem.value = null;
      heard();
      feed.start(fresh.seq);
    } catch (error) {
      problem.value = asProblem(error);
      if (problem.value.unclear) timer = setTimeout(() => { void reload(); }, RETRY_MS);
    } finally {
      loaded_at_ms = Date.now();
      loading = null;
    }
  }

  /** Shows what the page already knows for certain, until a fetch that began later says it. */
  function amend(change: (known: View) => View): void {
    if (!view.value) return;
    amended += 1;
    view.value = change(view.value);
  }

  /** Fetches now; a call during a fetch asks for one more after it. */
  async function reload(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    if (loading) {
      again = true;
      return loading;
    }
    loading = loadOnce();
    await loading;
    if (again) {
      again = false;
      reloadSoon();
    }
  }

  function reloadSoon(): void {
    if (timer !== undefined) return;
    timer = setTimeout(() => { void reload(); }, Math.max(0, loaded_at_ms + min_ms - Date.now()));
  }

  function wake(): void {
    if (document.visibilityState === 'hidden') return;
    feed.wake();
    void reload();
  }

  document.addEventListener('visibilitychange', wake);
  window.addEventListener('online', wake);
  window.addEventListener('pageshow', wakeIfRestored);
  function wakeIfRestored(event: PageTransitionEvent): void {
    if (event.persisted) wake();
  }
  onScopeDispose(() => {
    document.removeEventListener('visibilitychange', wake);
    window.removeEventListener('online', wake);
    window.removeEventListener('pageshow', wakeIfRestored);
    clearTimeout(timer);
    feed.stop();
  });
  void reload();
  return { view, problem, state, heard_at_ms, reload, amend };
}
