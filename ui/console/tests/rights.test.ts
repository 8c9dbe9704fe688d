/** Evidence is a digest that any other program computes alike; consents are shown purpose by purpose. */
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { agreements, newestVersion, type ConsentLine, type Ledger } from '../rights/model';
import { sha256 } from '../rights/sha256';

describe('the digest of evidence', () => {
  it('is the standard one, at every length around a block', () => {
    expect(sha256(new TextEncoder().encode('abc'))).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    for (const size of [0, 1, 54, 55, 56, 63, 64, 65, 119, 120, 1000]) {
      const bytes = Uint8Array.from({ length: size }, (_, n) => (n * 31) % 256);
      expect([size, sha256(bytes)]).toEqual([size, createHash('sha256').update(bytes).digest('hex')]);
    }
  });
});

describe('a ledger of consents', () => {
  const line = (given: Partial<ConsentLine>): ConsentLine => ({
    consent: 'k', purpose: 'marketing', version: 1, given_at: '2026-03-02T09:00:00+08:00', given_to: 'staff:2001', channel: 'lobby', evidence: '', ...given,
  });
  const ledger: Ledger = { customer: 'c-1', in_force: ['marketing'], lines: [line({ version: 3 }), line({ version: 2, replaced_at: '2026-03-01T09:00:00+08:00' })] };

  it('names every purpose once, with its newest line', () => {
    const found = agreements(ledger);
    expect(found.map(({ purpose }) => purpose)).toEqual(['service', 'marketing', 'profiling', 'photo', 'record']);
    expect(found.filter(({ inForce }) => inForce).map(({ line: newest }) => newest?.version)).toEqual([3]);
  });
  it('offers the newest text that was agreed to, and the first where none was', () => {
    expect([newestVersion(ledger, 'marketing'), newestVersion(ledger, 'photo')]).toEqual([3, 1]);
  });
});
