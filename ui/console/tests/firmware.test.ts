import { describe, expect, it } from 'vitest';
import { isOpen, mayApprove, sharePermille, type Update } from '../devices/firmware';

const update = (given: Partial<Update>): Update => ({
  job: 'j1', device: 'modem-1', model: 'quectel.ec20', version: '1.1', replaces: '1.0', downgrade: false, sha256: '0', size_bytes: 10_000,
  state: 'proposed', in_hours: false, proposed_by: 'staff:9001', proposed_at: '2026-03-02T09:00:00+08:00', ...given,
});

describe('a firmware update', () => {
  it('is approved by somebody else, once', () => {
    expect(mayApprove(update({}), '9001')).toBe(false);
    expect(mayApprove(update({}), '9002')).toBe(true);
    expect(mayApprove(update({ state: 'approved' }), '9002')).toBe(false);
  });

  it('is open until it has ended', () => {
    expect((['proposed', 'approved', 'installing', 'done', 'failed', 'withdrawn'] as const).map((state) => isOpen(update({ state })))).toEqual(
      [true, true, true, false, false, false],
    );
  });

  it('is never shown as whole before it is', () => {
    expect(sharePermille(update({ held_bytes: 9_999 }))).toBe(999);
    expect(sharePermille(update({}))).toBe(0);
  });
});
