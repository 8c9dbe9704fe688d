/**
 * Gets a person's attention: vibration and a two-tone ring, every few seconds until it is stopped or a limit is
 * reached. Browsers allow either only after a touch, so `arm` is called on the first one.
 */
const REPEAT_MS = 3_000;
const ROUNDS_MAX = 40;
const PATTERN_MS = [400, 150, 400, 150, 700];
const NOTES = [
  { at_s: 0, hertz: 880 },
  { at_s: 0.22, hertz: 659 },
  { at_s: 0.44, hertz: 880 },
] as const;
const NOTE_S = 0.2;
const LOUDNESS = 0.35;

/** Does nothing where the phone cannot (iOS) or the page was not touched yet. */
function vibrate(pattern_ms: number | number[]): void {
  if (!('vibrate' in navigator) || activated() === false) return;
  navigator.vibrate(pattern_ms);
}

/** undefined: an older browser that does not say. */
function activated(): boolean | undefined {
  return (navigator as { userActivation?: { hasBeenActive: boolean } }).userActivation?.hasBeenActive;
}

export class Alarm {
  #context: AudioContext | null = null;
  #timer: ReturnType<typeof setInterval> | undefined;

  get armed(): boolean {
    return this.#context?.state === 'running';
  }

  async arm(): Promise<void> {
    if (typeof AudioContext === 'undefined') return;
    this.#context ??= new AudioContext();
    await this.#context.resume();
  }

  start(): void {
    this.stop();
    let rounds = 0;
    const sound = (): void => {
      rounds += 1;
      if (rounds > ROUNDS_MAX) this.stop();
      else this.#once();
    };
    sound();
    this.#timer = setInterval(sound, REPEAT_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
    vibrate(0);
  }

  #once(): void {
    vibrate(PATTERN_MS);
    const context = this.#context;
    if (!context || context.state !== 'running') return;
    for (const note of NOTES) {
      const tone = context.createOscillator();
      const volume = context.createGain();
      const start_s = context.currentTime + note.at_s;
      tone.frequency.value = note.hertz;
      volume.gain.setValueAtTime(LOUDNESS, start_s);
      volume.gain.exponentialRampToValueAtTime(0.001, start_s + NOTE_S);
      tone.connect(volume);
      volume.connect(context.destination);
      tone.start(start_s);
      tone.stop(start_s + NOTE_S);
    }
  }
}
