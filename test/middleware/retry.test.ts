import fc from 'fast-check';
import { AbortError as PRetryAbortError } from 'p-retry';
import { describe, expect, it } from 'vitest';
import type { Call } from '../../src/contract/call.ts';
import type { ErrorKind } from '../../src/errors/kinds.ts';
import { KINDS } from '../../src/errors/kinds.ts';
import { ConfigurationError } from '../../src/errors/setup-errors.ts';
import { AbortError } from '../../src/errors/wire-errors.ts';
import type { RetryOptions } from '../../src/middleware/retry.ts';
import { retry } from '../../src/middleware/retry.ts';
import { failure, layered, rejectionOf, replyOf } from '../support/layered.ts';

const HOUR = 3_600_000;
const exact: RetryOptions = { jitter: 'none' };

describe('what is repeated', () => {
  it('a success is passed on untouched, without a wait', async () => {
    const reply = replyOf('m');
    const { run, attempts, clock } = layered([retry()], [reply]);
    expect(await run()).toBe(reply);
    expect(attempts).toHaveLength(1);
    expect(clock.pending).toBe(0);
  });

  it('a passing failure is repeated twice by default, and the last error comes out as it is', async () => {
    const errors = [failure('internal_server'), failure('connection'), failure('service_unavailable')];
    const { run, attempts, clock } = layered([retry()], errors);
    const done = rejectionOf(run());
    await clock.advance(HOUR);
    expect(await done).toBe(errors[2]);
    expect(attempts).toHaveLength(3);
  });

  it.each(Object.keys(KINDS) as ErrorKind[])('%s: repeated only if it is retryable', async (kind) => {
    const error = failure(kind);
    const { run, attempts, clock } = layered([retry()], [error, undefined]);
    const done = run().catch((thrown) => thrown);
    await clock.advance(HOUR);
    const outcome = await done;
    expect(attempts).toHaveLength(error.retryable ? 2 : 1);
    if (!error.retryable) expect(outcome).toBe(error);
  });

  it('a single failure that is not retryable is not repeated, whatever its kind', async () => {
    const error = failure('rate_limit', { retryable: false });
    const { run, attempts } = layered([retry({ by: { rate_limit: 3 } })], [error]);
    expect(await rejectionOf(run())).toBe(error);
    expect(attempts).toHaveLength(1);
  });

  it.each([
    ['a TypeError of a layer', new TypeError('x is not a function')],
    ['a TypeError that looks like the network', new TypeError('fetch failed')],
    ['a thrown string', 'nope'],
    ['an AbortError of p-retry', new PRetryAbortError('theirs')],
  ])('%s passes by identity, at the first and at a later attempt', async (_, thrown) => {
    const first = layered([retry()], [thrown]);
    expect(await rejectionOf(first.run())).toBe(thrown);
    expect(first.attempts).toHaveLength(1);

    const later = layered([retry()], [failure('connection'), thrown]);
    const done = rejectionOf(later.run());
    await later.clock.advance(HOUR);
    expect(await done).toBe(thrown);
    expect(later.attempts).toHaveLength(2);
  });

  it('a terminal failure after a passing one ends it', async () => {
    const terminal = failure('authentication');
    const { run, attempts, clock } = layered([retry()], [failure('connection'), terminal]);
    const done = rejectionOf(run());
    await clock.advance(HOUR);
    expect(await done).toBe(terminal);
    expect(attempts).toHaveLength(2);
  });
});

describe('how often', () => {
  async function attemptsFor(options: RetryOptions, kinds: ErrorKind[], maxRetries?: number): Promise<number> {
    const steps = kinds.map((kind) => failure(kind, { retryable: true }));
    const { run, attempts, clock } = layered([retry(options)], steps);
    const done = run({ maxRetries }).catch((error) => error);
    await clock.advance(HOUR);
    await done;
    return attempts.length;
  }

  it.each<[string, RetryOptions, ErrorKind[], number | undefined, number]>([
    ['maxRetries', { maxRetries: 3 }, ['connection'], undefined, 4],
    ['maxRetries 0', { maxRetries: 0 }, ['connection'], undefined, 1],
    ['the call has less', { maxRetries: 3 }, ['connection'], 1, 2],
    ['the call has more', { maxRetries: 1 }, ['connection'], 4, 5],
    ['the call has none', { by: { connection: 5 } }, ['connection'], 0, 1],
    ['by kind: more', { by: { rate_limit: 4 } }, ['rate_limit'], undefined, 5],
    ['by kind: none', { by: { timeout: 0 } }, ['timeout'], undefined, 1],
    ['by kind: others keep theirs', { by: { timeout: 0 } }, ['connection'], undefined, 3],
    ['by kind: counted apart', { by: { timeout: 1 } }, ['connection', 'timeout', 'timeout'], undefined, 3],
    ['by kind: within the total', { by: { rate_limit: 3 } }, ['rate_limit', 'rate_limit', 'connection'], undefined, 3],
    ['by kind: bounded by the call', { by: { rate_limit: 5 } }, ['rate_limit'], 2, 3],
    ['a conflict once', {}, ['conflict'], undefined, 2],
    ['a conflict not at all', { maxRetries: 0 }, ['conflict'], undefined, 1],
    ['a conflict as told', { by: { conflict: 2 } }, ['conflict'], undefined, 3],
    ['a kind without a number', { by: { timeout: undefined } }, ['timeout'], undefined, 3],
  ])('%s', async (_, options, kinds, maxRetries, expected) => {
    expect(await attemptsFor(options, kinds, maxRetries)).toBe(expected);
  });

  it('never more attempts than the call has left', async () => {
    const { run, attempts, clock } = layered([retry({ maxRetries: 9 })], [failure('connection')]);
    const done = rejectionOf(run({}, { maxAttempts: 3 }));
    await clock.advance(HOUR);
    await done;
    expect(attempts).toHaveLength(3);
  });

  it('attempts stay within 1 + the largest bound, for any failures', async () => {
    const kinds = fc.constantFrom<ErrorKind>('connection', 'timeout', 'rate_limit', 'service_unavailable');
    const few = fc.nat({ max: 4 });
    await fc.assert(
      fc.asyncProperty(few, few, fc.array(kinds, { minLength: 8, maxLength: 8 }), async (maxRetries, limited, sequence) => {
        const count = await attemptsFor({ maxRetries, by: { rate_limit: limited } }, sequence);
        expect(count).toBeLessThanOrEqual(1 + Math.max(maxRetries, limited));
        expect(count).toBeGreaterThanOrEqual(1);
      }),
      { numRuns: 40 },
    );
  });

  it('shouldRetry that throws repeats nothing; the error comes out, with a warning', async () => {
    const error = failure('connection');
    const shouldRetry = (): boolean => {
      throw new RangeError('a bug');
    };
    const rig = layered([retry({ shouldRetry })], [error]);
    expect(await rejectionOf(rig.run())).toBe(error);
    expect(rig.attempts).toHaveLength(1);
    expect(rig.eventsOf('warning')).toMatchObject([{ message: expect.stringMatching(/^retry\.shouldRetry threw .*a bug/) }]);
  });

  it('shouldRetry is asked about what may be repeated, with the call and the number of the attempt', async () => {
    const asked: [string, string, number][] = [];
    const shouldRetry = (error: { kind: string }, call: Call, attempt: number): boolean => {
      asked.push([error.kind, call.target.model, attempt]);
      return attempt < 2;
    };
    const { run, attempts, clock } = layered([retry({ maxRetries: 5, shouldRetry })], [failure('connection')]);
    const done = rejectionOf(run());
    await clock.advance(HOUR);
    await done;
    expect(attempts).toHaveLength(2);
    expect(asked).toEqual([
      ['connection', 'gpt-5-mini', 1],
      ['connection', 'gpt-5-mini', 2],
    ]);
    const refused = layered([retry({ shouldRetry: () => true })], [failure('bad_request')]);
    await rejectionOf(refused.run());
    expect(refused.attempts).toHaveLength(1);
  });
});

describe('how long', () => {
  it('doubles the delay up to the cap', async () => {
    const { run, moments, clock } = layered([retry({ ...exact, maxRetries: 6, maxDelay: 4_000 })], [failure('connection')]);
    const done = rejectionOf(run());
    await clock.advance(HOUR);
    await done;
    expect(moments()).toEqual([0, 500, 1_500, 3_500, 7_500, 11_500, 15_500]);
  });

  it('spreads the delay at the cap too', async () => {
    const { run, moments, clock } = layered([retry({ maxRetries: 7, maxDelay: 1_000 })], [failure('connection')]);
    let chance = 0;
    clock.random = () => (chance = (chance + 0.1) % 1);
    const done = rejectionOf(run());
    await clock.advance(HOUR);
    await done;
    const waits = moments()
      .slice(1)
      .map((at, i) => at - (moments()[i] ?? 0));
    expect(new Set(waits.slice(2).map(Math.round)).size).toBe(5);
    expect(Math.max(...waits)).toBeLessThan(1_000);
  });

  it.each([0, 0.5, 0.999])('a Retry-After is the wait, not added to one (chance %d)', async (chance) => {
    const { run, moments, clock, eventsOf } = layered([retry()], [failure('rate_limit', { retryAfterMs: 3_000 }), undefined]);
    clock.random = () => chance;
    const done = run();
    await clock.advance(2_999);
    expect(moments()).toEqual([0]);
    await clock.advance(301);
    await done;
    expect(moments()[1]).toBeCloseTo(3_000 + chance * 300);
    expect(eventsOf('waiting')).toMatchObject([{ reason: 'retry-after', target: { model: 'gpt-5-mini' } }]);
  });

  it('a Retry-After of nothing is no reason to hammer', async () => {
    const { run, moments, clock, eventsOf } = layered([retry(exact)], [failure('rate_limit', { retryAfterMs: 0 }), undefined]);
    const done = run();
    await clock.advance(HOUR);
    await done;
    expect(moments()).toEqual([0, 1_000]);
    expect(eventsOf('waiting')).toMatchObject([{ reason: 'backoff', ms: 1_000, error: { kind: 'rate_limit' } }]);
  });

  it('gives up at once when the provider asks for more than the cap', async () => {
    const error = failure('rate_limit', { retryAfterMs: 60_001 });
    const { run, attempts, eventsOf } = layered([retry()], [error]);
    expect(await rejectionOf(run())).toBe(error);
    expect(error.retryAfterMs).toBe(60_001);
    expect(attempts).toHaveLength(1);
    expect(eventsOf('waiting')).toEqual([]);
  });

  it('obeys any Retry-After where the cap is lifted', async () => {
    const steps = [failure('rate_limit', { retryAfterMs: 120_000 }), undefined];
    const { run, moments, clock } = layered([retry({ maxRetryAfter: Number.POSITIVE_INFINITY })], steps);
    clock.random = () => 0;
    const done = run();
    await clock.advance(120_000);
    await done;
    expect(moments()).toEqual([0, 120_000]);
  });

  it.each([
    ['backoff', {}],
    ['Retry-After', { retryAfterMs: 500 }],
  ])('gives up at once when the %s does not fit the deadline', async (_, facts) => {
    const error = failure('rate_limit', facts);
    const { run, attempts, clock } = layered([retry(exact)], [error]);
    clock.random = () => 0;
    expect(await rejectionOf(run({}, { deadline: clock.now() + 500 }))).toBe(error);
    expect(attempts).toHaveLength(1);
    expect(clock.pending).toBe(0);
  });

  it('waits when the deadline leaves room', async () => {
    const { run, attempts, clock } = layered([retry(exact)], [failure('connection'), undefined]);
    const done = run({}, { deadline: clock.now() + 501 });
    await clock.advance(500);
    await done;
    expect(attempts).toHaveLength(2);
  });
});

describe('the abort of the caller', () => {
  it('ends a wait at once, with the reason as cause and nothing left behind', async () => {
    const controller = new AbortController();
    const { run, attempts, clock } = layered([retry()], [failure('rate_limit', { retryAfterMs: 30_000 })]);
    const done = rejectionOf(run({ signal: controller.signal }));
    await clock.advance(1_000);
    expect(clock.pending).toBe(1);
    const reason = new Error('user left');
    controller.abort(reason);
    const error = await done;
    expect(error).toBeInstanceOf(AbortError);
    expect(error).toMatchObject({ kind: 'aborted', cause: reason, provider: 'openai', model: 'gpt-5-mini' });
    expect(clock.pending).toBe(0);
    expect(attempts).toHaveLength(1);
  });

  it('before the wait begins there is no wait', async () => {
    const controller = new AbortController();
    const { run, events } = layered(
      [retry()],
      [
        () => {
          controller.abort('gone');
          return failure('connection');
        },
      ],
    );
    const error = await rejectionOf(run({ signal: controller.signal }));
    expect(error).toMatchObject({ kind: 'aborted', cause: 'gone' });
    expect(events).toEqual([]);
  });
});

describe('the options', () => {
  it.each<[unknown, string]>([
    [{ maxRetries: '3' }, 'retry.maxRetries: expected a whole number ≥ 0, got "3"'],
    [{ maxRetries: 1.5 }, 'retry.maxRetries: expected a whole number ≥ 0, got 1.5'],
    [{ maxRetries: -1 }, 'retry.maxRetries: expected a whole number ≥ 0, got -1'],
    [{ minDelay: Number.NaN }, 'retry.minDelay: expected a number of milliseconds ≥ 0, got NaN'],
    [{ maxRetryAfter: -1 }, 'retry.maxRetryAfter: expected milliseconds ≥ 0 or Infinity, got -1'],
    [{ maxRetires: 3 }, 'retry.maxRetires: unknown option; did you mean "maxRetries"?'],
    [{ jitter: 'some' }, 'retry.jitter: expected "full" or "equal" or "none" or "proportional", got "some"'],
    [{ by: { rate_limits: 1 } }, 'retry.by.rate_limits: unknown option; did you mean "rate_limit"?'],
    [{ by: { rate_limit: '1' } }, 'retry.by.rate_limit: expected a whole number ≥ 0 or an object, got "1"'],
    [{ shouldRetry: true }, 'retry.shouldRetry: expected a function, got true'],
    [3, 'retry: expected an object, got 3'],
  ])('%j are refused', (options, message) => {
    expect(() => retry(options as RetryOptions)).toThrow(ConfigurationError);
    expect(() => retry(options as RetryOptions)).toThrow(message);
  });

  it('are copied, never changed', async () => {
    const options = { maxRetries: 1, by: { timeout: 1 } };
    const layer = retry(Object.freeze(options));
    retry(options);
    expect(options).toEqual({ maxRetries: 1, by: { timeout: 1 } });
    const live = { maxRetries: 1 };
    const rig = layered([retry(live)], [failure('connection')]);
    live.maxRetries = 7;
    const done = rejectionOf(rig.run());
    await rig.clock.advance(HOUR);
    await done;
    expect(rig.attempts).toHaveLength(2);
    expect(layer.name).toBe('retry');
  });
});
