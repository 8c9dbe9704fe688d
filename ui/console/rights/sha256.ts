/**
 * SHA-256 (FIPS 180-4) of a file that stays on this machine. The browser's own is there only on pages with TLS, and a box in a branch has
 * none on its own network.
 */
const BLOCK_BYTES = 64;
const WORDS = 64;
const ROOM_FOR_LENGTH_BYTES = 8;
const WHOLE = 0x1_0000_0000;

function fractions(power: number, count: number): number[] {
  const found: number[] = [];
  for (let n = 2; found.length < count; n += 1) {
    let prime = true;
    for (let m = 2; m * m <= n; m += 1) if (n % m === 0) prime = false;
    if (prime) found.push(Math.floor((n ** power % 1) * WHOLE) | 0);
  }
  return found;
}
const START = fractions(1 / 2, 8) as unknown as State;
const K = fractions(1 / 3, WORDS);
const turn = (word: number, by: number): number => (word >>> by) | (word << (32 - by));

function padded(bytes: Uint8Array): DataView {
  const size = Math.ceil((bytes.length + 1 + ROOM_FOR_LENGTH_BYTES) / BLOCK_BYTES) * BLOCK_BYTES;
  const whole = new Uint8Array(size);
  whole.set(bytes);
  whole[bytes.length] = 0x80;
  const view = new DataView(whole.buffer);
  view.setUint32(size - 8, Math.floor((bytes.length * 8) / WHOLE));
  view.setUint32(size - 4, (bytes.length * 8) >>> 0);
  return view;
}

function expanded(view: DataView, at: number): Int32Array {
  const w = new Int32Array(WORDS);
  for (let n = 0; n < 16; n += 1) w[n] = view.getInt32(at + n * 4);
  for (let n = 16; n < WORDS; n += 1) {
    const [late, early] = [w[n - 2] ?? 0, w[n - 15] ?? 0];
    const s0 = turn(early, 7) ^ turn(early, 18) ^ (early >>> 3);
    const s1 = turn(late, 17) ^ turn(late, 19) ^ (late >>> 10);
    w[n] = ((w[n - 16] ?? 0) + s0 + (w[n - 7] ?? 0) + s1) | 0;
  }
  return w;
}

type State = readonly [number, number, number, number, number, number, number, number];
function mixed([a, b, c, d, e, f, g, h]: State, word: number): State {
  const one = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + word) | 0;
  const two = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
  return [(one + two) | 0, a, b, c, (d + one) | 0, e, f, g];
}

/** 64 hexadecimal digits. */
export function sha256(bytes: Uint8Array): string {
  const view = padded(bytes);
  let sum = START;
  for (let at = 0; at < view.byteLength; at += BLOCK_BYTES) {
    let state = sum;
    for (const [n, word] of expanded(view, at).entries()) state = mixed(state, (K[n] ?? 0) + word);
    sum = sum.map((word, n) => (word + (state[n] ?? 0)) | 0) as unknown as State;
  }
  return sum.map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
}
