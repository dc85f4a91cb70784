import { describe, expect, it } from 'vitest';
import type { ErrorKind } from '../../src/errors/kinds.ts';
import { failure } from '../support/layered.ts';
import type { Limited } from '../support/limited.ts';
import { limited } from '../support/limited.ts';

const limitOf = (rig: Limited): number | undefined => rig.limiter.snapshot()[0]?.limit;

function come(rig: Limited, count: number): void {
  for (let i = 0; i < count; i++) rig.run().catch(() => {});
}

async function running(options: Parameters<typeof limited>[0], calls: number): Promise<Limited> {
  const rig = limited({ pace: false, ...options });
  come(rig, calls);
  await rig.settle();
  return rig;
}

describe('adaptive', () => {
  it('begins at ten, and grows by one after a round of successes while the limit is in use', async () => {
    const rig = await running({ adaptive: true }, 40);
    expect(rig.stand()).toBe('30/10');
    for (let round = 0; round < 10; round++) await rig.end(round);
    expect(limitOf(rig)).toBe(10);
    await rig.end(10);
    expect(limitOf(rig)).toBe(11);
    expect(rig.stand()).toBe('18/11');
  });

  it('does not grow while the limit is not in use', async () => {
    const rig = limited({ adaptive: { start: 10 } }, [undefined]);
    for (let calls = 0; calls < 100; calls++) await rig.run();
    expect(limitOf(rig)).toBe(10);
  });

  it.each<[ErrorKind, Record<string, unknown>]>([
    ['rate_limit', {}],
    ['service_unavailable', {}],
    ['out_of_memory', {}],
    ['timeout', { phase: 'first_token' }],
    ['timeout', { phase: 'server' }],
  ])('is cut by a %s %j', async (kind, facts) => {
    const rig = await running({ adaptive: true }, 10);
    await rig.end(0, failure(kind, facts));
    expect(limitOf(rig)).toBe(7);
  });

  it.each<[ErrorKind, Record<string, unknown>]>([
    ['bad_request', {}],
    ['authentication', {}],
    ['content_policy_violation', {}],
    ['context_window_exceeded', {}],
    ['insufficient_credits', {}],
    ['internal_server', {}],
    ['connection', {}],
    ['circuit_open', {}],
    ['aborted', {}],
    ['timeout', { phase: 'deadline' }],
  ])('is left as it is by a %s %j', async (kind, facts) => {
    const rig = await running({ adaptive: true }, 10);
    await rig.end(0, failure(kind, facts));
    expect(limitOf(rig)).toBe(10);
  });

  it('is cut once for a burst of failures, not for each', async () => {
    const rig = await running({ adaptive: true }, 20);
    for (let i = 0; i < 10; i++) await rig.end(i, failure('rate_limit'));
    expect(limitOf(rig)).toBe(7);
    expect(rig.stand()).toBe('3/7');
    // one that went under the new limit
    await rig.end(10, failure('rate_limit'));
    expect(limitOf(rig)).toBe(4);
  });

  it('lets nobody go until the calls under way have come down to the new limit', async () => {
    const rig = await running({ adaptive: { start: 4, backoff: 0.5 } }, 6);
    await rig.end(0, failure('service_unavailable'));
    expect(rig.stand()).toBe('2/3');
    await rig.end(1);
    expect(rig.stand()).toBe('2/2');
    await rig.end(2);
    expect(rig.stand()).toBe('1/2');
  });

  it('stays within its bounds', async () => {
    const rig = await running({ adaptive: { min: 2, max: 5, start: 4, backoff: 0.1 } }, 60);
    for (let i = 0; i < 20; i++) await rig.end(i);
    expect(limitOf(rig)).toBe(5);
    for (let i = 20; i < 40; i++) await rig.end(i, failure('rate_limit'));
    expect(limitOf(rig)).toBe(2);
  });

  it('never exceeds concurrency', async () => {
    const rig = await running({ adaptive: true, concurrency: 3 }, 60);
    expect(rig.stand()).toBe('57/3');
    for (let i = 0; i < 30; i++) await rig.end(i);
    expect(limitOf(rig)).toBe(3);
    expect(rig.stand()).toBe('27/3');
  });

  it('finds what the provider bears: a limit around its capacity, after overloads from far above it', async () => {
    const capacity = 12;
    const rig = limited({ adaptive: { start: 40, max: 100 }, pace: false });
    const open = new Set<number>();
    let seen = 0;
    let refused = 0;
    const limits: number[] = [];
    for (let turn = 0; turn < 1_500; turn++) {
      while (rig.limiter.snapshot().every(({ queued }) => queued < 5)) {
        come(rig, 5);
        await Promise.resolve();
      }
      await rig.settle();
      for (; seen < rig.attempts.length; seen++) open.add(seen);
      const overloaded = open.size > capacity;
      const [oldest] = open;
      if (oldest === undefined) throw new Error('nothing runs');
      open.delete(oldest);
      if (overloaded) refused++;
      await rig.end(oldest, overloaded ? failure('service_unavailable') : undefined);
      if (turn >= 500) limits.push(limitOf(rig) ?? 0);
    }
    expect(Math.max(...limits)).toBeLessThanOrEqual(capacity + 2);
    expect(Math.min(...limits)).toBeGreaterThanOrEqual(Math.floor(capacity * 0.7) - 1);
    expect(refused).toBeLessThan(150);
  });
});
