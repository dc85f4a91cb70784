import { describe, expect, it } from 'vitest';
import type { Limits } from '../../src/contract/call.ts';
import { ConfigurationError } from '../../src/errors/setup-errors.ts';
import type { TimeoutOptions } from '../../src/middleware/timeout.ts';
import { timeout } from '../../src/middleware/timeout.ts';
import { layered } from '../support/layered.ts';

const NONE = Number.POSITIVE_INFINITY;
const UNLIMITED: Limits = { connect: NONE, firstToken: NONE, idle: NONE, attempt: NONE };

async function limitsBeneath(options: TimeoutOptions | undefined, callTimeout?: number): Promise<Limits | undefined> {
  const { run, attempts } = layered([timeout(options)], []);
  const limits = callTimeout === undefined ? UNLIMITED : { ...UNLIMITED, attempt: callTimeout };
  await run({ timeout: callTimeout }, { limits });
  return attempts[0]?.call.limits;
}

describe('timeout', () => {
  it('sets every limit, to its default where none is given', async () => {
    expect(await limitsBeneath(undefined)).toEqual({ connect: 10_000, firstToken: 300_000, idle: 120_000, attempt: 600_000 });
    expect(await limitsBeneath({ firstToken: 30_000, idle: 5 })).toEqual({
      connect: 10_000,
      firstToken: 30_000,
      idle: 5,
      attempt: 600_000,
    });
  });

  it.each([false, NONE] as const)('%s is no limit', async (none) => {
    expect(await limitsBeneath({ connect: none, firstToken: none, idle: none, attempt: none })).toEqual(UNLIMITED);
  });

  it.each([1_000, 900_000])('a timeout of the call (%d) takes the place of attempt', async (own) => {
    expect(await limitsBeneath({ connect: 1, attempt: 60_000 }, own)).toEqual({
      connect: 1,
      firstToken: 300_000,
      idle: 120_000,
      attempt: own,
    });
  });

  it('leaves the call it was given as it was', async () => {
    const { run, attempts } = layered(
      [
        async (call, next) => {
          const before = { ...call.limits };
          const result = await next(Object.freeze(call));
          expect(call.limits).toEqual(before);
          return result;
        },
        timeout({ idle: 7 }),
      ],
      [],
    );
    await run();
    expect(attempts[0]?.call.limits.idle).toBe(7);
  });

  it.each<[unknown, string]>([
    [{ idle: -1 }, 'timeout.idle: expected milliseconds ≥ 0, Infinity or false, got -1'],
    [{ idle: true }, 'timeout.idle: expected milliseconds ≥ 0, Infinity or false, got true'],
    [{ attempt: '10s' }, 'timeout.attempt: expected milliseconds ≥ 0, Infinity or false, got "10s"'],
    [{ firstToken: Number.NaN }, 'timeout.firstToken: expected milliseconds ≥ 0, Infinity or false, got NaN'],
    [{ firsttoken: 1 }, 'timeout.firsttoken: unknown option; did you mean "firstToken"?'],
  ])('refuses %j', (options, message) => {
    expect(() => timeout(options as TimeoutOptions)).toThrow(ConfigurationError);
    expect(() => timeout(options as TimeoutOptions)).toThrow(message);
  });
});
