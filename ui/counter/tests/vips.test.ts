import type { Arrival } from '@kit/types';
import { describe, expect, it } from 'vitest';
import { justIn } from '../vips';
import { before, TEN_MS } from './given';

const arrival = (number: string, given: Partial<Arrival> = {}): Arrival => ({
  ticket: `t-${number}`, number, service: 'personal', tier: 'gold', taken_at: before(5), state: 'waiting', recognised: true, ...given,
});
const numbers = (found: Arrival[]): string[] => found.map(({ number }) => number);

describe('who important has just come in', () => {
  it('is gold or has an adviser; an elderly customer whom nobody knows is the lobby\'s', () => {
    const all = [arrival('A1'), arrival('A2', { tier: 'priority', adviser: { staff_no: '1003', name: '张敏' } }), arrival('A3', { tier: 'priority' })];
    expect(numbers(justIn(all, new Set(), TEN_MS))).toEqual(['A1', 'A2']);
  });
  it('is news for two minutes, while they wait, until it was seen', () => {
    const all = [arrival('A1', { taken_at: before(121) }), arrival('A2', { state: 'called' }), arrival('A3'), arrival('A4')];
    expect(numbers(justIn(all, new Set(['t-A3']), TEN_MS))).toEqual(['A4']);
  });
});
