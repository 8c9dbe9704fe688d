/** An address is read as it is written, by whoever typed it. */
import { describe, expect, it } from 'vitest';
import { amendPlace, comeBack, goTo, place, readPlace, writePlace } from '../address';

describe('an address', () => {
  it('names a page with and without a slash, as older bookmarks do', () => {
    expect(readPlace('#/devices').path).toEqual(['devices']);
    expect(readPlace('#devices').path).toEqual(['devices']);
    expect(readPlace('')).toEqual({ path: [], query: {}, depth: 0 });
  });
  it('is read as it was written', () => {
    const [path, query] = [['reports', '等候 时间/1'], { from: '2026-03-01', service: 'a&b' }];
    expect(readPlace(writePlace(path, query))).toEqual({ path, query, depth: 0 });
  });
  it('does not fall over a half-typed escape', () => {
    expect(readPlace('#/devices/%E4%').path).toEqual(['devices', '%E4%']);
  });
  it('knows how deep a page has gone, and amends without a step', () => {
    goTo(['reports']);
    goTo(['reports', 'ticket-detail'], { service: 'fx' }, { deeper: true });
    expect([place.value.path, place.value.depth, location.hash]).toEqual([['reports', 'ticket-detail'], 1, '#/reports/ticket-detail?service=fx']);
    const steps = history.length;
    amendPlace(['reports', 'ticket-detail'], {});
    expect([history.length, place.value.depth, place.value.query]).toEqual([steps, 1, {}]);
    goTo(['day']);
    comeBack(['rules']);
    expect(place.value.path).toEqual(['rules']);
  });
});
