/**
 * An intent is what a person wants once: this number, this call, this rating. It has one Idempotency-Key from the
 * first press until the box has answered for certain, over any number of attempts and presses. A double tap, a lost
 * answer and a second try after a failure are therefore the same intent and can never act twice.
 */
const KEY_BYTES = 16;
const INTENT_LIFE_MS = 120_000;
const INTENTS_MAX = 64;

/** 128 random bits in hexadecimal. crypto.randomUUID is absent on plain http, which is what a branch LAN speaks. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(KEY_BYTES));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

interface OpenIntent { key: string; since_ms: number; running: Promise<unknown> | null }

export class Intents {
  readonly #open = new Map<string, OpenIntent>();
  readonly #now: () => number;

  constructor(now: () => number = () => Date.now()) {
    this.#now = now;
  }

  /**
   * Runs `attempt` for the intent that `signature` names. A second call while the first is running shares its
   * answer; a call after an unclear end (`unclear(error)`) runs again under the same key.
   */
  async run<T>(
    signature: string, attempt: (key: string) => Promise<T>, unclear: (error: unknown) => boolean,
  ): Promise<T> {
    const intent = this.#take(signature);
    if (intent.running) return intent.running as Promise<T>;
    const running = attempt(intent.key);
    intent.running = running;
    try {
      const answer = await running;
      this.#settle(signature, intent);
      return answer;
    } catch (error) {
      intent.running = null;
      if (!unclear(error)) this.#settle(signature, intent);
      throw error;
    }
  }

  /** Another person stands here now: what the last one left unfinished is no longer repeated. */
  forgetAll(): void {
    this.#open.clear();
  }

  #take(signature: string): OpenIntent {
    const known = this.#open.get(signature);
    if (known && (known.running || this.#now() - known.since_ms < INTENT_LIFE_MS)) return known;
    const oldest = this.#open.keys().next();
    if (this.#open.size >= INTENTS_MAX && !oldest.done) this.#open.delete(oldest.value);
    const intent: OpenIntent = { key: newKey(), since_ms: this.#now(), running: null };
    this.#open.set(signature, intent);
    return intent;
  }

  #settle(signature: string, intent: OpenIntent): void {
    if (this.#open.get(signature) === intent) this.#open.delete(signature);
  }
}
