/** What the start screen and the ticket screen show, worked out of the box's views. Pure. */
import type { BranchView, DeviceView, PaperState, QueueView, Service, Slip, WaitRangeS } from '@kit/types';

const SOON_S = 180;
/** Nobody in the own queue may still be a wait: the counters can be busy with others. Only a forecast knows that. */
export const longerThanSoon = (wait: WaitRangeS | null): boolean => wait?.basis === 'simulated' && wait.high_s > SOON_S;

export interface ServiceRow { service: Service; waiting: number; wait: WaitRangeS | null }

/** Waiting counts every tier; the wait is that of an ordinary customer, whom the kiosk does not know otherwise. */
export function serviceRows(branch: BranchView, queues: readonly QueueView[]): ServiceRow[] {
  return branch.services.map((service) => {
    const own = queues.filter((queue) => queue.service === service.id);
    const waiting = own.reduce((sum, queue) => sum + queue.waiting, 0);
    const ordinary = own.find((queue) => queue.tier === 'normal') ?? own[0];
    const wait = ordinary?.wait ?? null;
    return { service, waiting, wait: waiting || longerThanSoon(wait) ? wait : null };
  });
}

export type Opening = 'open' | 'before' | 'after' | 'hours';
export function opening(branch: BranchView): Opening {
  if (branch.day === null) return 'before';
  if (branch.kiosk_open === false) return 'hours';
  return branch.day.state === 'open' ? 'open' : 'after';
}

export type SlipWord = 'slip.printing' | 'slip.take' | 'slip.out' | 'slip.fault' | 'slip.none';
const WITHOUT_PAPER: ReadonlySet<SlipWord> = new Set(['slip.out', 'slip.fault', 'slip.none']);
/** The slip will not come now: the screen, the phone and the voice have to tell the number. */
export const withoutPaper = (word: SlipWord): boolean => WITHOUT_PAPER.has(word);
const NO_PAPER: ReadonlySet<PaperState> = new Set(['out', 'jammed']);
const WORKING: ReadonlySet<DeviceView['device']> = new Set(['online', 'deviceBusy', 'starting']);
const BY_SLIP: Record<Slip, SlipWord> = {
  none: 'slip.none',
  queued: 'slip.printing',
  printing: 'slip.printing',
  held: 'slip.fault',
  printed: 'slip.take',
  unknown: 'slip.fault',
};

/** Passbook printers print no slips. */
const RECEIPT_PRINTERS: ReadonlySet<string> = new Set(['escpos_printer']);

export function printersOf(devices: readonly DeviceView[]): DeviceView[] {
  return devices.filter((device) => RECEIPT_PRINTERS.has(device.family));
}

/** About how many machines are free for a service; 0 where none does it. */
export function machinesFor(branch: BranchView | null, service: string): number {
  const offer = branch?.self_service;
  return offer?.services.includes(service) ? offer.free : 0;
}

/** Bank-card and ID readers; the hint that one may be used is shown only when one is there and works. */
export function hasReader(devices: readonly DeviceView[]): boolean {
  return devices.some((device) => device.family.includes('reader') && WORKING.has(device.device));
}

/**
 * What to tell the customer about the slip. A printed slip is a printed slip; anything else is read together with the
 * printers, because "out of paper" says more than "held", and a held slip comes out as soon as a printer works again.
 */
export function slipWord(slip: Slip | null, printers: readonly DeviceView[]): SlipWord {
  if (slip === 'printed' || slip === 'none') return BY_SLIP[slip];
  const stuck = printers.length > 0 && printers.every((printer) => !WORKING.has(printer.device) || hasNoPaper(printer));
  if (stuck) return printers.some(hasNoPaper) ? 'slip.out' : 'slip.fault';
  if (slip === 'held' && printers.length) return 'slip.printing';
  return BY_SLIP[slip ?? 'queued'];
}

function hasNoPaper(printer: DeviceView): boolean {
  return NO_PAPER.has(printer.paper ?? 'unknown');
}
