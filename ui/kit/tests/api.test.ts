import { describe, expect, it } from 'vitest';
import { Api, ApiProblem } from '../api';

type Reply = Response | Error;
interface Seen { path: string; key: string | null; authorization: string | null; body: string | null }

function box(...replies: Reply[]) {
  const seen: Seen[] = [];
  const fetch = (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const headers = new Headers(init?.headers);
    seen.push({
      path: String(input as string),
      key: headers.get('Idempotency-Key'),
      authorization: headers.get('Authorization'),
      body: (init?.body as string | undefined) ?? null,
    });
    const reply = replies.shift() ?? new Error('nothing left to answer');
    return reply instanceof Error ? Promise.reject(reply) : Promise.resolve(reply);
  };
  const api = new Api({ fetch, token: () => 'device-token', sleep: () => Promise.resolve() });
  return { api, seen };
}

const ok = (body: unknown, status = 200): Response => new Response(JSON.stringify(body), { status });
const refused = (status: number, code: string, facts = {}): Response =>
  new Response(JSON.stringify({ type: 'about:blank', title: code, status, code, facts }), {
    status, headers: { 'Content-Type': 'application/problem+json' },
  });

describe('a write', () => {
  it('keeps one key over lost connections and busy answers', async () => {
    const { api, seen } = box(new TypeError('network'), refused(503, 'overloaded'), ok({ number: 'A001' }, 201));
    await expect(api.post('/api/tickets', { service: 'personal' })).resolves.toEqual({ number: 'A001' });
    expect(new Set(seen.map(({ key }) => key)).size).toBe(1);
    expect(seen).toHaveLength(3);
  });

  it('keeps the key when the person presses again after the tries ran out', async () => {
    const lost = Array.from({ length: 4 }, () => new TypeError('network'));
    const { api, seen } = box(...lost, ok({ number: 'A001' }, 201));
    await expect(api.post('/api/tickets', { service: 'personal' })).rejects.toMatchObject({ code: 'network_down' });
    await api.post('/api/tickets', { service: 'personal' });
    expect(new Set(seen.map(({ key }) => key)).size).toBe(1);
  });

  it('is sent once when tapped twice, and both taps get the answer', async () => {
    const { api, seen } = box(ok({ number: 'A001' }, 201));
    const answers = await Promise.all([api.post('/api/tickets', { service: 'a' }), api.post('/api/tickets', { service: 'a' })]);
    expect(answers).toEqual([{ number: 'A001' }, { number: 'A001' }]);
    expect(seen).toHaveLength(1);
  });

  it('is a new intent after a clear answer, a refusal, or the next person', async () => {
    const { api, seen } = box(ok({}), refused(409, 'service_closed'), ok({}));
    await api.post('/api/x');
    await expect(api.post('/api/x')).rejects.toBeInstanceOf(ApiProblem);
    await api.post('/api/x');
    expect(new Set(seen.map(({ key }) => key)).size).toBe(3);
  });

  it('does not carry an unfinished intent over to the next person', async () => {
    const lost = Array.from({ length: 4 }, () => new TypeError('network'));
    const { api, seen } = box(...lost, ok({}));
    await expect(api.post('/api/x')).rejects.toBeInstanceOf(ApiProblem);
    api.forgetIntents();
    await api.post('/api/x');
    expect(seen.at(-1)?.key).not.toBe(seen[0]?.key);
  });

  it('answers null for 204', async () => {
    const { api } = box(new Response(null, { status: 204 }));
    await expect(api.post('/api/counters/1/next')).resolves.toBeNull();
  });
});

describe('a read', () => {
  it('carries the token, no key, and is tried twice', async () => {
    const { api, seen } = box(new TypeError('network'), ok({ queues: [] }));
    await api.get('/api/queues');
    expect(seen).toHaveLength(2);
    expect(seen[1]).toMatchObject({ key: null, authorization: 'Bearer device-token' });
  });

  it('gives the box’s own code and facts', async () => {
    const { api } = box(refused(429, 'locked_out', { retry_s: 30 }));
    await expect(api.get('/api/session')).rejects.toMatchObject({ status: 429, code: 'locked_out', facts: { retry_s: 30 } });
  });

  it('has a code even for an answer that is no problem document', async () => {
    const { api } = box(new Response('<html>', { status: 404 }));
    await expect(api.get('/api/x')).rejects.toMatchObject({ code: 'http_404' });
  });
});
