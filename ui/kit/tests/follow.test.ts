import { effectScope } from 'vue';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { useFollow } from '../follow';

interface View { seq: number; said: string }
/** Loads that end when the test says so. */
function box() {
  const answers: ((view: View) => void)[] = [];
  return { answers, load: () => new Promise<View>((resolve) => { answers.push(resolve); }) };
}
const settle = async (): Promise<void> => { for (let turn = 0; turn < 5; turn += 1) await Promise.resolve(); };

describe('what a page already knows', () => {
  const scope = effectScope();
  afterEach(() => { scope.stop(); vi.useRealTimers(); });

  it('is not taken back by a fetch that began before, and confirmed by one that began later', async () => {
    vi.useFakeTimers();
    vi.stubGlobal('WebSocket', class { close(): void { /* nobody is there */ } });
    const { answers, load } = box();
    const follow = scope.run(() => useFollow<View>({ topics: ['queue'], load, reload_min_ms: 100 }));
    if (!follow) throw new Error('no scope');
    answers[0]?.({ seq: 1, said: 'ready' });
    await settle();
    void follow.reload();
    follow.amend((known) => ({ ...known, said: 'called' }));
    answers[1]?.({ seq: 1, said: 'ready' });
    await settle();
    expect(follow.view.value?.said).toBe('called');
    await vi.advanceTimersByTimeAsync(200);
    answers[2]?.({ seq: 2, said: 'called' });
    await settle();
    expect(follow.view.value).toEqual({ seq: 2, said: 'called' });
  });
});
