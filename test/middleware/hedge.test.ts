import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import type { Call } from '../../src/contract/call.ts';
import type { ErrorKind } from '../../src/errors/kinds.ts';
import { ConfigurationError } from '../../src/errors/setup-errors.ts';
import { AbortError } from '../../src/errors/wire-errors.ts';
import type { HedgeOptions } from '../../src/middleware/hedge.ts';
import { hedge } from '../../src/middleware/hedge.ts';
import { retry } from '../../src/middleware/retry.ts';
import { memoryStore } from '../../src/state/memory-store.ts';
import type { Changes, Layered, Step } from '../support/layered.ts';
import { failure, layered, openStream, rejectionOf, replyOf } from '../support/layered.ts';

const SECOND = 'anthropic/claude-sonnet-4-5';
const unpaid: HedgeOptions = { after: 100, budget: false };

/** Answers after a while, unless the request is aborted first. */
const slow = (ms: number, answer?: unknown): Step => {
  return (call: Call) =>
    new Promise((resolve) => {
      const { clock, signal } = call;
      const timer = clock.timer(() => resolve(answer), ms);
      signal?.addEventListener('abort', () => {
        timer.cancel();
        resolve(new AbortError({ message: 'aborted', cause: signal.reason }));
      });
    });
};

const signals = ({ attempts }: Layered): (boolean | undefined)[] => attempts.map(({ call }) => call.signal?.aborted);
const outcomes = ({ eventsOf }: Layered): string[] => eventsOf('hedge').map(({ outcome, afterMs }) => `${outcome} ${afterMs}`);

/** Runs a call for as long as it takes. */
async function settled(rig: Layered, ms = 10_000, changes: Changes = {}): Promise<unknown> {
  const done = rig.run({}, changes).catch((error: unknown) => error);
  await rig.clock.advance(ms);
  return done;
}

describe('a fixed delay', () => {
  it('sends nothing more when the answer is there in time, and leaves no timer', async () => {
    const rig = layered([hedge(unpaid)], [slow(99)]);
    await settled(rig);
    expect(rig.attempts).toHaveLength(1);
    expect(outcomes(rig)).toEqual([]);
    expect(rig.clock.pending).toBe(0);
  });

  it('sends a second request and takes its answer; the first is aborted', async () => {
    const [first, second] = [replyOf('a'), replyOf('b')];
    const rig = layered([hedge(unpaid)], [slow(1_000, first), slow(50, second)]);
    expect(await settled(rig, 150)).toBe(second);
    expect(rig.moments()).toEqual([0, 100]);
    expect(signals(rig)).toEqual([true, false]);
    expect(outcomes(rig)).toEqual(['started 100', 'won 100']);
    expect(rig.clock.pending).toBe(0);
  });

  it('takes the first answer where it is faster after all; the second is aborted', async () => {
    const first = replyOf('a');
    const rig = layered([hedge(unpaid)], [slow(120, first), slow(500)]);
    expect(await settled(rig, 120)).toBe(first);
    expect(signals(rig)).toEqual([false, true]);
    expect(outcomes(rig)).toEqual(['started 100', 'lost 100']);
    expect(rig.clock.pending).toBe(0);
  });

  it('is one more at most', async () => {
    const rig = layered([hedge(unpaid)], [slow(5_000)]);
    await settled(rig);
    expect(rig.attempts).toHaveLength(2);
  });

  it('passes the call on as it is, but for the signal', async () => {
    const rig = layered([hedge(unpaid)], [slow(1_000)]);
    await settled(rig, 10_000, { metadata: { user: 'ada' } });
    for (const { call } of rig.attempts) expect(call).toMatchObject({ metadata: { user: 'ada' }, operation: 'chat' });
    expect(rig.attempts[0]?.call.signal).not.toBe(rig.attempts[1]?.call.signal);
  });

  it('a second request that has idempotency keys has one of its own, always the same', async () => {
    const keysOf = async (): Promise<(string | undefined)[]> => {
      const rig = layered([hedge(unpaid)], [slow(1_000)]);
      const done = rig.run({ idempotencyKey: 'order-7' });
      await rig.clock.advance(2_000);
      await done;
      return rig.attempts.map(({ call }) => call.options.idempotencyKey);
    };
    const [first, second] = await keysOf();
    expect(first).toBe('order-7');
    expect(second).toMatch(/^order-7-[0-9a-f]{8}$/);
    expect(await keysOf()).toEqual([first, second]);
  });
});

describe('streams', () => {
  it('race to their first content; the loser’s is cancelled', async () => {
    const [first, second] = [openStream(), openStream()];
    const rig = layered([hedge(unpaid)], [slow(300, first), slow(50, second)]);
    expect(await settled(rig, 1_000, { operation: 'stream' as never })).toBe(second);
    let told: unknown;
    second.onSettled((outcome) => {
      told = outcome;
    });
    expect(told).toBeUndefined();
    expect(signals(rig)).toEqual([true, false]);
  });

  it('one that ignores its abort is cancelled when it comes', async () => {
    const late = openStream();
    const rig = layered([hedge(unpaid)], [() => new Promise((resolve) => clock().timer(() => resolve(late), 300)), slow(50)]);
    const clock = () => rig.clock;
    await settled(rig, 1_000);
    let told: unknown;
    late.onSettled((outcome) => {
      told = outcome;
    });
    expect(told).toBe('abandoned');
  });

  it('hold on to the caller’s signal until they end', async () => {
    const stream = openStream();
    const caller = new AbortController();
    const rig = layered([hedge(unpaid)], [slow(10, stream)]);
    const done = rig.run({ signal: caller.signal }, { operation: 'stream' as never });
    await rig.clock.advance(10);
    await done;
    caller.abort('gone');
    expect(rig.attempts[0]?.call.signal?.reason).toBe('gone');
    stream.cancel();
    expect(getEventListeners(caller.signal, 'abort')).toEqual([]);
  });
});

describe('failures', () => {
  it.each<ErrorKind>(['connection', 'rate_limit', 'bad_request'])(
    '%s before the second request surfaces at once',
    async (kind) => {
      const error = failure(kind);
      const rig = layered([hedge(unpaid)], [error]);
      expect(await settled(rig)).toBe(error);
      expect(rig.attempts).toHaveLength(1);
      expect(rig.clock.pending).toBe(0);
    },
  );

  it.each<[string, Step[]]>([
    ['the first', [slow(200, failure('connection')), slow(500, 'the answer')]],
    ['the second', [slow(500, 'the answer'), slow(20, failure('service_unavailable'))]],
    ['the second, which was throttled for long', [slow(500, 'the answer'), failure('rate_limit', { retryable: false })]],
    ['the second, whose account is empty', [slow(500, 'the answer'), failure('insufficient_credits')]],
    ['the second, which our own layers refused', [slow(500, 'the answer'), failure('circuit_open')]],
  ])('of %s leaves the other one running', async (_, steps) => {
    const reply = replyOf('m');
    const script = steps.map((step) => (step === 'the answer' ? reply : step));
    const rig = layered(
      [hedge(unpaid)],
      script.map((step) => withAnswer(step, reply)),
    );
    expect(await settled(rig)).toBe(reply);
    expect(rig.attempts).toHaveLength(2);
  });

  it.each<ErrorKind>(['bad_request', 'context_window_exceeded', 'content_policy_violation', 'authentication', 'not_found'])(
    '%s ends both: the same request fails alike',
    async (kind) => {
      for (const script of [
        [slow(150, failure(kind)), slow(500)],
        [slow(500), slow(50, failure(kind))],
      ]) {
        const rig = layered([hedge(unpaid)], script);
        expect(await settled(rig)).toMatchObject({ kind });
        expect(rig.moments()).toEqual([0, 100]);
        expect(signals(rig).filter(Boolean)).toHaveLength(1);
        expect(rig.clock.pending).toBe(0);
      }
    },
  );

  it('what a layer throws that is no error of ours ends both', async () => {
    const thrown = new RangeError('a bug');
    const rig = layered([hedge(unpaid)], [slow(500), slow(10, thrown)]);
    expect(await settled(rig)).toBe(thrown);
    expect(signals(rig)).toEqual([true, false]);
  });

  it('of both: the first request’s own error comes out', async () => {
    const [first, second] = [failure('connection'), failure('service_unavailable')];
    const rig = layered([hedge(unpaid)], [slow(400, first), slow(50, second)]);
    expect(await settled(rig)).toBe(first);
    expect(outcomes(rig)).toEqual(['started 100', 'lost 100']);
  });

  it('a layer beneath that throws at once is a failure like any', async () => {
    const thrown = new Error('at once');
    const rig = layered(
      [
        hedge(unpaid),
        () => {
          throw thrown;
        },
      ],
      [],
    );
    expect(await rejectionOf(rig.run())).toBe(thrown);
    expect(rig.clock.pending).toBe(0);
  });
});

/** Puts the answer into a slow step that was made with a placeholder. */
function withAnswer(step: Step, reply: object): Step {
  if (typeof step !== 'function') return step;
  return async (call: Call) => {
    const answer = await step(call);
    return answer === 'the answer' ? reply : answer;
  };
}

describe('the abort of the caller', () => {
  it('while the second request is being paid for: it is not sent, and costs nothing', async () => {
    const caller = new AbortController();
    const store = memoryStore();
    const paid: number[] = [];
    const { take, give } = store.buckets;
    store.buckets.take = (...args) => {
      caller.abort();
      return take.apply(store.buckets, args);
    };
    store.buckets.give = (...args) => {
      paid.push(args[2]);
      return give.apply(store.buckets, args);
    };
    // it hears of its abort late
    const first: Step = ({ clock }: Call) =>
      new Promise((resolve) => clock.timer(() => resolve(new AbortError({ message: 'aborted' })), 300));
    const rig = layered([hedge({ after: 100, store })], [first]);
    expect(await settled(rig, 500, { signal: caller.signal })).toMatchObject({ kind: 'aborted' });
    expect(rig.attempts).toHaveLength(1);
    expect(outcomes(rig)).toEqual([]);
    expect(paid).toEqual([1]);
  });

  it('ends both, with its reason, and leaves nothing behind', async () => {
    const caller = new AbortController();
    const rig = layered([hedge(unpaid)], [slow(1_000)]);
    const done = rejectionOf(rig.run({ signal: caller.signal }));
    await rig.clock.advance(200);
    expect(rig.attempts).toHaveLength(2);
    const reason = new Error('user left');
    caller.abort(reason);
    expect(await done).toMatchObject({ kind: 'aborted', cause: reason });
    expect(signals(rig)).toEqual([true, true]);
    expect(rig.clock.pending).toBe(0);
    expect(getEventListeners(caller.signal, 'abort')).toEqual([]);
  });

  it('before the second request there is none', async () => {
    const caller = new AbortController();
    const rig = layered([hedge(unpaid)], [slow(1_000)]);
    const done = rejectionOf(rig.run({ signal: caller.signal }));
    await rig.clock.advance(50);
    caller.abort();
    await done;
    await rig.clock.advance(1_000);
    expect(rig.attempts).toHaveLength(1);
    expect(outcomes(rig)).toEqual([]);
  });

  it('thousands of calls by one signal leave no listener and no timer', async () => {
    const caller = new AbortController();
    const rig = layered([hedge({ ...unpaid, after: 5 })], [(call: Call) => slowEither(call)]);
    let sent = 0;
    const slowEither = (call: Call): unknown => (sent++ % 3 === 0 ? (slow(8) as (call: Call) => unknown)(call) : undefined);
    for (let round = 0; round < 30; round++) {
      const calls = Array.from({ length: 100 }, () => rig.run({ signal: caller.signal }, { maxAttempts: 1_000 }));
      await rig.clock.advance(20);
      await Promise.all(calls);
    }
    expect(rig.attempts.length).toBeGreaterThan(3_500);
    expect(getEventListeners(caller.signal, 'abort')).toEqual([]);
    expect(rig.clock.pending).toBe(0);
  });
});

describe('what is never sent twice', () => {
  const cases: [string, HedgeOptions, Changes, number][] = [
    ['a call with tools', {}, { request: { messages: [], tools: [{ type: 'function', function: { name: 'f' } }] } as never }, 1],
    ['a call with functions', {}, { request: { messages: [], functions: [{ name: 'f' }] } as never }, 1],
    ['a call with no tool in its list', {}, { request: { messages: [], tools: [] } as never }, 2],
    ['… unless asked for', { tools: true }, { request: { messages: [], tools: [{ type: 'function' }] } as never }, 2],
    ['a call that `when` says no to', { when: ({ target }) => target.model === 'other' }, {}, 1],
    ['a list of models', {}, { operation: 'models' as never }, 1],
    ['vectors may', {}, { operation: 'embed' as never }, 2],
    ['rankings may', {}, { operation: 'rerank' as never }, 2],
    ['text completions may', {}, { operation: 'complete' as never }, 2],
    ['a call whose attempts are used up', {}, { maxAttempts: 1 }, 1],
  ];
  it.each(cases)('%s', async (_, options, changes, expected) => {
    const rig = layered([hedge({ ...unpaid, ...options })], [slow(1_000)]);
    await settled(rig, 10_000, changes);
    expect(rig.attempts).toHaveLength(expected);
  });

  it('a call whose deadline comes first', async () => {
    const rig = layered([hedge(unpaid)], [slow(1_000)]);
    await settled(rig, 10_000, { deadline: rig.clock.now() + 100 });
    expect(rig.attempts).toHaveLength(1);
    expect(rig.attempts[0]?.call.signal).toBeUndefined();
  });

  it('a call about which `when` throws, with a warning', async () => {
    const when = () => {
      throw new Error('oops');
    };
    const rig = layered([hedge({ ...unpaid, when })], [slow(1_000)]);
    await settled(rig);
    expect(rig.attempts).toHaveLength(1);
    expect(rig.eventsOf('warning')).toMatchObject([{ message: 'hedge.when threw (Error: oops); the call is not sent twice' }]);
  });
});

describe('a learned delay', () => {
  /** One call for each latency. */
  async function learn(rig: Layered, latencies: readonly number[], changes: Changes = {}): Promise<void> {
    for (const ms of latencies) await settled(rig, ms + 1, changes);
  }
  const script = (...latencies: number[]): Step[] => latencies.map((ms) => slow(ms));
  const twenty = Array.from({ length: 20 }, (_, i) => 110 + i * 10); // p95: the 19th, 290

  it('nothing is sent twice before enough calls have been seen; then after the percentile of the last ones', async () => {
    const rig = layered([hedge({ budget: false })], script(...twenty, 2_000, 10));
    await learn(rig, twenty);
    expect(rig.attempts).toHaveLength(20);
    const before = rig.clock.now();
    await settled(rig);
    expect(rig.attempts.slice(20).map(({ at }) => at - before)).toEqual([0, 290]);
    expect(outcomes(rig)).toEqual(['started 290', 'won 290']);
  });

  it.each<[HedgeOptions, number]>([
    [{ after: 'p50' }, 200],
    [{ after: 'p99.9' }, 300],
    [{ minAfter: 1_000 }, 1_000],
  ])('%j: after %d ms', async (options, expected) => {
    const rig = layered([hedge({ budget: false, ...options })], script(...twenty, 5_000, 10));
    await learn(rig, twenty);
    await settled(rig);
    expect(outcomes(rig)[0]).toBe(`started ${expected}`);
  });

  it('goes with the times: the last hundred calls count', async () => {
    const quick = Array.from({ length: 100 }, () => 120);
    const rig = layered([hedge({ budget: false, minAfter: 0 })], script(...twenty, ...quick, 5_000, 10));
    await learn(rig, twenty);
    await learn(rig, quick);
    await settled(rig);
    expect(outcomes(rig)[0]).toBe('started 120');
  });

  it('a first request that was overtaken counts for as long as it was waited for: the delay does not creep down', async () => {
    const all = [...twenty.slice(0, 10)];
    for (let i = 0; i < 40; i++) all.push(5_000, 10);
    const rig = layered([hedge({ budget: false, minSamples: 10 })], script(...all));
    await learn(rig, twenty.slice(0, 10));
    for (let i = 0; i < 40; i++) await settled(rig);
    const delays = outcomes(rig).filter((text) => text.startsWith('started'));
    expect(delays[0]).toBe('started 200');
    expect(delays.at(-1)).not.toBe('started 110');
    expect(Number(delays.at(-1)?.slice(8))).toBeGreaterThanOrEqual(200);
  });

  it('is learned for each target and operation apart', async () => {
    const rig = layered([hedge({ budget: false, minSamples: 2 })], script(150, 150, 900, 900, 5_000, 10, 5_000, 10));
    const stream = { operation: 'stream' as never };
    await learn(rig, [150, 150]);
    await learn(rig, [900, 900], stream);
    await settled(rig);
    await settled(rig, 10_000, stream);
    expect(outcomes(rig)).toEqual(['started 150', 'won 150', 'started 900', 'won 900']);
  });

  it('nothing is learned from failures', async () => {
    const rig = layered([hedge({ budget: false, minSamples: 1 })], [slow(150, failure('connection')), slow(5_000)]);
    await settled(rig);
    await settled(rig);
    expect(rig.attempts).toHaveLength(2);
  });

  it('is forgotten when the client is closed', async () => {
    const layer = hedge({ budget: false, minSamples: 1 });
    const rig = layered([layer], [slow(150), slow(5_000)]);
    await settled(rig);
    layer.close?.();
    await settled(rig);
    expect(rig.attempts).toHaveLength(2);
  });
});

describe('another target', () => {
  const to = { ...unpaid, to: SECOND };

  it('gets the second request, with a key of its own', async () => {
    const rig = layered([hedge(to)], { 'openai/gpt-5-mini': [slow(1_000)], [SECOND]: [slow(10)] });
    const done = rig.run({ idempotencyKey: 'k' });
    await rig.clock.advance(1_000);
    expect((await done).model).toBe('claude-sonnet-4-5');
    expect(rig.targets()).toEqual(['openai/gpt-5-mini', SECOND]);
    expect(rig.attempts[1]?.call.options.idempotencyKey).toMatch(/^k-[0-9a-f]{8}$/);
    expect(rig.eventsOf('hedge')).toMatchObject([{ target: { provider: 'anthropic' } }, { outcome: 'won' }]);
  });

  it('its failure never ends the first request, whatever it is', async () => {
    const rig = layered([hedge(to)], { 'openai/gpt-5-mini': [slow(1_000)], [SECOND]: [failure('authentication')] });
    expect(await settled(rig)).toMatchObject({ model: 'gpt-5-mini' });
  });

  it('is not asked for vectors: those of another model mean something else', async () => {
    const rig = layered([hedge(to)], [slow(1_000)]);
    await settled(rig, 10_000, { operation: 'embed' as never });
    expect(rig.targets()).toEqual(['openai/gpt-5-mini', 'openai/gpt-5-mini']);
  });

  it('that is the same one is no other', async () => {
    const rig = layered([hedge({ ...unpaid, to: 'openai/gpt-5-mini' })], [slow(500), slow(10, failure('bad_request'))]);
    expect(await settled(rig)).toMatchObject({ kind: 'bad_request' });
  });

  it('that does not exist rejects the first call', async () => {
    const rig = layered([hedge({ to: 'opnai/gpt' })], []);
    const error = await rejectionOf(rig.run());
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(error).toMatchObject({ param: 'hedge.to', reason: 'hedge.to: unknown provider in "opnai/gpt"' });
  });
});

describe('the budget', () => {
  it('pays for second requests from the bucket of repeats; when it is empty there is none, and each call tells it once', async () => {
    const store = memoryStore();
    const budget = { capacity: 3, refillPerSecond: 0 };
    const repeats = layered([retry({ minDelay: 0, maxRetries: 1, budget, store })], [failure('connection'), undefined]);
    await settled(repeats, 0);
    const rig = layered([hedge({ after: 100, budget, store })], [slow(500)]);
    for (let i = 0; i < 4; i++) await settled(rig);
    expect(rig.attempts).toHaveLength(6);
    expect(rig.eventsOf('budget-empty')).toHaveLength(2);
    expect(outcomes(rig)).toEqual(['started 100', 'lost 100', 'started 100', 'lost 100']);
  });

  it('is told once where retry finds it empty as well', async () => {
    const budget = { capacity: 1, refillPerSecond: 0 };
    const layers = [retry({ minDelay: 0, budget }), hedge({ after: 100, budget })];
    const rig = layered(layers, [failure('connection'), slow(200, failure('connection'))]);
    await settled(rig);
    expect(rig.attempts).toHaveLength(2);
    expect(rig.eventsOf('budget-empty')).toHaveLength(1);
  });

  it('gets back what was taken for a request that our own layers refused', async () => {
    const budget = { capacity: 1, refillPerSecond: 0 };
    const rig = layered([hedge({ after: 100, budget })], [slow(300), failure('circuit_open'), slow(300), slow(10)]);
    await settled(rig);
    await settled(rig);
    expect(outcomes(rig)).toEqual(['started 100', 'lost 100', 'started 100', 'won 100']);
  });

  it('without retry earns by answers that needed no second request', async () => {
    const budget = { capacity: 1, refillPerSecond: 0 };
    const rig = layered([hedge({ after: 100, budget })], [slow(300), slow(300), ...Array(10), slow(300), slow(10)]);
    for (let i = 0; i < 12; i++) await settled(rig);
    expect(outcomes(rig).filter((text) => text.startsWith('started'))).toHaveLength(2);
  });

  it('with retry earns by what retry counts, not twice', async () => {
    const budget = { capacity: 10, refillPerSecond: 0, successRefund: 0.5 };
    const store = memoryStore();
    const rig = layered([hedge({ after: 100, budget, store }), retry({ budget, store })], []);
    const left = () => {
      const taken = store.buckets.take('retry:openai/gpt-5-mini', { capacity: 10, refillPerSecond: 0 }, 0, {
        ...context,
        clock: rig.clock,
      });
      return taken instanceof Promise ? Number.NaN : taken.left;
    };
    const context = { report: () => {} };
    await store.buckets.give('retry:openai/gpt-5-mini', { capacity: 10, refillPerSecond: 0 }, -10, {
      ...context,
      clock: rig.clock,
    });
    for (let i = 0; i < 4; i++) await settled(rig, 0);
    expect(left()).toBe(2);
  });
});

describe('the options', () => {
  it.each<[unknown, string]>([
    [{ after: 'p100' }, "hedge.after: expected milliseconds ≥ 0 or a percentile from 'p1' to 'p99.9', got \"p100\""],
    [{ after: 'p0' }, 'hedge.after: expected milliseconds'],
    [{ after: -1 }, 'hedge.after: expected milliseconds'],
    [{ after: Number.POSITIVE_INFINITY }, 'hedge.after: expected milliseconds'],
    [{ minAfter: -1 }, 'hedge.minAfter: expected a number of milliseconds ≥ 0, got -1'],
    [{ minSamples: 0 }, 'hedge.minSamples: expected a whole number from 1 to 100, got 0'],
    [{ minSamples: 101 }, 'hedge.minSamples: expected a whole number from 1 to 100, got 101'],
    [{ to: '' }, 'hedge.to: expected \'provider/model\', got ""'],
    [{ when: true }, 'hedge.when: expected a function, got true'],
    [{ tools: 'yes' }, 'hedge.tools: expected true or false, got "yes"'],
    [{ budget: { capacity: 0 } }, 'hedge.budget.capacity: expected a number ≥ 1, got 0'],
    [{ aftr: 3 }, 'hedge.aftr: unknown option; did you mean "after"?'],
    [7, 'hedge: expected an object, got 7'],
  ])('%j are refused', (options, message) => {
    expect(() => hedge(options as HedgeOptions)).toThrow(ConfigurationError);
    expect(() => hedge(options as HedgeOptions)).toThrow(message);
  });
});
