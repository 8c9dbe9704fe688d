import { ApiProblem } from '@kit/api';
import { describe, expect, it } from 'vitest';
import { effectScope } from 'vue';
import { useActs } from '../acts';

const lost = () => new ApiProblem({ status: 0, code: 'network_down', title: '' });
const refused = () => new ApiProblem({ status: 409, code: 'counter_paused', title: '' });

function given() {
  const shown: unknown[] = [];
  let now = 0;
  const scope = effectScope();
  const acts = scope.run(() => useActs({
    onProblem: (error) => shown.push(error),
    sleep: (wait_ms) => { now += wait_ms; return Promise.resolve(); },
    now: () => now,
  }));
  if (!acts) throw new Error('no scope');
  return { acts, shown, scope };
}

describe('a press', () => {
  it('is repeated while nobody knows whether the box acted, and then answers', async () => {
    const { acts, shown } = given();
    const seen: (number | undefined)[] = [];
    let left = 3;
    const answer = await acts.act('next', () => {
      seen.push(acts.pending.value?.repeats);
      left -= 1;
      return left ? Promise.reject(lost()) : Promise.resolve('A012');
    });
    expect(answer).toBe('A012');
    expect(seen).toEqual([0, 1, 2]);
    expect(shown).toEqual([]);
    expect(acts.pending.value).toBeNull();
  });

  it('is not repeated once the box has refused it', async () => {
    const { acts, shown } = given();
    let attempts = 0;
    await acts.act('next', () => { attempts += 1; return Promise.reject(refused()); });
    expect(attempts).toBe(1);
    expect(shown).toHaveLength(1);
  });

  it('gives up after a minute, and says so', async () => {
    const { acts, shown } = given();
    let attempts = 0;
    await acts.act('next', () => { attempts += 1; return Promise.reject(lost()); });
    expect(attempts).toBe(42);
    expect(shown).toHaveLength(1);
    expect(acts.pending.value).toBeNull();
  });

  it('stops when the teller says so', async () => {
    const { acts, shown } = given();
    let attempts = 0;
    await acts.act('next', () => {
      attempts += 1;
      if (attempts === 2) acts.giveUp();
      return Promise.reject(lost());
    });
    expect(attempts).toBe(2);
    expect(shown).toHaveLength(1);
  });

  it('is alone: another one while it runs is not taken', async () => {
    const { acts } = given();
    let release: (value: string) => void = () => undefined;
    const first = acts.act('next', () => new Promise<string>((resolve) => { release = resolve; }));
    expect(await acts.act('finish', () => Promise.resolve('never'))).toBeUndefined();
    release('A012');
    expect(await first).toBe('A012');
  });

  it('tells nobody apart from no answer: a 204 is null, not undefined', async () => {
    const { acts } = given();
    expect(await acts.act('next', () => Promise.resolve(null))).toBeNull();
  });
});
