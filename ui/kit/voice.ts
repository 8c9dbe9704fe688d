/**
 * Plays clips from the box without gaps: each is scheduled on the audio clock at the end of the one before, so that
 * neither timers nor decoding are heard. A clip that is missing is left out and named in `missing`; the call goes on.
 */
import type { Sound } from './speech';

const LEAD_S = 0.08;
const ROOT = '/audio/';

interface Manifest { extension: string; duration_s: Record<string, number> }

export class Voice {
  readonly missing = new Set<string>();
  readonly #context: AudioContext;
  readonly #clips = new Map<string, Promise<AudioBuffer | null>>();
  #manifest: Promise<Manifest> | null = null;

  constructor(context: AudioContext = new AudioContext()) {
    this.#context = context;
  }

  /** False while the browser waits for a touch before it lets a page make sound. */
  get audible(): boolean {
    return this.#context.state === 'running';
  }

  async unlock(): Promise<void> {
    await this.#context.resume();
  }

  onChange(listener: () => void): void {
    this.#context.addEventListener('statechange', listener);
  }

  /** Fetches and decodes every clip, so that the first call of the day is not late. */
  async prepare(): Promise<void> {
    const manifest = await this.#listed();
    await Promise.all(Object.keys(manifest.duration_s).map((name) => this.#clip(name)));
  }

  /** Resolves when the last sound has been heard; at once when the page may not make sound. */
  async play(sounds: readonly Sound[]): Promise<void> {
    if (!this.audible) return;
    const loaded = await Promise.all(sounds.map((sound) => (typeof sound === 'number' ? sound : this.#clip(sound))));
    let at_s = this.#context.currentTime + LEAD_S;
    for (const part of loaded) {
      if (part === null) continue;
      if (typeof part === 'number') {
        at_s += part;
        continue;
      }
      const source = this.#context.createBufferSource();
      source.buffer = part;
      source.connect(this.#context.destination);
      source.start(at_s);
      at_s += part.duration;
    }
    await new Promise((resolve) => { setTimeout(resolve, Math.max(0, at_s - this.#context.currentTime) * 1000); });
  }

  #listed(): Promise<Manifest> {
    this.#manifest ??= fetch(`${ROOT}manifest.json`).then((answer) => answer.json() as Promise<Manifest>);
    return this.#manifest;
  }

  #clip(name: string): Promise<AudioBuffer | null> {
    const known = this.#clips.get(name);
    if (known) return known;
    const loading = this.#load(name);
    this.#clips.set(name, loading);
    return loading;
  }

  async #load(name: string): Promise<AudioBuffer | null> {
    try {
      const { extension } = await this.#listed();
      const answer = await fetch(`${ROOT}${name}${extension}`);
      if (answer.ok) return await this.#context.decodeAudioData(await answer.arrayBuffer());
    } catch (error) {
      // Not reachable or not decodable: asked for again at the next call.
      this.#manifest = null;
      this.missing.add(`${name}: ${String(error)}`);
    }
    this.#clips.delete(name);
    this.missing.add(name);
    return null;
  }
}
