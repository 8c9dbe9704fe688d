import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LiveFeed, type LiveOptions } from '../live';

class Socket {
  onmessage: ((message: { data: string }) => void) | null = null;
  onclose: (() => void) | null = null;
  closed = false;
  constructor(readonly url: string, readonly protocols: string[]) {}
  close(): void {
    this.closed = true;
  }
  say(message: unknown): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
}

const hello = (seq: number, beat_s?: number) => ({ hello: { seq, now: '2026-03-02T10:00:00+08:00', beat_s } });
const event = (seq: number, type = 'queue.ticket_called.v1') => ({ seq, type, body: {} });

function feed(options: Partial<LiveOptions> = {}) {
  const sockets: Socket[] = [];
  const heard: number[] = [];
  const resets: number[] = [];
  const live = new LiveFeed({
    topics: ['calls', 'queue'],
    random: () => 1,
    makeSocket: (url, protocols) => {
      const socket = new Socket(url, protocols);
      sockets.push(socket);
      return socket as unknown as WebSocket;
    },
    onEvent: ({ seq }) => heard.push(seq ?? -1),
    onReset: (seq) => resets.push(seq),
    ...options,
  });
  const last = (): Socket => sockets.at(-1) as Socket;
  return { live, sockets, heard, resets, last };
}

describe('the live feed', () => {
  beforeEach(() => { vi.useFakeTimers(); });
  afterEach(() => { vi.useRealTimers(); });

  it('asks for what follows the view and gives its token as a protocol', () => {
    const { live, last } = feed({ token: () => 'abc' });
    live.start(41);
    expect(last().url).toContain('/api/live?after=41&topics=calls,queue');
    expect(last().protocols).toEqual(['branchbox', 'bearer.abc']);
  });

  it('resumes after the last event heard and hands nothing out twice', () => {
    const { live, heard, last, sockets } = feed();
    live.start(0);
    last().say(hello(2));
    last().say(event(1));
    last().say(event(2));
    last().onclose?.();
    expect(live.state).toBe('offline');
    vi.advanceTimersByTime(1_000);
    expect(sockets).toHaveLength(2);
    expect(last().url).toContain('after=2');
    last().say(hello(3));
    last().say(event(2));
    last().say(event(3));
    expect(heard).toEqual([1, 2, 3]);
    expect(live.state).toBe('live');
  });

  it('waits longer each time the box stays away, up to 8 s', () => {
    const { live, sockets, last } = feed();
    live.start(0);
    const tries = (time_ms: number): number => {
      const before = sockets.length;
      last().onclose?.();
      vi.advanceTimersByTime(time_ms - 1);
      expect(sockets).toHaveLength(before);
      vi.advanceTimersByTime(1);
      return sockets.length - before;
    };
    for (const wait_ms of [1_000, 2_000, 4_000, 8_000, 8_000, 8_000]) expect(tries(wait_ms)).toBe(1);
  });

  it('fetches anew on a reset and goes on from there', () => {
    const { live, resets, heard, last } = feed();
    live.start(5);
    last().say(hello(900));
    last().say({ reset: { seq: 900 } });
    last().say(event(899));
    last().say(event(901));
    expect(resets).toEqual([900]);
    expect(heard).toEqual([901]);
  });

  it('takes silence for a dead line when the box beats', () => {
    const { live, last } = feed();
    live.start(0);
    last().say(hello(0, 10));
    vi.advanceTimersByTime(20_000);
    last().say({ beat: { seq: 0, now: '2026-03-02T10:00:20+08:00' } });
    vi.advanceTimersByTime(24_000);
    expect(live.state).toBe('live');
    vi.advanceTimersByTime(1_000);
    expect(live.state).toBe('offline');
  });

  it('reconnects at once when the page wakes', () => {
    const { live, sockets, last } = feed();
    live.start(7);
    last().say(hello(7));
    const asleep = last();
    live.wake();
    expect(asleep.closed).toBe(true);
    expect(sockets).toHaveLength(2);
    expect(last().url).toContain('after=7');
  });

  it('passes events without a seq (devices, notices) on', () => {
    const { live, heard, last } = feed();
    live.start(3);
    last().say(hello(3));
    last().say({ type: 'devices.status', body: {} });
    expect(heard).toEqual([-1]);
    expect(live.seq).toBe(3);
  });
});
