import { Api } from '@kit/api';
import { locale } from '@kit/i18n';
import type { Sound } from '@kit/speech';
import type { BranchView, DeviceView, IssuedTicket, QueueView } from '@kit/types';
import { effectScope, nextTick, ref } from 'vue';
import { describe, expect, it } from 'vitest';
import { useAloud } from './aloud';
import { hasReader, machinesFor, opening, serviceRows, slipWord, type SlipWord } from './rows';
import { grouped, isWhole } from './code';
import { useVisit } from './visit';

const branch: BranchView = {
  branch: { id: '0001', name: '示范支行', name_en: 'Demo Branch', timezone: 'Asia/Shanghai' },
  services: [{ id: 'personal', name: '个人业务', name_en: 'Personal', letter: 'A', hint: '', hint_en: '', open: true }],
  counters: [], tiers: ['gold', 'normal'], day: { date: '2026-03-02', state: 'open' }, languages: [], guest_url: '', sandbox: false,
  now: '2026-03-02T10:00:00+08:00',
};
const queue = (tier: 'gold' | 'normal', waiting: number): QueueView => ({
  id: `personal.${tier}`, service: 'personal', tier, waiting, longest_wait_s: 0, called: 0, serving: 0,
  wait: { low_s: tier === 'gold' ? 60 : 600, high_s: 900 },
});
const printer = (paper: DeviceView['paper'], device: DeviceView['device'] = 'online'): DeviceView => ({
  id: 'p', family: 'escpos_printer', model: '', device, paper, waiting_jobs: 0,
});

describe('the start screen', () => {
  it('counts every tier and promises only what an ordinary customer gets', () => {
    expect(serviceRows(branch, [queue('gold', 2), queue('normal', 5)])).toMatchObject([{ waiting: 7, wait: { low_s: 600 } }]);
    expect(serviceRows(branch, [])).toMatchObject([{ waiting: 0, wait: null }]);
  });

  it('knows before from after opening', () => {
    expect(opening(branch)).toBe('open');
    expect(opening({ ...branch, day: null })).toBe('before');
    expect(opening({ ...branch, day: { date: '2026-03-02', state: 'closed' } })).toBe('after');
    expect(opening({ ...branch, kiosk_open: false })).toBe('hours');
  });

  it('offers machines only for what they do', () => {
    const withMachines = { ...branch, self_service: { machines: 3, free: 2, services: ['personal'] } };
    expect([machinesFor(withMachines, 'personal'), machinesFor(withMachines, 'forex'), machinesFor(branch, 'personal')]).toEqual([2, 0, 0]);
  });

  it('hints at a reader only when one works', () => {
    const reader: DeviceView = { id: 'r', family: 'id_reader', model: '', device: 'online', waiting_jobs: 0 };
    expect(hasReader([printer('full')])).toBe(false);
    expect(hasReader([reader])).toBe(true);
    expect(hasReader([{ ...reader, device: 'noDevice' }])).toBe(false);
  });
});

describe('the number said aloud', () => {
  const digits = (sounds: readonly Sound[]): string => sounds.filter((sound) => /^(zh|en)\/.$/.test(String(sound))).join(' ');
  const standing = async (touch: boolean) => {
    const heard: string[] = [];
    const speaker = { unlock: () => Promise.resolve(), play: (sounds: readonly Sound[]) => { heard.push(digits(sounds)); return Promise.resolve(); } };
    const ticket = ref<IssuedTicket | null>(null);
    const word = ref<SlipWord>('slip.printing');
    const scope = effectScope();
    scope.run(() => {
      const { touched } = useAloud(ticket, word, locale, () => speaker);
      if (touch) touched();
    });
    const becomes = async (number: string | null, says: SlipWord) => {
      ticket.value = number === null ? null : ({ id: number, number } as IssuedTicket);
      word.value = says;
      await nextTick();
    };
    await becomes('A02', 'slip.printing');
    return { heard, becomes, scope };
  };

  it('is, once, where no slip comes, and again for the next person', async () => {
    const { heard, becomes, scope } = await standing(true);
    expect(heard).toEqual([]);
    await becomes('A02', 'slip.out');
    await becomes('A02', 'slip.fault');
    expect(heard).toEqual(['zh/a zh/0 zh/2 zh/a zh/0 zh/2']);
    await becomes(null, 'slip.out');
    await becomes('B1', 'slip.out');
    expect(heard).toHaveLength(2);
    scope.stop();
  });

  it('is in English for whoever chose English, and silent where nobody touched the screen', async () => {
    locale.value = 'en';
    const { heard, becomes, scope } = await standing(true);
    await becomes('A02', 'slip.none');
    expect(heard).toEqual(['en/a en/0 en/2 en/a en/0 en/2']);
    scope.stop();
    const alone = await standing(false);
    await alone.becomes('A02', 'slip.none');
    expect(alone.heard).toEqual([]);
    alone.scope.stop();
    locale.value = 'zh-CN';
  });
});

describe('the word about the slip', () => {
  it.each([
    ['printed', printer('full'), 'slip.take'],
    ['printed', printer('out'), 'slip.take'],
    ['printing', printer('full'), 'slip.printing'],
    ['queued', printer('out', 'userError'), 'slip.out'],
    ['held', printer('out', 'userError'), 'slip.out'],
    ['held', printer('full'), 'slip.printing'],
    ['queued', printer('full', 'offline'), 'slip.fault'],
    ['none', printer('full'), 'slip.none'],
    [null, printer('low'), 'slip.printing'],
  ] as const)('%s', (slip, device, word) => {
    expect(slipWord(slip, [device])).toBe(word);
  });

  it('is "not working" for a held slip of a printer it knows nothing about', () => {
    expect(slipWord('held', [])).toBe('slip.fault');
  });

  it('is not "out of paper" while another printer can print', () => {
    expect(slipWord('queued', [printer('out', 'userError'), printer('full')])).toBe('slip.printing');
  });
});

describe('a code', () => {
  it('is whole with six or twelve digits, and shown in threes', () => {
    expect([isWhole('123456'), isWhole('1234567'), isWhole('123456789012')]).toEqual([true, false, true]);
    expect(grouped('1234')).toEqual(['123', '4··']);
    expect(grouped('1234567')).toEqual(['123', '456', '7··', '···']);
  });
});

describe('a visit', () => {
  const issued = { id: 't-1', number: 'A001', service: 'personal', tier: 'normal', ahead: 0, token: 'x', phone_url: '/t/x' };

  function kiosk(answer: (path: string) => Promise<Response>, machineFor?: (service: string) => boolean) {
    const posts: string[] = [];
    const fetch = (path: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
      if (init?.method === 'POST') {
        posts.push(init.body as string);
        return answer(path as string);
      }
      return Promise.resolve(new Response(JSON.stringify({ ...issued, slip: 'printed', path: String(path as string) })));
    };
    const api = new Api({ fetch, sleep: () => Promise.resolve() });
    const scope = effectScope();
    const visit = scope.run(() => useVisit(api, undefined, machineFor));
    if (!visit) throw new Error('no scope');
    return { visit, posts, scope };
  }
  const good = (): Promise<Response> => Promise.resolve(new Response(JSON.stringify(issued), { status: 201 }));

  it('issues one number for a double tap, with priority and language', async () => {
    const { visit, posts, scope } = kiosk(good);
    locale.value = 'en';
    visit.priority.value = 'elderly';
    await Promise.all([visit.choose('personal'), visit.choose('personal')]);
    expect(posts.map((body) => JSON.parse(body) as unknown)).toEqual([
      { service: 'personal', channel: 'kiosk', language: 'en', priority_reason: 'elderly' },
    ]);
    expect(visit.phase.value).toBe('ticket');
    scope.stop();
  });

  it('offers a free machine first, and a number to whoever declines', async () => {
    locale.value = 'zh-CN';
    const { visit, posts, scope } = kiosk(good, () => true);
    await Promise.all([visit.choose('personal'), visit.choose('personal')]);
    expect([visit.phase.value, posts]).toEqual(['offer', []]);
    await Promise.all([visit.answer(false), visit.answer(false)]);
    expect(posts.map((body) => JSON.parse(body) as unknown)).toEqual([
      { service: 'personal', accepted: false }, { service: 'personal', channel: 'kiosk', language: 'zh-CN' },
    ]);
    expect(visit.phase.value).toBe('ticket');
    scope.stop();
  });

  it('gives no number to whoever goes to the machine, unless it has just been taken', async () => {
    const { visit, posts, scope } = kiosk(good, () => true);
    await visit.choose('personal');
    await visit.answer(true);
    expect([visit.phase.value, posts.length]).toEqual(['machine', 1]);
    scope.stop();
    const busy = kiosk((path) => (path === '/api/self-service'
      ? Promise.resolve(new Response(JSON.stringify({ status: 409, code: 'machines_busy', title: '' }), { status: 409 })) : good()), () => true);
    await busy.visit.choose('personal');
    await busy.visit.answer(true);
    expect(busy.visit.phase.value).toBe('ticket');
    busy.scope.stop();
  });

  it('offers no machine to whoever asked for priority', async () => {
    const { visit, scope } = kiosk(good, () => true);
    visit.priority.value = 'elderly';
    await visit.choose('personal');
    expect(visit.phase.value).toBe('ticket');
    scope.stop();
  });

  it('takes a number by code, once, and says how its holder came', async () => {
    locale.value = 'zh-CN';
    const { visit, posts, scope } = kiosk(() => Promise.resolve(new Response(JSON.stringify({
      ticket: { ...issued, ahead: undefined }, token: 'x', phone_url: '/t/x', arrival: 'early', sign_in_from: '2026-03-02T09:30:00+08:00',
    }), { status: 201 })));
    await Promise.all([visit.enter('123456'), visit.enter('123456')]);
    expect(posts.map((body) => JSON.parse(body) as unknown)).toEqual([{ code: '123456', channel: 'kiosk', language: 'zh-CN' }]);
    expect([visit.phase.value, visit.ticket.value?.ahead, visit.arrival.value?.arrival]).toEqual(['ticket', 0, 'early']);
    visit.end();
    expect([visit.arrival.value, visit.code.value]).toEqual([null, null]);
    scope.stop();
  });

  it('leaves nothing of one person to the next', async () => {
    const { visit, scope } = kiosk(good);
    locale.value = 'en';
    visit.priority.value = 'pregnant';
    await visit.choose('personal');
    visit.end();
    expect([visit.phase.value, visit.priority.value, visit.ticket.value, locale.value]).toEqual(['start', null, null, 'zh-CN']);
    scope.stop();
  });

  it('shows a late answer to nobody', async () => {
    let release: (response: Response) => void = () => undefined;
    const { visit, scope } = kiosk(() => new Promise((resolve) => { release = resolve; }));
    const choosing = visit.choose('personal');
    visit.end();
    release(new Response(JSON.stringify(issued), { status: 201 }));
    await choosing;
    expect(visit.phase.value).toBe('start');
    scope.stop();
  });

  it('can be tried again when nobody knows whether the box acted', async () => {
    const { visit, posts, scope } = kiosk(() => Promise.reject(new TypeError('network')));
    await visit.choose('personal');
    expect(visit.phase.value).toBe('failed');
    expect(visit.problem.value?.unclear).toBe(true);
    expect(posts).toHaveLength(4);
    scope.stop();
  });
});
