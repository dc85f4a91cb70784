import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Middleware } from '../../src/contract/middleware.ts';
import { isLLMError } from '../../src/errors/catalogue.ts';
import type { ErrorKind } from '../../src/errors/kinds.ts';
import { cache } from '../../src/middleware/cache.ts';
import { circuitBreaker } from '../../src/middleware/circuit-breaker.ts';
import { coalesce } from '../../src/middleware/coalesce.ts';
import { fallback } from '../../src/middleware/fallback.ts';
import { hedge } from '../../src/middleware/hedge.ts';
import { retry } from '../../src/middleware/retry.ts';
import { timeout } from '../../src/middleware/timeout.ts';
import type { Layered } from '../support/layered.ts';
import { failure, layered, rejectionOf } from '../support/layered.ts';

const PRIMARY = 'openai/gpt-5-mini';
const SECOND = 'anthropic/claude-sonnet-4-5';
const THIRD = 'ollama/llama3.2';
const HOUR = 3_600_000;

async function outcomeOf(rig: Layered, ...run: Parameters<Layered['run']>): Promise<unknown> {
  const done = rig.run(...run).catch((error: unknown) => error);
  await rig.clock.advance(HOUR);
  return done;
}

describe('composition', () => {
  it('runs the first layer outermost and the last next to the wire', async () => {
    const order: string[] = [];
    const named =
      (name: string): Middleware =>
      async (call, next) => {
        order.push(`${name} in`);
        const result = await next(call);
        order.push(`${name} out`);
        return result;
      };
    const { run } = layered([named('a'), named('b'), named('c')], [() => void order.push('wire')]);
    await run();
    expect(order).toEqual(['a in', 'b in', 'c in', 'wire', 'c out', 'b out', 'a out']);
  });

  it('of nothing is the wire itself', async () => {
    const { run, attempts } = layered([], []);
    expect((await run()).model).toBe('gpt-5-mini');
    expect(attempts).toHaveLength(1);
  });

  it('layers change what is beneath them only', async () => {
    const seen: (number | undefined)[] = [];
    const look: Middleware = (call, next) => {
      seen.push(call.limits.idle);
      return next(call);
    };
    const { run } = layered([look, timeout({ idle: 5 }), look], []);
    await run();
    expect(seen).toEqual([Number.POSITIVE_INFINITY, 5]);
  });
});

const LAYERS = {
  fallback: () => fallback([SECOND, THIRD]),
  retry: () => retry(),
  hedge: () => hedge({ after: 50 }),
  breaker: () => circuitBreaker({ minCalls: 2 }),
  timeout: () => timeout(),
  cache: () => cache(),
  coalesce: () => coalesce(),
  own: (): Middleware => async (call, next) => next({ ...call, metadata: { ...call.metadata, seen: true } }),
};

describe('any layers in any order', () => {
  const names = fc
    .subarray(Object.keys(LAYERS) as (keyof typeof LAYERS)[])
    .chain((some) => fc.shuffledSubarray(some, { minLength: some.length }));
  const kinds = fc.constantFrom<ErrorKind | 'reply'>(
    'reply',
    'connection',
    'timeout',
    'rate_limit',
    'service_unavailable',
    'bad_request',
    'authentication',
    'context_window_exceeded',
    'content_policy_violation',
    'configuration',
  );

  it('end every call, with a reply or an error of the wire, within the attempts allowed, and leave no timer', async () => {
    await fc.assert(
      fc.asyncProperty(
        names,
        fc.array(kinds, { minLength: 1, maxLength: 10 }),
        fc.integer({ min: 1, max: 8 }),
        async (order, steps, most) => {
          const script = steps.map((kind) => (kind === 'reply' ? undefined : failure(kind)));
          const rig = layered(
            order.map((name) => LAYERS[name]()),
            script,
          );
          for (let i = 0; i < 3; i++) {
            const before = rig.attempts.length;
            const outcome = await outcomeOf(rig, {}, { maxAttempts: most });
            expect(rig.attempts.length - before).toBeLessThanOrEqual(Math.max(most, 1));
            if (isLLMError(outcome) && outcome.kind !== 'circuit_open') expect(script).toContain(outcome);
            else expect(outcome).toMatchObject(isLLMError(outcome) ? { kind: 'circuit_open' } : { object: 'chat.completion' });
          }
          expect(rig.clock.pending).toBe(0);
        },
      ),
      { numRuns: 150 },
    );
  });
});

describe('retry in retry', () => {
  it('three layers of two repeats do not make 27 attempts', async () => {
    const rig = layered([retry(), retry(), retry()], [failure('connection')]);
    expect(await outcomeOf(rig)).toMatchObject({ kind: 'connection' });
    expect(rig.attempts).toHaveLength(8);
  });
});

describe('retry and breaker', () => {
  const small = { minCalls: 3, openFor: 60_000 };

  it('the breaker within counts every attempt', async () => {
    const breaker = circuitBreaker(small);
    const rig = layered([retry(), breaker], [failure('connection')]);
    await outcomeOf(rig);
    expect(breaker.snapshot()).toMatchObject([{ state: 'open' }]);
    expect(rig.attempts).toHaveLength(3);
  });

  it('the breaker around hears the outcome of the whole', async () => {
    const breaker = circuitBreaker(small);
    const rig = layered([breaker, retry()], [failure('connection')]);
    await outcomeOf(rig);
    expect(breaker.snapshot()).toMatchObject([{ state: 'closed' }]);
  });

  it('an open breaker is neither repeated nor waited for', async () => {
    const rig = layered([retry(), circuitBreaker(small)], [failure('connection')]);
    const first = rejectionOf(rig.run());
    await rig.clock.advance(10_000);
    await first;
    const waits = rig.eventsOf('waiting').length;
    expect(await rejectionOf(rig.run())).toMatchObject({ kind: 'circuit_open' });
    expect(rig.eventsOf('waiting')).toHaveLength(waits);
    expect(rig.attempts).toHaveLength(3);
  });

  it('one that opens between two attempts ends the repeats; the error is what the provider said', async () => {
    const errors = [failure('connection'), failure('timeout'), failure('service_unavailable')];
    const rig = layered([retry({ maxRetries: 7 }), circuitBreaker(small)], errors);
    expect(await outcomeOf(rig)).toBe(errors[2]);
    expect(rig.attempts).toHaveLength(3);
    expect(rig.eventsOf('skipped')).toMatchObject([{ reason: 'circuit_open' }]);
  });
});

describe('fallback and breaker', () => {
  it('an open target is passed over at once; its error is the one thrown when nobody answers', async () => {
    const breaker = circuitBreaker({ minCalls: 2, openFor: 60_000 });
    const rig = layered([fallback([SECOND]), breaker], {
      [PRIMARY]: [failure('connection')],
      [SECOND]: [undefined, undefined, undefined, failure('rate_limit')],
    });
    for (let i = 0; i < 3; i++) await rig.run();
    expect(rig.targets()).toEqual([PRIMARY, SECOND, PRIMARY, SECOND, SECOND]);
    expect(rig.eventsOf('skipped')).toMatchObject([{ reason: 'circuit_open', target: { provider: 'openai' } }]);
    expect(await rejectionOf(rig.run())).toMatchObject({ kind: 'circuit_open', provider: 'openai' });
  });

  it('targets that are skipped or overflow do not open their circuits', async () => {
    const breaker = circuitBreaker({ minCalls: 1 });
    const rig = layered([fallback([SECOND, THIRD]), breaker], {
      [PRIMARY]: [failure('configuration')],
      [SECOND]: [failure('context_window_exceeded')],
    });
    for (let i = 0; i < 5; i++) await rig.run();
    expect(breaker.snapshot().map(({ state }) => state)).toEqual(['closed', 'closed', 'closed']);
  });
});

describe('fallback and retry', () => {
  const down = { [PRIMARY]: [failure('connection')], [SECOND]: [failure('connection')], [THIRD]: [failure('connection')] };

  it('each target has its own repeats, all together no more attempts than the call has', async () => {
    const rig = layered([fallback([SECOND, THIRD]), retry()], down);
    const error = await outcomeOf(rig);
    expect(error).toBe(down[PRIMARY][0]);
    expect(rig.targets()).toEqual([PRIMARY, PRIMARY, PRIMARY, SECOND, SECOND, SECOND, THIRD, THIRD]);
  });

  it('a Retry-After beyond the cap moves on at once', async () => {
    const rig = layered([fallback([SECOND]), retry()], { [PRIMARY]: [failure('rate_limit', { retryAfterMs: 90_000 })] });
    await rig.run();
    expect(rig.targets()).toEqual([PRIMARY, SECOND]);
    expect(rig.moments()).toEqual([0, 0]);
  });

  it('a wait that does not fit the deadline moves on at once', async () => {
    const rig = layered([fallback([SECOND]), retry()], { [PRIMARY]: [failure('rate_limit', { retryAfterMs: 9_000 })] });
    await rig.run({}, { deadline: rig.clock.now() + 5_000 });
    expect(rig.moments()).toEqual([0, 0]);
  });

  it('an abort during a wait ends the call; nobody else is asked', async () => {
    const controller = new AbortController();
    const rig = layered([fallback([SECOND]), retry()], { [PRIMARY]: [failure('rate_limit', { retryAfterMs: 9_000 })] });
    const done = rejectionOf(rig.run({ signal: controller.signal }));
    await rig.clock.advance(1_000);
    controller.abort('gone');
    expect(await done).toMatchObject({ kind: 'aborted', cause: 'gone' });
    expect(rig.targets()).toEqual([PRIMARY]);
  });
});

describe('timeout and retry', () => {
  it.each([
    ['within', [retry({ jitter: 'none' }), timeout({ attempt: 1_000 })]],
    ['around', [timeout({ attempt: 1_000 }), retry({ jitter: 'none' })]],
  ])('limits %s the repeats hold for each attempt; a timeout is repeated', async (_, layers) => {
    const rig = layered(layers, [failure('timeout', { phase: 'attempt' }), undefined]);
    await outcomeOf(rig);
    expect(rig.attempts.map(({ call }) => call.limits.attempt)).toEqual([1_000, 1_000]);
    expect(rig.moments()).toEqual([0, 500]);
  });
});
