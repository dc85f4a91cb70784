import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '../../src/errors/setup-errors.ts';
import type { RateLimitOptions } from '../../src/middleware/rate-limit.ts';
import { rateLimit } from '../../src/middleware/rate-limit.ts';
import { failure, openStream, rejectionOf, targetOf } from '../support/layered.ts';
import type { Limited } from '../support/limited.ts';
import { limited } from '../support/limited.ts';

const answered = [undefined];

/** So many calls, with ids in the order of their coming; what became of each. */
function come(rig: Limited, count: number, changes: Parameters<Limited['run']>[1] = {}, from = 1): Promise<unknown>[] {
  return Array.from({ length: count }, (_, i) =>
    rig.run({}, { ...changes, correlationId: `c${from + i}` }).then(
      () => 'answered',
      (error: unknown) => error,
    ),
  );
}

describe('requestsPerMinute', () => {
  it('lets a whole bucket go at once, and then one as each comes back', async () => {
    const rig = limited({ requestsPerMinute: 6 }, answered);
    const calls = come(rig, 9);
    await rig.clock.advance(60_000);
    await Promise.all(calls);
    expect(rig.moments()).toEqual([0, 0, 0, 0, 0, 0, 10_000, 20_000, 30_000]);
    expect(rig.sent()).toEqual(['c1', 'c2', 'c3', 'c4', 'c5', 'c6', 'c7', 'c8', 'c9']);
    expect(rig.clock.pending).toBe(0);
  });

  it('tells of a wait when it is over', async () => {
    const rig = limited({ requestsPerMinute: 6 }, answered);
    const calls = come(rig, 8);
    await rig.clock.advance(60_000);
    await Promise.all(calls);
    expect(rig.eventsOf('waiting')).toEqual([
      { type: 'waiting', target: targetOf('openai/gpt-5-mini'), ms: 10_000, reason: 'queue', limit: 'requests' },
      { type: 'waiting', target: targetOf('openai/gpt-5-mini'), ms: 20_000, reason: 'queue', limit: 'requests' },
    ]);
  });

  it('gives a request back that was never sent', async () => {
    const rig = limited({ requestsPerMinute: 1 }, [
      failure('circuit_open'),
      failure('budget_exceeded'),
      failure('configuration'),
      failure('unsupported_params'),
      undefined,
    ]);
    for (let calls = 0; calls < 4; calls++) await rejectionOf(rig.run());
    await rig.run();
    expect(rig.moments()).toEqual([0, 0, 0, 0, 0]);
    const next = rig.run();
    await rig.clock.advance(60_000);
    await next;
    expect(rig.moments().at(-1)).toBe(60_000);
  });

  it('counts each key by itself', async () => {
    const rig = limited({ requestsPerMinute: 1 }, answered);
    await rig.run();
    await rig.run({}, { target: targetOf('openai/gpt-4o') });
    await rig.run({}, { target: { ...targetOf('openai/gpt-5-mini'), baseURL: 'https://eu.example' } });
    expect(rig.moments()).toEqual([0, 0, 0]);
    expect(rig.limiter.snapshot().map(({ key }) => key)).toEqual([
      'openai/gpt-5-mini',
      'openai/gpt-4o',
      'openai/gpt-5-mini at https://eu.example',
    ]);
  });

  it('does not count lists of models', async () => {
    const rig = limited({ requestsPerMinute: 1 }, answered);
    for (let calls = 0; calls < 3; calls++) await rig.run({}, { operation: 'models' as never });
    expect(rig.moments()).toEqual([0, 0, 0]);
    expect(rig.limiter.snapshot()).toEqual([]);
  });
});

describe('concurrency', () => {
  it('never lets more run, and serves who waits in the order of coming', async () => {
    const rig = limited({ concurrency: 2 });
    const calls = come(rig, 5);
    await rig.settle();
    expect(rig.limiter.snapshot()).toEqual([{ key: 'openai/gpt-5-mini', queued: 3, running: 2, limit: 2 }]);
    await rig.end(1);
    expect(rig.sent()).toEqual(['c1', 'c2', 'c3']);
    await rig.end(0);
    await rig.end(2, failure('connection'));
    expect(rig.sent()).toEqual(['c1', 'c2', 'c3', 'c4', 'c5']);
    expect(rig.stand()).toBe('0/2');
    await rig.end(3);
    await rig.end(4);
    expect(await Promise.all(calls)).toEqual(['answered', 'answered', expect.anything(), 'answered', 'answered']);
    expect(rig.stand()).toBe('0/0');
  });

  it.each([
    ['its end', (stream: ReturnType<typeof openStream>) => stream.end()],
    ['a failure', (stream: ReturnType<typeof openStream>) => stream.fail(failure('stream_interrupted'))],
    ['its reader leaving', (stream: ReturnType<typeof openStream>) => stream.cancel()],
  ])('is held by a stream until %s', async (_, finish) => {
    const rig = limited({ concurrency: 1 });
    const stream = openStream();
    const calls = come(rig, 2);
    await rig.settle();
    await rig.end(0, stream);
    expect(await calls[0]).toBe('answered');
    expect(rig.stand()).toBe('1/1');
    finish(stream);
    await rig.settle();
    expect(rig.sent()).toEqual(['c1', 'c2']);
    await rig.end(1);
    expect(rig.stand()).toBe('0/0');
  });

  it('is held back by who else has places in the same store: it asks again', async () => {
    const rig = limited({ concurrency: 1 });
    const other = { clock: rig.clock, report: () => {} };
    const [first] = come(rig, 1);
    await rig.settle();
    const { store } = rig.attempts[0]?.call ?? {};
    await rig.end(0);
    await first;
    const held = store?.slots.take('rateLimit:openai/gpt-5-mini', 1, 60_000, other) as string;
    const calls = come(rig, 1);
    await rig.clock.advance(1_000);
    expect(rig.stand()).toBe('1/0');
    store?.slots.release('rateLimit:openai/gpt-5-mini', held, other);
    await rig.clock.advance(1_000);
    expect(rig.stand()).toBe('0/1');
    await rig.end(1);
    expect(await Promise.all(calls)).toEqual(['answered']);
  });

  it('frees the places of a process that died when their lease ends', async () => {
    const rig = limited({ concurrency: 1, lease: 5_000 });
    const [first] = come(rig, 1);
    await rig.settle();
    const { store } = rig.attempts[0]?.call ?? {};
    await rig.end(0);
    await first;
    store?.slots.take('rateLimit:openai/gpt-5-mini', 1, 5_000, { clock: rig.clock, report: () => {} });
    come(rig, 1);
    await rig.clock.advance(4_000);
    expect(rig.stand()).toBe('1/0');
    await rig.clock.advance(1_500);
    expect(rig.stand()).toBe('0/1');
  });
});

describe('the queue', () => {
  it('refuses who finds it full', async () => {
    const rig = limited({ concurrency: 1, queue: { size: 2 } });
    const calls = come(rig, 5);
    const refusal = await calls[3];
    expect(refusal).toMatchObject({
      kind: 'budget_exceeded',
      code: 'queue_full',
      retryable: false,
      provider: 'openai',
      model: 'gpt-5-mini',
      message:
        'openai/gpt-5-mini: budget exceeded: the queue of rateLimit is full (2 waiting, 1 running, held up by concurrency)',
      details: { queued: 2, running: 1, limit: 'concurrency' },
    });
    expect(await calls[4]).toMatchObject({ code: 'queue_full' });
    expect(rig.eventsOf('skipped')).toMatchObject([{ reason: 'limit', error: refusal }, { reason: 'limit' }]);
    expect(rig.stand()).toBe('2/1');
  });

  it('of size 0 refuses whoever cannot go at once', async () => {
    const rig = limited({ requestsPerMinute: 1, queue: { size: 0 } }, answered);
    expect(await Promise.all(come(rig, 2))).toMatchObject(['answered', { code: 'queue_full', retryAfterMs: 60_000 }]);
    await rig.clock.advance(60_000);
    expect(await Promise.all(come(rig, 1))).toEqual(['answered']);
    expect(rig.clock.pending).toBe(0);
  });

  it('has room for a thousand by default', async () => {
    const rig = limited({ concurrency: 1 });
    const calls = come(rig, 1_002);
    expect(await calls[1_001]).toMatchObject({ code: 'queue_full' });
    expect(rig.stand()).toBe('1000/1');
  });

  it('lets nobody wait longer than its timeout', async () => {
    const rig = limited({ concurrency: 1, queue: { timeout: 3_000 } });
    const calls = come(rig, 2);
    await rig.clock.advance(2_999);
    expect(rig.stand()).toBe('1/1');
    await rig.clock.advance(1);
    expect(await calls[1]).toMatchObject({
      kind: 'budget_exceeded',
      code: 'queue_timeout',
      message: 'openai/gpt-5-mini: budget exceeded: waited 3 s in the queue of rateLimit (queue.timeout), held up by concurrency',
    });
    expect(rig.eventsOf('waiting')).toMatchObject([{ ms: 3_000, limit: 'concurrency' }]);
    expect(rig.stand()).toBe('0/1');
    expect(rig.clock.pending).toBe(0);
  });

  it('refuses at once whose known wait is longer than the timeout, by the place in the queue', async () => {
    const rig = limited({ requestsPerMinute: 6, queue: { timeout: 25_000 } }, answered);
    const calls = come(rig, 9);
    expect(await calls[8]).toMatchObject({
      code: 'queue_timeout',
      retryAfterMs: 10_000,
      message:
        'openai/gpt-5-mini: budget exceeded: the wait for requestsPerMinute is 30 s, queue.timeout leaves 25 s, retry after 10 s',
    });
    expect(rig.moments()).toHaveLength(6);
    await rig.clock.advance(20_000);
    expect(await Promise.all(calls.slice(0, 8))).toEqual(Array(8).fill('answered'));
  });

  it('refuses at once whose deadline a known wait does not fit', async () => {
    const rig = limited({ requestsPerMinute: 6 }, answered);
    await Promise.all(come(rig, 6));
    const deadline = rig.clock.now() + 10_000;
    expect(await come(rig, 1, { deadline })[0]).toMatchObject({
      kind: 'budget_exceeded',
      code: 'queue_timeout',
      message: expect.stringContaining('the wait for requestsPerMinute is 10 s, the deadline of the call leaves 10 s'),
    });
    // the bucket is as full as before
    const fits = come(rig, 1, { deadline: deadline + 1 });
    await rig.clock.advance(10_000);
    expect(await fits[0]).toBe('answered');
  });

  it('ends with the deadline where nobody knew how long it would be', async () => {
    const rig = limited({ concurrency: 1 });
    come(rig, 1);
    const calls = come(rig, 1, { deadline: rig.clock.now() + 5_000 }, 2);
    const third = come(rig, 1, {}, 3);
    await rig.clock.advance(5_000);
    expect(await calls[0]).toMatchObject({
      kind: 'timeout',
      phase: 'deadline',
      retryable: false,
      message: 'openai/gpt-5-mini: timeout: the deadline of the call passed in the queue of rateLimit, after 5 s',
    });
    expect(rig.eventsOf('skipped')).toEqual([]);
    await rig.end(0);
    expect(rig.sent()).toEqual(['c1', 'c3']);
    await rig.end(1);
    expect(await third[0]).toBe('answered');
  });

  it('is left at once with the signal of the call, at its head and in its middle', async () => {
    const rig = limited({ concurrency: 1, requestsPerMinute: 3 });
    come(rig, 1);
    const controllers = [new AbortController(), new AbortController()];
    const signals = controllers.map(({ signal }) => signal);
    const second = rig.run({ signal: signals[0] ?? null }, { correlationId: 'c2' });
    const third = rig.run({ signal: signals[1] ?? null }, { correlationId: 'c3' });
    come(rig, 1, {}, 4);
    await rig.settle();
    expect(rig.stand()).toBe('3/1');
    controllers[1]?.abort(new Error('gone'));
    expect(await rejectionOf(third)).toMatchObject({ kind: 'aborted', cause: { message: 'gone' } });
    controllers[0]?.abort();
    expect(await rejectionOf(second)).toMatchObject({ kind: 'aborted' });
    expect(rig.stand()).toBe('1/1');
    await rig.end(0);
    expect(rig.sent()).toEqual(['c1', 'c4']);
    expect(rig.eventsOf('skipped')).toEqual([]);
  });

  it('gives back what was taken on credit when its head leaves', async () => {
    const rig = limited({ requestsPerMinute: 1 }, answered);
    await Promise.all(come(rig, 1));
    const controller = new AbortController();
    const leaving = rig.run({ signal: controller.signal });
    const staying = come(rig, 1);
    await rig.clock.advance(30_000);
    controller.abort();
    await rejectionOf(leaving);
    await rig.clock.advance(30_000);
    expect(await staying[0]).toBe('answered');
    expect(rig.moments()).toEqual([0, 60_000]);
  });

  it('needs one timer, however many wait', async () => {
    const rig = limited({ requestsPerMinute: 1, queue: { timeout: 3_600_000 } }, answered);
    come(rig, 50, { deadline: rig.clock.now() + 7_200_000 });
    await rig.settle();
    expect(rig.stand()).toBe('49/0');
    expect(rig.clock.pending).toBe(1);
  });

  it('keeps no listener on a signal that many calls share', async () => {
    const rig = limited({ concurrency: 1, queue: { timeout: 1_000 } });
    let listening = 0;
    const { signal } = new AbortController();
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      listening++;
      add(...args);
    };
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      listening--;
      remove(...args);
    };
    const calls = Array.from({ length: 4 }, () => rig.run({ signal }).catch(() => {}));
    await rig.settle();
    expect(listening).toBe(3);
    await rig.end(0);
    expect(listening).toBe(2);
    await rig.clock.advance(1_000);
    expect(listening).toBe(0);
    await rig.end(1);
    await Promise.all(calls);
  });

  it('is left by nobody for what ended before it came', async () => {
    const rig = limited({ concurrency: 1 });
    come(rig, 1);
    const controller = new AbortController();
    controller.abort();
    const over = [rig.run({ signal: controller.signal }), rig.run({}, { deadline: rig.clock.now() })];
    await rig.settle();
    // the layers below, and in the end the dispatch, see what such a call is
    expect(rig.attempts).toHaveLength(3);
    await rig.end(1);
    await rig.end(2);
    await Promise.all(over);
  });
});

describe('close', () => {
  it('rejects what waits, lets go what runs, and leaves nothing', async () => {
    const rig = limited({ concurrency: 1 });
    const calls = come(rig, 3);
    await rig.settle();
    rig.limiter.close();
    expect(await Promise.all(calls.slice(1))).toMatchObject([
      { kind: 'aborted', code: 'client_closed' },
      { kind: 'aborted', code: 'client_closed' },
    ]);
    expect(rig.limiter.snapshot()).toEqual([]);
    expect(rig.clock.pending).toBe(0);
    await rig.end(0);
    expect(await calls[0]).toBe('answered');
    const again = come(rig, 2);
    await rig.settle();
    expect(rig.stand()).toBe('1/1');
    await rig.end(1);
    await rig.end(2);
    expect(await Promise.all(again)).toEqual(['answered', 'answered']);
  });

  it('of a client whose layer hides the limiter ends its calls too, without spinning', async () => {
    const rig = limited({ requestsPerMinute: 1 }, answered);
    await rig.run();
    const ended: (() => void)[] = [];
    const clock = {
      ...rig.clock,
      now: () => rig.clock.now(),
      timer(callback: () => void) {
        ended.push(callback);
        return { cancel: () => {}, hold: () => {} };
      },
    };
    const waiting = rejectionOf(rig.run({}, { clock }));
    expect(ended).toHaveLength(1);
    ended[0]?.();
    expect(await waiting).toMatchObject({ kind: 'aborted', code: 'client_closed' });
    expect(ended).toHaveLength(1);
  });
});

describe('keys', () => {
  it('of the user’s own share limits over targets, and stay out of the store', async () => {
    const rig = limited({ requestsPerMinute: 2, key: (call) => String(call.metadata.tenant) }, answered);
    const metadata = { tenant: 'sk-secret-of-a-tenant' };
    const seen: string[] = [];
    const first = rig.run({}, { metadata });
    await first;
    const { store } = rig.attempts[0]?.call ?? {};
    const { take } = store?.buckets ?? {};
    if (store === undefined || take === undefined) throw new Error('no store');
    (store.buckets as { take: unknown }).take = (key: string, ...rest: never[]) => {
      seen.push(key);
      return (take as (...args: unknown[]) => unknown).call(store.buckets, key, ...rest);
    };
    await rig.run({}, { metadata, target: targetOf('anthropic/claude-sonnet-4-5') });
    const third = rig.run({}, { metadata });
    await rig.clock.advance(30_000);
    await third;
    expect(rig.moments()).toEqual([0, 0, 30_000]);
    expect(new Set(seen).size).toBe(1);
    expect(seen[0]).toMatch(/^rateLimit:requests:[0-9a-f]{32}$/);
    expect(rig.limiter.snapshot()).toMatchObject([{ key: 'sk-secret-of-a-tenant' }]);
  });

  it('that are idle are given up beyond a thousand, those in use are not', async () => {
    const rig = limited({ concurrency: 1 }, [() => new Promise(() => {}), undefined]);
    void rig.run();
    await rig.settle();
    for (let i = 0; i < 1_200; i++) await rig.run({}, { target: targetOf(`openai/m${i}`) });
    const keys = rig.limiter.snapshot().map(({ key }) => key);
    expect(keys).toHaveLength(1_000);
    expect(keys[0]).toBe('openai/gpt-5-mini');
    expect(keys[1]).toBe('openai/m201');
  });
});

describe('options', () => {
  it.each<[object, string]>([
    [{ requestsPerMinute: 0 }, 'rateLimit.requestsPerMinute: expected a whole number ≥ 1, got 0'],
    [{ tokensPerMinute: 1.5 }, 'rateLimit.tokensPerMinute: expected a whole number ≥ 1, got 1.5'],
    [{ concurrency: '4' }, 'rateLimit.concurrency: expected a whole number ≥ 1, got "4"'],
    [{ queue: { size: -1 } }, 'rateLimit.queue.size: expected a whole number ≥ 0, got -1'],
    [{ queue: { timeout: 0 } }, 'rateLimit.queue.timeout: expected a number of milliseconds > 0, or Infinity, got 0'],
    [{ queue: { length: 5 } }, 'rateLimit.queue.length: unknown option; known are "size", "timeout"'],
    [{ pace: { maxWait: -1 } }, 'rateLimit.pace.maxWait: expected a number of milliseconds > 0, or Infinity, got -1'],
    [{ adaptive: { backoff: 1 } }, 'rateLimit.adaptive.backoff: expected a share above 0 and below 1, got 1'],
    [{ adaptive: { min: 5, max: 4 } }, 'rateLimit.adaptive: expected min ≤ start ≤ max, got an object'],
    [{ adaptive: { start: 20, max: 10 } }, 'rateLimit.adaptive: expected min ≤ start ≤ max, got an object'],
    [{ lease: 0 }, 'rateLimit.lease: expected a number of milliseconds > 0, got 0'],
    [{ key: 'model' }, 'rateLimit.key: expected a function, got a string'],
    [{ store: {} }, 'rateLimit.store: expected a store, as memoryStore() makes them, got an object'],
    [{ requestPerMinute: 5 }, 'rateLimit.requestPerMinute: unknown option; did you mean "requestsPerMinute"?'],
  ])('%j are refused when the layer is built', (options, message) => {
    expect(() => rateLimit(options as RateLimitOptions)).toThrow(ConfigurationError);
    expect(() => rateLimit(options as RateLimitOptions)).toThrow(message);
  });

  it('may all be left out: only the provider’s headers limit then', async () => {
    const rig = limited({}, answered);
    expect(await Promise.all(come(rig, 50))).toEqual(Array(50).fill('answered'));
    expect(rig.moments()).toEqual(Array(50).fill(0));
    expect(rig.limiter.snapshot()).toEqual([{ key: 'openai/gpt-5-mini', queued: 0, running: 0 }]);
  });
});
