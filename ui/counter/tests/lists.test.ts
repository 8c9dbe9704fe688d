import { describe, expect, it } from 'vitest';
import { crowd, heldTickets, isMine, queueRows, slipRows, waited_s } from '../lists';
import { before, counter, queue, SERVICES, TEN_MS, ticket } from './given';

describe('the side lists', () => {
  it('orders queues by service, then priority, gold, normal, and leaves out the empty ones', () => {
    const queues = [
      queue('corporate.normal', 1, 60), queue('personal.normal', 2, 300), queue('personal.gold', 1, 20),
      queue('personal.priority', 1, 10), queue('fx.normal', 0, 0),
    ];
    expect(queueRows(queues, [], SERVICES).map((row) => row.id)).toEqual([
      'personal.priority', 'personal.gold', 'personal.normal', 'corporate.normal',
    ]);
  });

  it('puts each waiting ticket into its queue, the next one first, and lets waits grow between two answers', () => {
    const tickets = [
      ticket('A002', { ahead: 1, taken_at: before(100) }), ticket('A001', { ahead: 0, taken_at: before(300) }),
      ticket('A003', { state: 'parked' }), ticket('B001', { service: 'corporate' }),
    ];
    const [row] = queueRows([queue('personal.normal', 2, 300)], tickets, SERVICES, null, 5);
    expect(row?.tickets.map((one) => one.number)).toEqual(['A001', 'A002']);
    expect(row?.longest_s).toBe(305);
    expect(row?.letter).toBe('A');
  });

  it('still shows a queue whose service it does not know', () => {
    expect(queueRows([queue('@counter-2.normal', 1, 5)], [], SERVICES)[0]?.letter).toBe('·');
  });

  it('shows whom the teller or the counter was sent by name first, and those sent elsewhere last', () => {
    const own = counter({ id: 'counter-2', staff: { staff_no: '1001', name: '李梅' } });
    const sent = (id: string) => ({ ...queue(id, 1, 5), service: '' });
    const rows = queueRows([sent('@counter-1'), queue('personal.normal', 2, 300), sent('@staff:1001')], [], SERVICES, own);
    expect(rows.map((row) => row.id)).toEqual(['@staff:1001', 'personal.normal', '@counter-1']);
    expect(['@staff:1001', '@counter-2', '@staff:1002', '@counter-1', 'personal.normal'].map((one) => isMine(one, own)))
      .toEqual([true, true, false, false, false]);
  });

  it('lists the missed before the parked, the oldest first', () => {
    const tickets = [
      ticket('A004', { state: 'parked', taken_at: before(900) }), ticket('A005', { state: 'no_show', taken_at: before(100) }),
      ticket('A006', { state: 'no_show', taken_at: before(200) }), ticket('A007'),
    ];
    expect(heldTickets(tickets).map((one) => one.number)).toEqual(['A006', 'A005', 'A004']);
  });

  it('lists slips in doubt before slips that wait for paper', () => {
    const slip = (number: string, state: 'held' | 'unknown', ago_s: number) =>
      ({ ticket: number, number, state, since: before(ago_s), device: 'printer-1' });
    const rows = slipRows([slip('A1', 'held', 500), slip('A2', 'unknown', 10), slip('A3', 'unknown', 20)]);
    expect(rows.map((row) => row.number)).toEqual(['A3', 'A2', 'A1']);
  });

  it('counts the whole hall', () => {
    expect(crowd([queue('a.normal', 2, 30), queue('b.gold', 3, 70), queue('c.normal', 0, 999)])).toEqual({ waiting: 5, longest_s: 70 });
    expect(crowd([])).toEqual({ waiting: 0, longest_s: 0 });
  });

  it('never shows a negative wait', () => {
    expect(waited_s(ticket('A001', { taken_at: before(-60) }), TEN_MS)).toBe(0);
  });
});
