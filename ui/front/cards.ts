/** The front page's cards: where each leads and the one small fact it shows. Pure; the page only asks and draws. */
import { conditionOf } from '../bench/condition';
import { lastPhonePath, withToken, type Output, type Sandbox } from '../bench/sandbox';
import type { BranchView, CounterView, DisplayView, QueueView, SyncView } from '@kit/types';
import type { Key } from './text';

export type Surface = 'kiosk' | 'display' | 'counter' | 'phone' | 'lobby' | 'console' | 'bench' | 'office';
export type Tone = 'good' | 'note' | 'warn' | 'bad' | 'off';
export interface Fact { key: Key; values?: Record<string, string | number>; tone: Tone }
export interface SurfaceCard { surface: Surface; href: string | null; fact: Fact | null }
export interface Demo {
  branch: BranchView; sandbox: Sandbox; display: DisplayView; sync: SyncView; counters: CounterView[]; queues: QueueView[]; outputs: Output[];
}

function waitingFact(display: DisplayView): Fact {
  const n = display.waiting.reduce((sum, one) => sum + one.waiting, 0);
  return n ? { key: 'fact.waiting', values: { n }, tone: 'note' } : { key: 'fact.nobody', tone: 'off' };
}

function callFact(display: DisplayView): Fact {
  const last = display.calls[0];
  if (!last) return { key: 'fact.no_call', tone: 'off' };
  return { key: 'fact.last_call', values: { number: last.number, counter: last.counter_number }, tone: 'note' };
}

function printerFact(sandbox: Sandbox): Fact | null {
  const tones = sandbox.devices.map((device) => conditionOf(device));
  if (!tones.length) return null;
  if (tones.some(({ tone }) => tone === 'bad' || tone === 'off')) return { key: 'fact.printer_bad', tone: 'bad' };
  if (tones.some(({ tone }) => tone === 'warn')) return { key: 'fact.printer_low', tone: 'warn' };
  return { key: 'fact.printer_fine', tone: 'good' };
}

function wanFact({ sandbox, sync }: Demo): Fact {
  if (sandbox.head_office_url === null) return { key: 'fact.wan_none', tone: 'off' };
  if (!sandbox.wan.up) return { key: 'fact.wan_down', values: { n: sync.pending }, tone: 'bad' };
  return { key: 'fact.wan_up', tone: 'good' };
}

function staffedFact(counters: CounterView[]): Fact {
  const staffed = counters.filter((counter) => counter.staff).length;
  if (!staffed) return { key: 'fact.unstaffed', tone: 'off' };
  return { key: 'fact.staffed', values: { n: staffed, all: counters.length }, tone: 'good' };
}

function longestFact(queues: QueueView[]): Fact {
  const longest_s = Math.max(0, ...queues.filter(({ waiting }) => waiting > 0).map(({ longest_wait_s }) => longest_wait_s));
  if (!longest_s) return { key: 'fact.nobody', tone: 'off' };
  return { key: 'fact.longest', values: { n: Math.max(1, Math.round(longest_s / 60)) }, tone: 'note' };
}

function dayFact(branch: BranchView): Fact {
  return branch.day?.state === 'open' ? { key: 'day.open', tone: 'good' } : { key: 'day.closed', tone: 'off' };
}

/** Without the sandbox a browser has no device's token and no bench: it may open the counter, and the rest only says how. */
export function plainCards(branch: BranchView): SurfaceCard[] {
  return [
    { surface: 'counter', href: '/counter', fact: { key: 'fact.counters', values: { n: branch.counters.length }, tone: 'note' } },
    { surface: 'lobby', href: '/lobby', fact: null },
    { surface: 'console', href: '/console', fact: null },
    { surface: 'kiosk', href: '/kiosk', fact: { key: 'enrol', tone: 'off' } },
    { surface: 'display', href: '/display', fact: { key: 'enrol', tone: 'off' } },
    { surface: 'phone', href: null, fact: { key: 'scan', tone: 'off' } },
  ];
}

export function demoCards(demo: Demo): SurfaceCard[] {
  const { sandbox, display, outputs } = demo;
  const phone = lastPhonePath(outputs.flatMap((output) => output.slips));
  return [
    { surface: 'kiosk', href: withToken('/kiosk', sandbox.kiosk_token), fact: waitingFact(display) },
    { surface: 'display', href: withToken('/display', sandbox.display_token), fact: callFact(display) },
    { surface: 'counter', href: '/counter', fact: staffedFact(demo.counters) },
    { surface: 'lobby', href: '/lobby', fact: longestFact(demo.queues) },
    { surface: 'phone', href: phone, fact: phone ? { key: 'fact.phone', tone: 'note' } : { key: 'fact.no_phone', tone: 'off' } },
    { surface: 'console', href: '/console', fact: dayFact(demo.branch) },
    { surface: 'bench', href: '/bench', fact: printerFact(sandbox) },
    { surface: 'office', href: sandbox.head_office_url, fact: wanFact(demo) },
  ];
}
