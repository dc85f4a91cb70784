import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fakeClock, reply, startMockServer } from '../../src/testing/index.ts';
import { sleep } from '../../src/time/clock.ts';
import { send } from './raw-client.ts';

describe('fakeClock', () => {
  it('runs timers in order, each at its own moment', async () => {
    const clock = fakeClock(1000);
    const seen: [string, number][] = [];
    const at = (name: string, ms: number): void => {
      clock.timer(() => seen.push([name, clock.now()]), ms);
    };
    at('third', 30);
    at('first', 10);
    at('second', 20);
    at('also second', 20);
    at('later', 31);
    await clock.advance(30);
    expect(seen).toEqual([
      ['first', 1010],
      ['second', 1020],
      ['also second', 1020],
      ['third', 1030],
    ]);
    expect(clock.pending).toBe(1);
    expect(clock.now()).toBe(1030);
  });

  it('runs timers in order whatever they are', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(50), { maxLength: 8 }), fc.nat(60), async (delays, until) => {
        const clock = fakeClock(0);
        const fired: number[] = [];
        for (const ms of delays) clock.timer(() => fired.push(clock.now()), ms);
        await clock.advance(until);
        expect(fired).toEqual(delays.filter((ms) => ms <= until).sort((a, b) => a - b));
        expect(clock.pending).toBe(delays.filter((ms) => ms > until).length);
      }),
      { numRuns: 30 },
    );
  });

  it('waits for hashes that are under way before a timer is set', async () => {
    const clock = fakeClock(0);
    const seen: number[] = [];
    const rounds = Array.from({ length: 20 }, async (_, i) => {
      for (let round = 0; round < 3; round++) {
        await crypto.subtle.digest('SHA-256', new TextEncoder().encode(`${i} ${round}`));
        await sleep(clock, 10);
        seen.push(clock.now());
      }
    });
    await clock.advance(30);
    await Promise.all(rounds);
    expect(seen).toEqual([10, 20, 30].flatMap((at) => Array(20).fill(at)));
  });

  it('runs timers that timers and promises set on the way', async () => {
    const clock = fakeClock(0);
    const seen: number[] = [];
    const loop = (async () => {
      for (let i = 0; i < 5; i++) {
        await sleep(clock, 10);
        seen.push(clock.now());
      }
    })();
    await clock.advance(50);
    await loop;
    expect(seen).toEqual([10, 20, 30, 40, 50]);
  });

  it('lets real sockets answer between two timers', async () => {
    const clock = fakeClock();
    await using mock = await startMockServer({ clock, answer: reply({ text: 'ok', delayMs: 1000 }) });
    const url = `${mock.baseURL('ollama')}/api/chat`;
    const body = { model: 'm', stream: false };
    let answered = 0;
    const loop = (async () => {
      for (let i = 0; i < 3; i++) {
        await send(url, { body });
        answered++;
      }
    })();
    for (let i = 0; i < 200 && answered < 3; i++) await clock.advance(1000);
    await loop;
    expect(answered).toBe(3);
  });

  it('forgets a cancelled timer', async () => {
    const clock = fakeClock();
    let fired = false;
    const timer = clock.timer(() => {
      fired = true;
    }, 5);
    timer.hold(false);
    timer.cancel();
    expect(clock.pending).toBe(0);
    await clock.advance(10);
    expect(fired).toBe(false);
  });

  it('advances one call after the other', async () => {
    const clock = fakeClock(0);
    const seen: number[] = [];
    clock.timer(() => seen.push(clock.now()), 15);
    await Promise.all([clock.advance(10), clock.advance(10)]);
    expect(clock.now()).toBe(20);
    expect(seen).toEqual([15]);
  });

  it('passes on what a timer throws, and goes on', async () => {
    const clock = fakeClock(0);
    clock.timer(() => {
      throw new Error('from the timer');
    }, 1);
    await expect(clock.advance(5)).rejects.toThrow('from the timer');
    await clock.advance(5);
    expect(clock.now()).toBeGreaterThanOrEqual(5);
  });

  it('starts where it is told and takes its chance from you', () => {
    expect(fakeClock(new Date('2030-05-01T00:00:00Z')).now()).toBe(Date.UTC(2030, 4, 1));
    const clock = fakeClock();
    expect(clock.random()).toBe(0.5);
    clock.random = () => 0.25;
    expect(clock.random()).toBe(0.25);
  });
});
