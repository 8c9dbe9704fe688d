/**
 * A device's condition in a clerk's words, and which of its buttons make sense now. Looked up by what the branch sees,
 * never by what was pressed: the bench shows what the software believes.
 */
import type { Prop } from './sandbox';

export type Tone = 'good' | 'note' | 'warn' | 'bad' | 'off';
export interface Condition { key: string; tone: Tone }

const BY_MESSAGE: Readonly<Record<string, Condition>> = {
  paperOut: { key: 'paper_out', tone: 'bad' },
  coverOpen: { key: 'cover_open', tone: 'bad' },
  paperJammed: { key: 'jammed', tone: 'bad' },
  notConnected: { key: 'unplugged', tone: 'off' },
  connectionLost: { key: 'unplugged', tone: 'off' },
  noAnswer: { key: 'no_answer', tone: 'warn' },
};
const BY_PAPER: Readonly<Record<string, Condition>> = {
  out: { key: 'paper_out', tone: 'bad' },
  jammed: { key: 'jammed', tone: 'bad' },
};
const BY_DEVICE: Readonly<Record<string, Condition>> = {
  offline: { key: 'unplugged', tone: 'off' },
  noDevice: { key: 'unplugged', tone: 'off' },
  powerOff: { key: 'power_off', tone: 'off' },
  starting: { key: 'starting', tone: 'note' },
  hardwareError: { key: 'hardware_error', tone: 'bad' },
  userError: { key: 'needs_hand', tone: 'warn' },
  deviceBusy: { key: 'busy', tone: 'note' },
};

export function conditionOf(prop: Pick<Prop, 'device' | 'paper' | 'message_code'>): Condition {
  const said = BY_MESSAGE[prop.message_code ?? ''] ?? (prop.device === 'online' ? BY_PAPER[prop.paper ?? ''] : undefined);
  if (said) return said;
  if (prop.device === 'online' && prop.paper === 'low') return { key: 'paper_low', tone: 'warn' };
  return BY_DEVICE[prop.device] ?? { key: 'ready', tone: 'good' };
}

/** Two opposite actions are one switch on the bench: `undo` is offered while `when` holds. */
export interface Lever { do: string; undo?: string; when: readonly string[] }
export const PRINTER_LEVERS: readonly Lever[] = [
  { do: 'paper_out', undo: 'paper_in', when: ['paper_out'] },
  { do: 'paper_low', undo: 'paper_in', when: ['paper_low'] },
  { do: 'cover_open', undo: 'cover_close', when: ['cover_open'] },
  { do: 'jam', undo: 'clear_jam', when: ['jammed'] },
  { do: 'unplug', undo: 'plug', when: ['unplugged', 'power_off'] },
  { do: 'power_cycle', when: [] },
  { do: 'brown_out', when: [] },
];

/** The action a lever offers now. */
export function offered(lever: Lever, condition: Condition): string {
  return lever.undo && lever.when.includes(condition.key) ? lever.undo : lever.do;
}
export const pulled = (lever: Lever, condition: Condition): boolean => lever.when.includes(condition.key);

/** Actions no lever knows: a newer emulator's, shown by their plain names. */
export function others(actions: readonly string[], levers: readonly Lever[]): string[] {
  const known = new Set(levers.flatMap((lever) => [lever.do, lever.undo ?? lever.do]));
  return actions.filter((action) => !known.has(action));
}
