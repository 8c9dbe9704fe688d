/**
 * Keys of the teller's keyboard, as data that the teller may change. Function keys act wherever the focus is; Enter acts
 * only while no control has the focus, because there it belongs to that control.
 */
import { recall, remember } from '@kit/storage';

export const HOT_ACTIONS = ['next', 'recall', 'serve', 'finish', 'transfer', 'park', 'no_show', 'pause'] as const;
export type HotAction = (typeof HOT_ACTIONS)[number];
export type KeyTable = Readonly<Record<HotAction, readonly string[]>>;

export const DEFAULT_KEYS: KeyTable = {
  next: ['F9', 'Enter'],
  recall: ['F8'],
  serve: ['F7'],
  finish: ['F6'],
  transfer: ['F4'],
  park: ['F3'],
  no_show: ['F2'],
  pause: ['F10'],
};
const SLOT = 'bb.counter_keys';
const KEYS_MAX = 2;
/** Taken by the browser or needed to move about: cannot be given to an action. */
const RESERVED: ReadonlySet<string> = new Set([
  'Tab', 'Escape', ' ', 'Shift', 'Control', 'Alt', 'Meta', 'CapsLock', 'NumLock', 'ScrollLock', 'F5', 'F11', 'F12',
  'ArrowUp', 'ArrowDown', 'ArrowLeft', 'ArrowRight', 'Process', 'Unidentified', 'Dead',
]);
const NAMES: Readonly<Record<string, string>> = { '+': 'Num +', '-': 'Num −', '*': 'Num ×', '/': 'Num ÷' };
const FUNCTION_KEY = /^F\d{1,2}$/;
const CONTROLS = 'button, a[href], input, select, textarea, summary, [role="tab"], [contenteditable]';

interface Pressed { key: string; ctrlKey: boolean; altKey: boolean; metaKey: boolean; repeat: boolean; isComposing: boolean }

/** The key's name in the table; null for what can never be a hot key. */
export function keyOf(event: Pressed): string | null {
  if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing || RESERVED.has(event.key)) return null;
  return event.key.length === 1 ? event.key.toUpperCase() : event.key;
}

export const keyLabel = (key: string): string => NAMES[key] ?? key;

/** The action a key press asks for. `atControl`: a control has the focus. */
export function actionFor(table: KeyTable, event: Pressed, atControl: boolean): HotAction | null {
  const key = event.repeat ? null : keyOf(event);
  if (key === null || (atControl && !FUNCTION_KEY.test(key))) return null;
  return HOT_ACTIONS.find((action) => table[action].includes(key)) ?? null;
}

export function isControl(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest(CONTROLS) !== null;
}

/** Gives `key` to `action` as its first key and takes it from whoever had it. */
export function rebind(table: KeyTable, action: HotAction, key: string): KeyTable {
  const free: Record<HotAction, readonly string[]> = { ...table };
  for (const one of HOT_ACTIONS) free[one] = table[one].filter((other) => other !== key);
  return { ...free, [action]: [key, ...free[action]].slice(0, KEYS_MAX) };
}

function isKeyTable(value: unknown): value is KeyTable {
  if (typeof value !== 'object' || value === null) return false;
  const rows = value as Record<string, unknown>;
  return HOT_ACTIONS.every((action) => {
    const keys = rows[action];
    return Array.isArray(keys) && keys.every((key) => typeof key === 'string' && !RESERVED.has(key));
  });
}

/** What was kept, or the defaults where nothing sound was kept. */
export function parseKeys(kept: string | null): KeyTable {
  if (kept === null) return DEFAULT_KEYS;
  try {
    const value: unknown = JSON.parse(kept);
    return isKeyTable(value) ? value : DEFAULT_KEYS;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return DEFAULT_KEYS;
  }
}

export const keptKeys = (): KeyTable => parseKeys(recall(SLOT));
export const keepKeys = (table: KeyTable): void => { remember(SLOT, JSON.stringify(table)); };
