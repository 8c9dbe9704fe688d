import { describe, expect, it } from 'vitest';
import { socketsFor, summed, type DayOfDevice, type Socket } from '../devices/model';

const day = (given: Partial<DayOfDevice>): DayOfDevice => ({
  day: '2026-03-02', device: 'printer-1', ready_s: 0, away_s: 0, commands: 0, failures: 0, connections: 0, noise: 0, ...given,
});
const socket = (address: string, device: string | null): Socket => ({ place: { address, wire: 'serial' }, device, profiles: [] });

describe('device health', () => {
  it('sums days by device and tells the newest trouble', () => {
    const days = [
      day({ ready_s: 50, away_s: 50, commands: 2, last_error: 'paperOut' }),
      day({ day: '2026-03-01', ready_s: 100, commands: 3, failures: 1, last_error: 'coverOpen' }),
      day({ device: 'led-1' }),
    ];
    expect(summed(days)).toEqual([
      { device: 'printer-1', ready_permille: 750, commands: 5, failures: 1, connections: 0, last_error: 'paperOut' },
      { device: 'led-1', ready_permille: null, commands: 0, failures: 0, connections: 0, last_error: null },
    ]);
  });

  it('never rounds a bad day up to a perfect one', () => {
    expect(summed([day({ ready_s: 99_999, away_s: 1 })])[0]?.ready_permille).toBe(999);
  });
});

describe('replacing a device', () => {
  it('offers free sockets first, then its own, and nobody else’s', () => {
    const sockets = [socket('serial:/b', 'printer-1'), socket('serial:/c', null), socket('serial:/a', null), socket('serial:/d', 'led-1')];
    expect(socketsFor('printer-1', sockets).map(({ place }) => place.address)).toEqual(['serial:/a', 'serial:/c', 'serial:/b']);
  });
});
