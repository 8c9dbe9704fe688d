import { beforeEach, describe, expect, it, vi } from 'vitest';
import { effectScope } from 'vue';
import { useIdle } from '../idle';
import { newKey } from '../keys';
import { takeDeviceToken } from '../session';
import { showToast, toasts, dismissToast } from '../toasts';

describe('a device token', () => {
  beforeEach(() => { localStorage.clear(); });

  it('is taken from the fragment once, kept, and leaves the address bar', () => {
    location.hash = '#token=kiosk-7';
    expect(takeDeviceToken()).toBe('kiosk-7');
    expect(location.hash).toBe('');
    expect(takeDeviceToken()).toBe('kiosk-7');
  });
});

describe('an intent key', () => {
  it('is 128 random bits', () => {
    expect(newKey()).toMatch(/^[0-9a-f]{32}$/);
    expect(newKey()).not.toBe(newKey());
  });
});

describe('an idle screen', () => {
  it('resets after the limit, a touch puts it off, and stay() can give longer', () => {
    vi.useFakeTimers();
    const scope = effectScope();
    const reset = vi.fn<() => void>();
    const idle = scope.run(() => useIdle(60, reset));
    vi.advanceTimersByTime(59_000);
    window.dispatchEvent(new Event('pointerdown'));
    vi.advanceTimersByTime(59_000);
    expect(reset).not.toHaveBeenCalled();
    idle?.stay(120);
    vi.advanceTimersByTime(119_000);
    expect(idle?.left_s.value).toBe(1);
    vi.advanceTimersByTime(1_000);
    expect(reset).toHaveBeenCalledTimes(1);
    scope.stop();
    vi.useRealTimers();
  });
});

describe('a toast', () => {
  it('about an error stays until dismissed; the same one is not shown twice', () => {
    vi.useFakeTimers();
    showToast('error', 'x');
    showToast('error', 'x');
    showToast('good', 'y');
    vi.advanceTimersByTime(60_000);
    expect(toasts.value.map(({ text }) => text)).toEqual(['x']);
    dismissToast(toasts.value[0]?.id ?? 0);
    expect(toasts.value).toEqual([]);
    vi.useRealTimers();
  });
});
