import type { VipRequest, VipState } from '@kit/types';
import { describe, expect, it } from 'vitest';
import { byNeed, movesOf, openOnes } from '../vip';

const request = (id: string, state: VipState, asked_at: string): VipRequest => ({ id, kind: 'car_pickup', state, fee_fen: 0, asked_at, changed_at: asked_at });

describe('requests of important customers', () => {
  const done = request('done', 'done', '2026-11-23T11:00:00+08:00');
  const waits = request('waits', 'requested', '2026-11-23T10:00:00+08:00');
  const leaves = request('leaves', 'accepted', '2026-11-23T10:30:00+08:00');
  it('come first while they wait for somebody', () => {
    expect(byNeed([done, waits, leaves]).map(({ id }) => id)).toEqual(['leaves', 'waits', 'done']);
    expect(openOnes([done, waits, leaves])).toHaveLength(2);
  });
  it('can be refused only before they were accepted', () => {
    expect([movesOf(waits), movesOf(leaves), movesOf(done)]).toEqual([['accept', 'refuse'], ['set_out', 'cancel'], []]);
  });
});
