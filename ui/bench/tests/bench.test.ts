import { describe, expect, it } from 'vitest';
import { conditionOf, offered, others, PRINTER_LEVERS, pulled } from '../condition';
import en from '../locales/en.json';
import zh from '../locales/zh-CN.json';
import { lastPhonePath, withToken, type PrintedSlip, type Prop } from '../sandbox';

const printer = (given: Partial<Prop> = {}): Prop => ({
  id: 'printer-1', family: 'escpos_printer', model: 'ESC/POS 80 mm', actions: [], device: 'online', paper: 'full', waiting_jobs: 0, ...given,
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
