import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { backoffDelay, obeyRetryAfter } from '../../src/time/backoff.ts';
import type { Clock } from '../../src/time/clock.ts';
import { sleep, systemClock } from '../../src/time/clock.ts';
import type { Watched } from '../../src/time/deadline-list.ts';
import { DeadlineList } from '../../src/time/deadline-list.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const fixedChance = (chance: number): Clock => ({ ...systemClock, random: () => chance });

describe('sleep', () => {
  it('resolves when its time has come', async () => {
    const done = vi.fn();
    const sleeping = sleep(systemClock, 1000).then(done);
    await vi.advanceTimersByTimeAsync(999);
    expect(done).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    await sleeping;
    expect(done).toHaveBeenCalledOnce();
  });

  it("rejects with the signal's reason and leaves no timer and no listener", async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const sleeping = sleep(systemClock, 1000, controller.signal);
    controller.abort(reason);
    await expect(sleeping).rejects.toBe(reason);
    expect(vi.getTimerCount()).toBe(0);
    await expect(sleep(systemClock, 1000, controller.signal)).rejects.toBe(reason);
  });
});

describe('backoff', () => {
  const policy = { minDelay: 500, maxDelay: 20_000, jitter: 'full' } as const;

  it('doubles up to the cap and spreads over all of it', () => {
    expect([0, 1, 2, 10, 500].map((n) => backoffDelay(n, policy, fixedChance(1 - 1e-12)))).toEqual(
      [500, 1000, 2000, 20_000, 20_000].map((n) => expect.closeTo(n, 3)),
    );
    expect(backoffDelay(10, policy, fixedChance(0))).toBe(0);
    expect(backoffDelay(10, { ...policy, jitter: 'equal' }, fixedChance(0))).toBe(10_000);
    expect(backoffDelay(10, { ...policy, jitter: 'proportional' }, fixedChance(0))).toBe(20_000);
    expect(backoffDelay(1, { ...policy, jitter: 'none' }, fixedChance(0.3))).toBe(1000);
  });

  it('never waits less than a Retry-After, and at most a second more', () => {
    expect(obeyRetryAfter(300, fixedChance(0))).toBe(300);
    expect(obeyRetryAfter(300, fixedChance(0.999))).toBeCloseTo(330, 0);
    expect(obeyRetryAfter(60_000, fixedChance(0.999))).toBeLessThanOrEqual(61_000);
  });
});

describe('DeadlineList', () => {
  const watched = (due: number, log: string[], name: string): Watched => ({
    due,
    expire: () => log.push(name),
    earlier: undefined,
    later: undefined,
  });

  it('serves any number of limits with one timer, in any order', async () => {
    const log: string[] = [];
    const list = new DeadlineList(systemClock);
    const now = systemClock.now();
    list.add(watched(now + 300, log, 'c'));
    list.add(watched(now + 100, log, 'a'));
    list.add(watched(now + 200, log, 'b'));
    expect(vi.getTimerCount()).toBe(1);
    await vi.advanceTimersByTimeAsync(110);
    expect(log).toEqual(['a']);
    await vi.advanceTimersByTimeAsync(300);
    expect(log).toEqual(['a', 'b', 'c']);
  });

  it('lets an entry move later for nothing, and earlier when told', async () => {
    const log: string[] = [];
    const list = new DeadlineList(systemClock);
    const now = systemClock.now();
    const entry = watched(now + 100, log, 'x');
    list.add(entry);
    entry.due = now + 500;
    await vi.advanceTimersByTimeAsync(200);
    expect(log).toEqual([]);
    entry.due = now + 250;
    list.hasten(entry);
    await vi.advanceTimersByTimeAsync(60);
    expect(log).toEqual(['x']);
  });

  it('lets what has arrived be read first when the process was too busy to look at the time', () => {
    let now = 1_000;
    const timers: (() => void)[] = [];
    const clock: Clock = {
      now: () => now,
      random: () => 0,
      timer(callback) {
        timers.push(callback);
        return { cancel: () => timers.splice(timers.indexOf(callback), 1), hold() {} };
      },
    };
    const log: string[] = [];
    const list = new DeadlineList(clock);
    const answered = watched(now + 100, log, 'answered');
    list.add(answered);
    list.add(watched(now + 150, log, 'silent'));
    now += 500;
    timers.shift()?.();
    expect(log).toEqual([]);
    list.remove(answered);
    now += 50;
    timers.shift()?.();
    expect(log).toEqual(['silent']);
    expect(timers).toEqual([]);
  });

  it('forgets what was removed and leaves nothing after close', async () => {
    const log: string[] = [];
    const list = new DeadlineList(systemClock);
    const entry = watched(systemClock.now() + 100, log, 'x');
    list.add(entry);
    list.remove(entry);
    await vi.advanceTimersByTimeAsync(200);
    expect(log).toEqual([]);
    list.add(watched(systemClock.now() + 100, log, 'y'));
    list.close();
    expect(vi.getTimerCount()).toBe(0);
  });
});
