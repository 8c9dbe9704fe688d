/**
 * The client of the box's HTTP contract. Every failure is an ApiProblem with a stable `code`: the box's own, or
 * `network_down`, `timeout`, `http_NNN` for what never became an answer. Writes keep one Idempotency-Key per intent
 * (see keys.ts) and are retried on a lost connection; reads are retried once.
 */
import { Intents } from './keys';
import type { Problem } from './types';

const TIMEOUT_MS = 8_000;
const READ_RETRY_WAITS_MS: readonly number[] = [300];
const WRITE_RETRY_WAITS_MS: readonly number[] = [300, 1_000, 2_500];
/** The box may have acted, or may act soon: ask again under the same key. */
const UNCLEAR_STATUS: ReadonlySet<number> = new Set([0, 502, 503, 504]);

export class ApiProblem extends Error {
  readonly status: number;
  readonly code: string;
  readonly detail: string | undefined;
  readonly facts: Readonly<Record<string, unknown>>;

  constructor(problem: Pick<Problem, 'status' | 'code' | 'title'> & Partial<Problem>) {
    super(problem.title);
    this.name = 'ApiProblem';
    this.status = problem.status;
    this.code = problem.code;
    this.detail = problem.detail;
    this.facts = problem.facts ?? {};
  }

  /** True when nobody knows whether the box acted. */
  get unclear(): boolean {
    return UNCLEAR_STATUS.has(this.status);
  }
}

/** Anything thrown, as a problem a page can show. */
export function asProblem(error: unknown): ApiProblem {
  if (error instanceof ApiProblem) return error;
  return new ApiProblem({ status: 0, code: 'page_error', title: String(error) });
}

export interface ApiOptions {
  base?: string;
  token?: () => string | null;
  fetch?: typeof fetch;
  sleep?: (wait_ms: number) => Promise<void>;
  intents?: Intents;
}
export interface CallOptions { timeout_ms?: number; signal?: AbortSignal }

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';
interface Attempt { method: Method; path: string; body?: unknown; key?: string; options: CallOptions }

export class Api {
  readonly #base: string;
  readonly #token: () => string | null;
  readonly #fetch: typeof fetch;
  readonly #sleep: (wait_ms: number) => Promise<void>;
  readonly #intents: Intents;

  constructor(options: ApiOptions = {}) {
    this.#base = options.base ?? '';
    this.#token = options.token ?? (() => null);
    this.#fetch = options.fetch ?? ((input, init) => fetch(input, init));
    this.#sleep = options.sleep ?? ((wait_ms) => new Promise((resolve) => { setTimeout(resolve, wait_ms); }));
    this.#intents = options.intents ?? new Intents();
  }

  get<T>(path: string, options: CallOptions = {}): Promise<T> {
    return this.#retried<T>({ method: 'GET', path, options }, READ_RETRY_WAITS_MS);
  }

  /** Creates or moves something, once per intent. A 204 answers null. */
  post<T>(path: string, body: unknown = {}, options: CallOptions = {}): Promise<T> {
    return this.#write<T>('POST', path, body, options);
  }

  put<T>(path: string, body: unknown, options: CallOptions = {}): Promise<T> {
    return this.#write<T>('PUT', path, body, options);
  }

  delete(path: string, options: CallOptions = {}): Promise<null> {
    return this.#once<null>({ method: 'DELETE', path, options });
  }

  /** The next person begins: see Intents.forgetAll. */
  forgetIntents(): void {
    this.#intents.forgetAll();
  }

  #write<T>(method: Method, path: string, body: unknown, options: CallOptions): Promise<T> {
    const signature = `${method} ${path} ${JSON.stringify(body)}`;
    return this.#intents.run<T>(
      signature,
      (key) => this.#retried<T>({ method, path, body, key, options }, WRITE_RETRY_WAITS_MS),
      (error) => error instanceof ApiProblem && error.unclear,
    );
  }

  async #retried<T>(attempt: Attempt, waits_ms: readonly number[]): Promise<T> {
    for (const wait_ms of waits_ms) {
      try {
        return await this.#once<T>(attempt);
      } catch (error) {
        if (!(error instanceof ApiProblem) || !error.unclear || attempt.options.signal?.aborted) throw error;
        await this.#sleep(wait_ms);
      }
    }
    return this.#once<T>(attempt);
  }

  async #once<T>(attempt: Attempt): Promise<T> {
    const stop = new AbortController();
    const timer = setTimeout(() => { stop.abort(); }, attempt.options.timeout_ms ?? TIMEOUT_MS);
    const giveUp = (): void => { stop.abort(); };
    attempt.options.signal?.addEventListener('abort', giveUp);
    try {
      const response = await this.#fetch(this.#base + attempt.path, this.#request(attempt, stop.signal));
      if (!response.ok) throw await problemOf(response);
      return (response.status === 204 ? null : await response.json()) as T;
    } catch (error) {
      if (error instanceof ApiProblem) throw error;
      throw new ApiProblem({ status: 0, code: stop.signal.aborted ? 'timeout' : 'network_down', title: String(error) });
    } finally {
      clearTimeout(timer);
      attempt.options.signal?.removeEventListener('abort', giveUp);
    }
  }

  #request({ method, body, key }: Attempt, signal: AbortSignal): RequestInit {
    const headers: Record<string, string> = { Accept: 'application/json' };
    const token = this.#token();
    if (token) headers['Authorization'] = `Bearer ${token}`;
    if (key) headers['Idempotency-Key'] = key;
    if (body === undefined) return { method, headers, signal, credentials: 'same-origin', cache: 'no-store' };
    headers['Content-Type'] = 'application/json';
    return { method, headers, signal, credentials: 'same-origin', body: JSON.stringify(body) };
  }
}

async function problemOf(response: Response): Promise<ApiProblem> {
  const type = response.headers.get('Content-Type') ?? '';
  if (type.includes('json')) {
    try {
      const problem = (await response.json()) as Partial<Problem>;
      if (typeof problem.code === 'string') {
        return new ApiProblem({ ...problem, title: problem.title ?? problem.code, code: problem.code, status: response.status });
      }
    } catch (error) {
      return new ApiProblem({ status: response.status, code: 'bad_answer', title: String(error) });
    }
  }
  return new ApiProblem({ status: response.status, code: `http_${String(response.status)}`, title: response.statusText });
}
