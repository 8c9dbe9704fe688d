import type { BranchView, DisplayView, SyncView } from '@kit/types';
import { describe, expect, it } from 'vitest';
import type { Sandbox } from '../../bench/sandbox';
import { demoCards, plainCards, type Demo } from '../cards';

const sandbox: Sandbox = {
  services: [], counters: [{ id: 'counter-1', number: 1 }], staff: [], customers: [], kiosk_token: 'k', display_token: 'd',
  devices: [{ id: 'printer-1', family: 'escpos_printer', model: 'm', name: { zh: '小票打印机', en: 'Receipt printer' }, actions: [], forms: {}, device: 'online', paper: 'full', waiting_jobs: 0 }],
  head_office_url: 'http://127.0.0.1:8090', guest_url: '', wan: { up: true }, clock: { now: '' },
};
const display: DisplayView = {
  calls: [{ ticket: 't', number: 'A012', counter_number: 2, counter_name: '', called_at: '', call_no: 1 }],
  waiting: [{ service: 'a', name: '', name_en: '', waiting: 3 }, { service: 'b', name: '', name_en: '', waiting: 2 }], seq: 1,
};
const sync: SyncView = { head_office: 'connected', received_seq: 1, head_seq: 8, pending: 7, last_contact_at: null, age_s: null };
const branch = { counters: [], day: { date: '2026-03-02', state: 'open' } } as unknown as BranchView;
const queue = { id: 'a.normal', service: 'a', tier: 'normal', waiting: 2, longest_wait_s: 610, called: 0, serving: 0 } as const;
const demo = (given: Partial<Demo> = {}): Demo => ({ branch, queues: [queue], sandbox, display, sync, counters: [], outputs: [], ...given });
const fact = (given: Demo, surface: string) => demoCards(given).find((card) => card.surface === surface)?.fact;

describe('the front page', () => {
  it('shows one live fact beside each surface', () => {
    expect(fact(demo(), 'kiosk')).toMatchObject({ values: { n: 5 } });
    expect(fact(demo(), 'display')).toMatchObject({ values: { number: 'A012', counter: 2 } });
    expect(fact(demo(), 'bench')).toMatchObject({ key: 'fact.printer_fine' });
    expect(fact(demo(), 'lobby')).toMatchObject({ key: 'fact.longest', values: { n: 10 } });
    expect(fact(demo({ queues: [] }), 'lobby')).toMatchObject({ key: 'fact.nobody' });
    expect(fact(demo(), 'console')).toMatchObject({ key: 'day.open' });
    expect(fact(demo(), 'office')).toMatchObject({ key: 'fact.wan_up' });
    expect(fact(demo({ sandbox: { ...sandbox, wan: { up: false } } }), 'office')).toMatchObject({ values: { n: 7 }, tone: 'bad' });
    expect(fact(demo({ sandbox: { ...sandbox, head_office_url: null } }), 'office')).toMatchObject({ key: 'fact.wan_none' });
  });

  it('opens device pages with their tokens, and the phone of the newest slip once there is one', () => {
    const slips = [{ n: 1, text: '[QR http://x/t/abc]', png: '', at: '', copy: false, complete: true }];
    const href = (surface: string, given = demo()) => demoCards(given).find((card) => card.surface === surface)?.href;
    expect(href('kiosk')).toBe('/kiosk#token=k');
    expect(href('display')).toBe('/display#token=d');
    expect(href('phone')).toBeNull();
    expect(href('phone', demo({ outputs: [{ slips, calls: [], sms: [], produced: [] }] }))).toBe('/t/abc');
  });

  it('has neither bench nor tokens without the sandbox', () => {
    const cards = plainCards({ counters: [] } as unknown as BranchView);
    expect(cards.map((card) => card.surface)).toEqual(['counter', 'lobby', 'console', 'kiosk', 'display', 'phone']);
    expect(cards.some((card) => card.href?.includes('token'))).toBe(false);
  });
});
