import { describe, expect, it } from 'vitest';
import { clockStart, may, nextGuarded, noShowNeedsAsking, PAD, PRIMARY, situationOf, type Action, type Situation } from '../actions';
import { before, counter, TEN_MS, ticket } from './given';

const ALL: Action[] = ['next', 'resume', ...PAD, 'reprint', 'pause', 'sign_out'];
const open = (situation: Situation): Action[] => ALL.filter((action) => may(action, situation)).sort();

describe('what a teller may press', () => {
  it('reads the situation from the box', () => {
    expect(situationOf(counter({ state: 'signed_in' }))).toBe('ready');
    expect(situationOf(counter())).toBe('idle');
    expect(situationOf(counter({ state: 'paused' }))).toBe('paused');
    expect(situationOf(counter({ ticket: ticket('A001', { state: 'called' }) }))).toBe('called');
    expect(situationOf(counter({ ticket: ticket('A001', { state: 'serving' }) }))).toBe('serving');
  });

  it.each<[Situation, Action[]]>([
    ['ready', ['next', 'pause', 'sign_out']],
    ['idle', ['next', 'pause', 'sign_out']],
    ['called', ['finish', 'next', 'no_show', 'park', 'recall', 'reprint', 'serve', 'sign_out', 'transfer']],
    ['serving', ['finish', 'next', 'park', 'reprint', 'sign_out', 'transfer']],
    ['paused', ['resume', 'sign_out']],
  ])('when %s', (situation, actions) => {
    expect(open(situation)).toEqual(actions);
  });

  it('always has a big button that may be pressed', () => {
    for (const [situation, action] of Object.entries(PRIMARY)) expect(may(action, situation as Situation)).toBe(true);
  });

  it('takes no second Next right after a call, and does after that', () => {
    const just = ticket('A001', { state: 'called', calls: 1, called_at: before(1) });
    expect(nextGuarded(just, TEN_MS)).toBe(true);
    expect(nextGuarded(just, TEN_MS + 1_500)).toBe(false);
    expect(nextGuarded({ ...just, state: 'serving' }, TEN_MS)).toBe(false);
    expect(nextGuarded(null, TEN_MS)).toBe(false);
  });

  it('never guards for longer because the clock was moved', () => {
    const tomorrow = ticket('A001', { state: 'called', calls: 1, called_at: before(-86_400) });
    expect(nextGuarded(tomorrow, TEN_MS)).toBe(false);
  });

  it('asks before a no-show only while the customer may still be walking', () => {
    expect(noShowNeedsAsking(ticket('A001', { called_at: before(4) }), TEN_MS)).toBe(true);
    expect(noShowNeedsAsking(ticket('A001', { called_at: before(11) }), TEN_MS)).toBe(false);
  });

  it('runs the stopwatch from the call, the service, or the counter', () => {
    const called = ticket('A001', { state: 'called', called_at: before(30) });
    expect(clockStart(counter({ ticket: called }))).toBe(before(30));
    expect(clockStart(counter({ ticket: { ...called, state: 'serving', served_at: before(20) } }))).toBe(before(20));
    expect(clockStart(counter())).toBe(before(60));
  });
});
