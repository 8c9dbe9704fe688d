/**
 * The live feed: one WebSocket that resumes. What is true here:
 * - `seq` only grows. On a lost connection the feed comes back with after=seq, so nothing is missed and nothing is
 *   handed out twice.
 * - {"reset"} means the box no longer has what was missed: the page fetches its views anew (`onReset`).
 * - Waits between attempts double from 1 s to 8 s with full jitter, so that a restarted box is not stormed.
 * - When the hello names `beat_s`, silence for longer than 2.5 beats is a dead line even if the socket looks open.
 * - `wake()` is for a page that may have slept: it reconnects at once and lets the box replay.
 */
import type { LiveEvent, PhoneView, Topic } from './types';

const FIRST_WAIT_MS = 500;
const LAST_WAIT_MS = 8_000;
const BEATS_TO_LOSE = 2.5;
const CONNECT_TIMEOUT_MS = 10_000;

export type LiveState = 'idle' | 'connecting' | 'live' | 'offline';
interface Message {
  hello?: { seq: number; now: string; beat_s?: number };
  beat?: { seq: number; now: string };
  reset?: { seq: number };
  seq?: number;
  ticket?: PhoneView;
  type?: string;
}

export interface LiveOptions {
  topics: readonly Topic[];
  token?: () => string | null;
  onEvent?: (event: LiveEvent) => void;
  /** A phone's own ticket, whole. */
  onTicket?: (ticket: PhoneView) => void;
  onReset: (seq: number) => void;
  onState?: (state: LiveState) => void;
  /** The box's own time, with every hello and beat. */
  onNow?: (now: string) => void;
  makeSocket?: (url: string, protocols: string[]) => WebSocket;
  random?: () => number;
}

export class LiveFeed {
  seq = 0;
  state: LiveState = 'idle';
  heard_at_ms: number | null = null;
  readonly #options: LiveOptions;
  #socket: WebSocket | null = null;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #silence: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;
  #beat_ms = 0;

  constructor(options: LiveOptions) {
    this.#options = options;
  }

  /** Begins after the view's seq. A running feed keeps its own place: moving it would skip what is still on the way. */
  start(after_seq: number): void {
    if (this.state !== 'idle') return;
    this.seq = after_seq;
    this.#connect();
  }

  stop(): void {
    this.#drop();
    this.#become('idle');
  }

  /** The page was asleep or the network changed: do not trust the open socket, do not wait for the backoff. */
  wake(): void {
    if (this.state === 'idle') return;
    this.#failures = 0;
    this.#drop();
    this.#connect();
  }

  #connect(): void {
    this.#become(this.#failures ? 'offline' : 'connecting');
    const socket = (this.#options.makeSocket ?? ((url, protocols) => new WebSocket(url, protocols)))(
      this.#url(), this.#protocols(),
    );
    this.#socket = socket;
    socket.onmessage = (message: MessageEvent<string>) => { this.#hear(JSON.parse(message.data) as Message); };
    socket.onclose = () => { if (this.#socket === socket) this.#lost(); };
    this.#expectWithin(CONNECT_TIMEOUT_MS);
  }

  #url(): string {
    const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
    return `${scheme}://${location.host}/api/live?after=${String(this.seq)}&topics=${this.#options.topics.join(',')}`;
  }

  #protocols(): string[] {
    const token = this.#options.token?.();
    return token ? ['branchbox', `bearer.${token}`] : ['branchbox'];
  }

  #hear(message: Message): void {
    this.heard_at_ms = Date.now();
    if (message.hello) this.#greet(message.hello);
    if (message.beat) this.#options.onNow?.(message.beat.now);
    this.#expectWithin(this.#beat_ms * BEATS_TO_LOSE);
    if (message.reset) {
      this.seq = message.reset.seq;
      this.#options.onReset(message.reset.seq);
    } else if (message.ticket) {
      this.#passTicket(message.seq ?? this.seq, message.ticket);
    } else if (message.type !== undefined) {
      this.#passEvent(message as unknown as LiveEvent);
    }
  }

  #greet(hello: { seq: number; now: string; beat_s?: number }): void {
    this.#failures = 0;
    this.#beat_ms = (hello.beat_s ?? 0) * 1000;
    this.#options.onNow?.(hello.now);
    this.#become('live');
  }

  #passTicket(seq: number, ticket: PhoneView): void {
    if (seq < this.seq) return;
    this.seq = seq;
    this.#options.onTicket?.(ticket);
  }

  #passEvent(event: LiveEvent): void {
    if (event.seq !== undefined) {
      if (event.seq <= this.seq) return;
      this.seq = event.seq;
    }
    this.#options.onEvent?.(event);
  }

  #expectWithin(limit_ms: number): void {
    clearTimeout(this.#silence);
    if (limit_ms > 0) this.#silence = setTimeout(() => { this.#lost(); }, limit_ms);
  }

  #lost(): void {
    this.#drop();
    this.#failures += 1;
    this.#become('offline');
    const ceiling_ms = Math.min(LAST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(this.#failures, 10));
    const wait_ms = (this.#options.random ?? Math.random)() * ceiling_ms;
    this.#retry = setTimeout(() => { this.#connect(); }, wait_ms);
  }

  #drop(): void {
    clearTimeout(this.#retry);
    clearTimeout(this.#silence);
    const socket = this.#socket;
    this.#socket = null;
    if (!socket) return;
    socket.onmessage = null;
    socket.onclose = null;
    socket.close();
  }

  #become(state: LiveState): void {
    if (this.state === state) return;
    this.state = state;
    this.#options.onState?.(state);
  }
}
