import { describe, expect, it } from 'vitest';
import { conditionOf, offered, others, PRINTER_LEVERS, pulled } from '../condition';
import en from '../locales/en.json';
import zh from '../locales/zh-CN.json';
import { choicesOf, fieldsOf, filled, type Schema } from '../hands';
import { lastPhonePath, withToken, type PrintedSlip, type Prop, type Sandbox } from '../sandbox';

const printer = (given: Partial<Prop> = {}): Prop => ({
  id: 'printer-1', family: 'escpos_printer', model: 'ESC/POS 80 mm', name: { zh: '', en: '' }, actions: [], forms: {}, device: 'online', paper: 'full', waiting_jobs: 0, ...given,
});
const slip = (n: number, text: string): PrintedSlip => ({ n, text, png: '', at: '', copy: false, complete: true });

describe('the condition of a printer', () => {
  it.each<[Partial<Prop>, string]>([
    [{}, 'ready'],
    [{ paper: 'low' }, 'paper_low'],
    [{ device: 'userError', paper: 'out', message_code: 'paperOut' }, 'paper_out'],
    [{ device: 'userError', message_code: 'coverOpen' }, 'cover_open'],
    [{ device: 'hardwareError', paper: 'jammed', message_code: 'paperJammed' }, 'jammed'],
    [{ device: 'offline', message_code: 'notConnected' }, 'unplugged'],
    [{ device: 'noDevice' }, 'unplugged'],
    [{ device: 'deviceBusy' }, 'busy'],
    [{ device: 'hardwareError', message_code: 'something_new' }, 'hardware_error'],
  ])('%j is %s', (given, key) => {
    const condition = conditionOf(printer(given));
    expect(condition.key).toBe(key);
    expect(zh).toHaveProperty([`condition.${key}`]);
    expect(en).toHaveProperty([`condition.${key}`]);
  });

  it('offers to undo what is the matter, and nothing else', () => {
    const out = conditionOf(printer({ device: 'userError', message_code: 'paperOut' }));
    const actions = PRINTER_LEVERS.map((lever) => offered(lever, out));
    expect(actions).toContain('paper_in');
    expect(actions).not.toContain('paper_out');
    expect(actions).toContain('cover_open');
    expect(PRINTER_LEVERS.filter((lever) => pulled(lever, out))).toHaveLength(1);
  });

  it('has words for every lever and shows what it does not know by name', () => {
    for (const lever of PRINTER_LEVERS) {
      expect(zh).toHaveProperty([`action.${lever.do}`]);
      if (lever.undo) expect(en).toHaveProperty([`action.${lever.undo}`]);
    }
    expect(others(['jam', 'plug', 'sneeze'], PRINTER_LEVERS)).toEqual(['sneeze']);
  });
});

describe('the hands of a device', () => {
  const form = (properties: Record<string, Schema>, required: string[] = []): Schema => ({ properties, required });
  const sandbox = {
    customers: [
      { name: '李秀英', tier: 'normal', identities: [{ kind: 'id_card', value: '11' }, { kind: 'bank_card', value: '62' }] },
      { name: '周小雨', tier: 'normal', identities: [{ kind: 'id_card', value: '22' }] },
    ],
  } as unknown as Sandbox;
  const none = { url: null, label: 'slip' };

  it('lays the IDs and swipes the cards of the branch its own customers', () => {
    const lay = fieldsOf(form({ number: { anyOf: [{ type: 'string' }, { type: 'null' }], default: null }, name: { type: 'string' } }));
    expect(choicesOf('lay', lay, sandbox, none).map(({ parameters }) => parameters)).toEqual([
      { number: '11', name: '李秀英' }, { number: '22', name: '周小雨' },
    ]);
    const swipe = fieldsOf(form({ number: { type: 'string' } }));
    expect(choicesOf('swipe', swipe, sandbox, none)).toEqual([{ label: '李秀英', parameters: { number: '62' } }]);
  });

  it('offers each of a few values as a press', () => {
    const rate = fieldsOf(form({ rating: { type: 'integer', minimum: 1, maximum: 5 } }, ['rating']));
    expect(choicesOf('press', rate, sandbox, none).map(({ label }) => label)).toEqual(['1', '2', '3', '4', '5']);
    const key = fieldsOf(form({ key: { enum: ['next', 'recall'] } }));
    expect(choicesOf('press', key, sandbox, none).map(({ parameters }) => parameters)).toEqual([{ key: 'next' }, { key: 'recall' }]);
  });

  it('scans what was printed last and drives up with a plate', () => {
    const text = fieldsOf(form({ text: { type: 'string' } }));
    expect(choicesOf('scan', text, sandbox, { url: 'http://x/t/1', label: 'slip' })).toEqual([{ label: 'slip', parameters: { text: 'http://x/t/1' } }]);
    expect(choicesOf('scan', text, sandbox, none)).toEqual([]);
    expect(choicesOf('drive_up', fieldsOf(form({ plate: { type: 'string' } })), sandbox, none)).toHaveLength(3);
  });

  it('sends what was typed as what it is, and nothing that was left empty', () => {
    const fields = fieldsOf(form({ n: { type: 'integer' }, on: { type: 'boolean' }, kind: { enum: [1, 2] }, text: { type: 'string' } }));
    expect(filled(fields, { n: '7', on: true, kind: '2', text: '' })).toEqual({ n: 7, on: true, kind: 2 });
  });
});

describe('the sandbox', () => {
  it('finds the phone page behind the newest slip', () => {
    const slips = [slip(1, '[QR http://10.0.0.1/t/old_1]'), slip(3, 'test'), slip(2, 'A002\n[QR http://127.0.0.1:8081/t/Ab-c_9]\n')];
    expect(lastPhonePath(slips)).toBe('/t/Ab-c_9');
    expect(lastPhonePath([])).toBeNull();
    expect(lastPhonePath([slip(1, '[QR branchbox:generic]')])).toBeNull();
  });

  it('hands a token where only the page can read it', () => {
    expect(withToken('/kiosk', 'a b')).toBe('/kiosk#token=a%20b');
  });
});
