/** The terminal as a teller meets it: real components, the box's answers by hand. */
import { Api } from '@kit/api';
import { locale } from '@kit/i18n';
import type { CounterView } from '@kit/types';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createApp, nextTick, type App } from 'vue';
import DeskPage from '../DeskPage.vue';
import { counter, queue, SERVICES, ticket } from './given';

class SilentSocket {
  onmessage = null;
  onclose = null;
  close(): void { /* nobody listens */ }
}

let app: App;
let calls: { path: string; key: string | null }[];
let mine: CounterView;
let nextAnswer: () => Response;

const json = (body: unknown, status = 200): Response =>
  new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json' } });
const staff = { staff_no: '1002', name: '李强' };
const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 12; turn += 1) await nextTick();
  await new Promise((resolve) => { setTimeout(resolve, 0); });
  await nextTick();
};

function answer(path: string, init: RequestInit | undefined): Response {
  if (init?.method === 'POST') calls.push({ path, key: new Headers(init.headers).get('Idempotency-Key') });
  if (path.endsWith('/next')) return nextAnswer();
  const views: Record<string, unknown> = {
    '/api/branch': {
      branch: { id: '1', name: '示范支行', name_en: 'Demo', timezone: 'Asia/Shanghai' }, services: SERVICES, counters: [],
      tiers: [], day: null, languages: [], guest_url: '', sandbox: false, now: new Date().toISOString(),
    },
    '/api/counters': { counters: [mine], seq: 5, as_of: new Date().toISOString() },
    '/api/queues': { queues: [queue('personal.normal', 1, 90)], seq: 5, as_of: new Date().toISOString() },
    '/api/tickets': { tickets: [ticket('A013')], seq: 5 },
    '/api/slips': { slips: [] },
    '/api/arrivals': { arrivals: [], seq: 5 },
    '/api/wishes': { diversions: [], more_time: [], seq: 5 },
    '/api/notices': { notices: [{ code: 'printer_paper_out', severity: 'warning', since: new Date().toISOString(), facts: {} }] },
  };
  const view = views[path.split('?')[0] ?? ''];
  return view ? json(view) : json({ code: 'not_found', title: '', status: 404 }, 404);
}

async function open(): Promise<HTMLElement> {
  const host = document.createElement('div');
  document.body.replaceChildren(host);
  const api = new Api({
    fetch: (input, init) => Promise.resolve(answer(String(input as string), init)), sleep: () => Promise.resolve(),
  });
  app = createApp(DeskPage, { api, staff, enter: () => Promise.resolve(), leave: () => Promise.resolve() });
  app.mount(host);
  await settle();
  return host;
}
const press = async (key: string): Promise<void> => {
  document.body.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
  await settle();
};
const button = (host: HTMLElement, text: string): HTMLButtonElement => {
  const found = [...host.querySelectorAll('button')].find((one) => one.textContent.includes(text));
  if (!found) throw new Error(`no button ${text}`);
  return found;
};

beforeEach(() => {
  vi.stubGlobal('WebSocket', SilentSocket);
  Element.prototype.scrollIntoView = () => undefined;
  localStorage.clear();
  locale.value = 'zh-CN';
  calls = [];
  mine = counter({ staff });
  const called = ticket('A012', { state: 'called', calls: 1, called_at: new Date().toISOString() });
  const why = { rule: 'r', text_code: 'waited_longest', candidates: [] };
  nextAnswer = () => { mine = counter({ staff, ticket: called }); return json({ ticket: called, why }); };
});
afterEach(() => { app.unmount(); vi.unstubAllGlobals(); });

describe('the terminal', () => {
  it('calls the next customer with one key and says who and why', async () => {
    const host = await open();
    expect(host.textContent).toContain('可以叫下一位了');
    await press('F9');
    expect(calls.map((call) => call.path)).toEqual(['/api/counters/counter-2/next']);
    expect(host.textContent).toContain('A012');
    expect(host.textContent).toContain('同级客户中等得最久');
  });

  it('does not take a second Next while the number has just been called', async () => {
    const host = await open();
    await press('Enter');
    await press('Enter');
    expect(calls).toHaveLength(1);
    expect(button(host, '下一位').disabled).toBe(true);
    expect(host.textContent).toContain('刚刚叫过 A012');
  });

  it('repeats a lost Next under the same key', async () => {
    await open();
    const good = nextAnswer;
    let lost = 2;
    nextAnswer = () => {
      lost -= 1;
      return lost < 0 ? good() : json({ code: 'timed_out', title: '', status: 503 }, 503);
    };
    await press('F9');
    expect(calls).toHaveLength(3);
    expect(new Set(calls.map((call) => call.key)).size).toBe(1);
  });

  it('says so when nobody is waiting, and opens the counter', async () => {
    nextAnswer = () => new Response(null, { status: 204 });
    const host = await open();
    await press('F9');
    expect(host.querySelector('[aria-live]')?.closest('.desk')?.textContent).toContain('没有客户在等');
  });

  it('keeps the page and asks for the password when the session has ended', async () => {
    nextAnswer = () => json({ code: 'unauthenticated', title: '', status: 401 }, 401);
    const host = await open();
    await press('F9');
    expect(host.querySelector('[role=dialog]')?.textContent).toContain('登录已过期');
    expect(host.textContent).toContain('2 号窗口');
    expect(host.querySelector<HTMLInputElement>('input[autocomplete=username]')?.value).toBe('1002');
  });

  it('shows what the box tells its staff, and the free counters to somebody who sits nowhere', async () => {
    mine = counter({ state: 'closed' });
    const host = await open();
    expect(host.textContent).toContain('取号机缺纸');
    expect(host.textContent).toContain('您在哪个窗口');
    await press('2');
    expect(calls.map((call) => call.path)).toEqual(['/api/counters/counter-2/sign-in']);
  });

  it('marks whoever came by appointment', async () => {
    mine = counter({ staff, ticket: ticket('A013', { state: 'called', tier: 'priority', appointment: true }) });
    const host = await open();
    expect(host.querySelector('.marks')?.textContent).toBe('预约客户');
  });
});
