import { describe, expect, it, vi } from 'vitest';
import type { ErrorKind } from '../../src/errors/kinds.ts';
import { CircuitOpenError } from '../../src/errors/policy-errors.ts';
import { ConfigurationError } from '../../src/errors/setup-errors.ts';
import type { CircuitBreakerOptions } from '../../src/middleware/circuit-breaker.ts';
import { circuitBreaker } from '../../src/middleware/circuit-breaker.ts';
import { memoryStore } from '../../src/state/memory-store.ts';
import type { Layered, Step } from '../support/layered.ts';
import { failure, layered, openStream, rejectionOf, targetOf } from '../support/layered.ts';

const KEY = 'openai/gpt-5-mini';
const small: CircuitBreakerOptions = { minCalls: 4, window: 10_000, openFor: 1_000 };

interface Watched extends Layered {
  readonly breaker: ReturnType<typeof circuitBreaker>;
  readonly state: () => string | undefined;
  /** Runs so many calls one after another, whatever becomes of them. */
  readonly calls: (count: number) => Promise<void>;
}

/** A breaker above a wire that answers as `wire.answer` says. */
function watched(options: CircuitBreakerOptions = small, steps: readonly Step[] = [failure('connection')]): Watched {
  const breaker = circuitBreaker(options);
  const rig = layered([breaker], steps);
  return {
    ...rig,
    breaker,
    state: () => breaker.snapshot().find(({ key }) => key === KEY)?.state,
    async calls(count) {
      for (let i = 0; i < count; i++) await rig.run().catch(() => {});
    },
  };
}

/** A wire whose answers the test gives one by one, in any order. */
function held(): { steps: readonly Step[]; settle: (index: number, outcome?: unknown) => Promise<void> } {
  const waiting: ((outcome: unknown) => void)[] = [];
  return {
    steps: [() => new Promise((resolve) => waiting.push(resolve))],
    async settle(index, outcome) {
      waiting[index]?.(outcome);
      for (let turn = 0; turn < 10; turn++) await null;
    },
  };
}

describe('when it opens', () => {
  it('not on fewer calls than minCalls, then with the failure that completes them', async () => {
    const { calls, state, attempts } = watched();
    await calls(3);
    expect(state()).toBe('closed');
    await calls(1);
    expect(state()).toBe('open');
    await calls(5);
    expect(attempts).toHaveLength(4);
  });

  it('by default with the tenth failure of ten', async () => {
    const { calls, state } = watched({});
    await calls(9);
    expect(state()).toBe('closed');
    await calls(1);
    expect(state()).toBe('open');
  });

  it('when more than the share failed, not when exactly it did', async () => {
    const steps = [...Array(4).fill(undefined), failure('connection')];
    const { calls, state } = watched({}, steps);
    await calls(10);
    expect(state()).toBe('closed'); // 6 of 10
    await calls(1);
    expect(state()).toBe('open'); // 7 of 11
  });

  it('sees an outage in the newest 300 calls, however many went well before', async () => {
    let broken = false;
    const rig = watched({}, [() => (broken ? failure('service_unavailable') : undefined)]);
    for (let second = 0; second < 30; second++) {
      await rig.calls(100);
      await rig.clock.advance(1_000);
    }
    broken = true;
    for (let second = 0; second < 6 && rig.state() === 'closed'; second++) {
      await rig.calls(100);
      await rig.clock.advance(1_000);
    }
    expect(rig.state()).toBe('open');
    expect(rig.attempts.length - 3_000).toBeLessThan(600); // 18 of the 30 s by the whole window: 1 800 calls
  });

  it('forgets what lies further back than the window', async () => {
    const { calls, state, clock } = watched();
    await calls(3);
    await clock.advance(10_001);
    await calls(3);
    expect(state()).toBe('closed');
    await clock.advance(5_000);
    await calls(1);
    expect(state()).toBe('open');
  });

  it('counts calls that last far longer than the window', async () => {
    const wire = held();
    const { run, state, clock } = watched({ ...small, window: 1_000 }, wire.steps);
    const running = Array.from({ length: 4 }, () => rejectionOf(run()));
    await clock.advance(60_000);
    for (let i = 0; i < 4; i++) await wire.settle(i, failure('timeout', { phase: 'attempt' }));
    await Promise.all(running);
    expect(state()).toBe('open');
  });

  it('does not count calls that are still under way', async () => {
    const wire = held();
    const { run, state } = watched({}, wire.steps);
    const running = Array.from({ length: 40 }, () => run().catch(() => {}));
    for (let i = 0; i < 10; i++) await wire.settle(i, failure('connection'));
    expect(state()).toBe('open');
    for (let i = 10; i < 40; i++) await wire.settle(i);
    await Promise.all(running);
    expect(state()).toBe('open');
  });

  it('a burst that settles in one turn trips it before the next call is admitted', async () => {
    const { run, state, attempts } = watched();
    await Promise.all(Array.from({ length: 4 }, () => rejectionOf(run())));
    expect(state()).toBe('open');
    expect(await rejectionOf(run())).toBeInstanceOf(CircuitOpenError);
    expect(attempts).toHaveLength(4);
  });

  it.each<[ErrorKind, Readonly<Record<string, unknown>>]>([
    ['connection', {}],
    ['internal_server', {}],
    ['service_unavailable', {}],
    ['out_of_memory', {}],
    ['response_validation', {}],
    ['stream_interrupted', {}],
    ['timeout', { phase: 'connect' }],
    ['timeout', { phase: 'first_token' }],
    ['timeout', { phase: 'idle' }],
    ['timeout', { phase: 'attempt' }],
    ['timeout', { phase: 'server', status: 408 }],
    ['timeout', { phase: 'deadline' }],
  ])('%s %j is a failure', async (kind, facts) => {
    const { calls, state } = watched(small, [failure(kind, facts)]);
    await calls(4);
    expect(state()).toBe('open');
  });

  it.each<[ErrorKind, Readonly<Record<string, unknown>>]>([
    ['rate_limit', {}],
    ['insufficient_credits', {}],
    ['authentication', {}],
    ['permission_denied', {}],
    ['not_found', {}],
    ['bad_request', {}],
    ['unprocessable_entity', {}],
    ['unsupported_params', {}],
    ['request_too_large', {}],
    ['context_window_exceeded', {}],
    ['content_policy_violation', {}],
    ['conflict', {}],
    ['aborted', {}],
    ['circuit_open', {}],
    ['budget_exceeded', {}],
    ['configuration', {}],
    ['unsupported_operation', {}],
    ['timeout', { phase: 'deadline', partial: { content: 'Hel', reasoning_content: '', tool_calls: [], chunks: 1 } }],
  ])('%s %j counts for nothing', async (kind, facts) => {
    const { calls, state } = watched(small, [...Array(20).fill(failure(kind, facts)), failure('connection')]);
    await calls(23);
    expect(state()).toBe('closed');
    await calls(1);
    expect(state()).toBe('open'); // 4 of 4: the others did not dilute
  });

  it('an untyped error counts for nothing', async () => {
    const { calls, state } = watched(small, [new TypeError('a bug in a layer')]);
    await calls(10);
    expect(state()).toBe('closed');
  });

  it('a call whose deadline had passed before it began counts for nothing', async () => {
    const { run, state, clock } = watched(small, [failure('timeout', { phase: 'deadline' })]);
    for (let i = 0; i < 6; i++) await rejectionOf(run({}, { deadline: clock.now() }));
    expect(state()).toBeUndefined();
  });

  it('isFailure decides instead; one that throws counts nothing and says so', async () => {
    const own = watched({ ...small, isFailure: ({ kind }) => kind === 'rate_limit' }, [failure('rate_limit')]);
    await own.calls(4);
    expect(own.state()).toBe('open');
    const broken = watched({
      ...small,
      isFailure: () => {
        throw new Error('oops');
      },
    });
    await broken.calls(6);
    expect(broken.state()).toBe('closed');
    expect(broken.eventsOf('warning')[0]?.message).toContain('isFailure threw (Error: oops)');
  });
});

describe('while it is open', () => {
  it('rejects without sending, says until when, and reports the skip', async () => {
    const { calls, run, clock, attempts, eventsOf } = watched();
    await calls(4);
    await clock.advance(250);
    const error = await rejectionOf(run());
    expect(error).toBeInstanceOf(CircuitOpenError);
    expect(error).toMatchObject({ kind: 'circuit_open', retryAfterMs: 750, retryable: false, provider: 'openai' });
    expect((error as Error).message).toContain('4 of 4 calls failed; nothing is sent before the next trial, retry after');
    expect(attempts).toHaveLength(4);
    expect(eventsOf('skipped')).toEqual([{ type: 'skipped', target: targetOf(KEY), reason: 'circuit_open', error }]);
  });

  it('lasts openFor, ±20 % by chance', async () => {
    for (const [chance, expected] of [
      [0, 800],
      [0.5, 1_000],
      [0.75, 1_100],
    ] as const) {
      const { calls, clock, eventsOf } = watched();
      clock.random = () => chance;
      await calls(4);
      expect(eventsOf('breaker-changed')).toMatchObject([{ key: KEY, from: 'closed', to: 'open', openForMs: expected }]);
    }
  });

  it('lasts twice as long each time in a row, up to five minutes', async () => {
    const { calls, clock, eventsOf } = watched({});
    await calls(10);
    for (let i = 0; i < 8; i++) {
      await clock.advance(300_000);
      await calls(1);
    }
    const lengths = eventsOf('breaker-changed').flatMap(({ openForMs }) => openForMs ?? []);
    expect(lengths).toEqual([5_000, 10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000, 300_000]);
  });

  it('starts anew after it has stayed closed for a while, not before', async () => {
    const { calls, clock, eventsOf } = watched(small, [
      ...Array(5).fill(failure('connection')),
      undefined,
      ...Array(3).fill(failure('connection')),
      undefined,
      failure('connection'),
    ]);
    const lengths = () => eventsOf('breaker-changed').flatMap(({ openForMs }) => openForMs ?? []);
    await calls(4);
    await clock.advance(1_000);
    await calls(1); // the trial fails
    await clock.advance(2_000);
    await calls(4); // the trial succeeds, then 3 of 4 have failed
    expect(lengths()).toEqual([1_000, 2_000, 4_000]);
    await clock.advance(4_000);
    await calls(1); // the trial succeeds
    await clock.advance(10_000);
    await calls(4);
    expect(lengths()).toEqual([1_000, 2_000, 4_000, 1_000]);
  });

  it('lasts as long as a Retry-After that is longer, within reason', async () => {
    const asked = watched(small, [failure('service_unavailable', { retryAfterMs: 20_000 }), failure('connection')]);
    await asked.calls(4);
    expect(asked.breaker.snapshot()[0]?.trialAt).toBe(asked.clock.now() + 20_000);
    const absurd = watched(small, [failure('service_unavailable', { retryAfterMs: 86_400_000 })]);
    await absurd.calls(4);
    expect(absurd.breaker.snapshot()[0]?.trialAt).toBe(absurd.clock.now() + 900_000);
    const short = watched(small, [failure('service_unavailable', { retryAfterMs: 10 })]);
    await short.calls(4);
    expect(short.breaker.snapshot()[0]?.trialAt).toBe(short.clock.now() + 1_000);
  });

  it('does not hold a Retry-After against a target that has answered since', async () => {
    const failed = failure('connection');
    const { calls, breaker, clock } = watched(small, [
      failure('service_unavailable', { retryAfterMs: 20_000 }),
      undefined,
      failed,
    ]);
    await calls(4);
    expect(breaker.snapshot()[0]?.trialAt).toBe(clock.now() + 1_000);
  });

  it('ignores stragglers from before the opening', async () => {
    const wire = held();
    const { run, state, clock } = watched(small, wire.steps);
    const running = Array.from({ length: 8 }, () => run().catch(() => {}));
    for (let i = 0; i < 4; i++) await wire.settle(i, failure('connection'));
    expect(state()).toBe('open');
    await wire.settle(4);
    expect(state()).toBe('open');
    await clock.advance(1_000);
    const trial = run().catch(() => {});
    expect(state()).toBe('half-open');
    await wire.settle(5);
    await wire.settle(6, failure('connection'));
    expect(state()).toBe('half-open');
    await wire.settle(8);
    expect(state()).toBe('closed');
    await wire.settle(7, failure('connection'));
    await Promise.all([...running, trial]);
    expect(state()).toBe('closed');
  });
});

describe('the trial', () => {
  async function opened(wire: ReturnType<typeof held>): Promise<Watched> {
    const rig = watched(small, [...Array(4).fill(failure('connection')), ...wire.steps]);
    await rig.calls(4);
    await rig.clock.advance(1_000);
    return rig;
  }

  it('is one at a time; the others are told', async () => {
    const wire = held();
    const { run, state, attempts, eventsOf } = await opened(wire);
    const trial = run();
    const refused = await Promise.all([rejectionOf(run()), rejectionOf(run())]);
    expect(refused.every((error) => error instanceof CircuitOpenError)).toBe(true);
    expect((refused[0] as Error).message).toContain('a trial is under way');
    expect(attempts).toHaveLength(5);
    await wire.settle(0);
    await trial;
    expect(state()).toBe('closed');
    expect(eventsOf('breaker-changed').map(({ from, to }) => [from, to])).toEqual([
      ['closed', 'open'],
      ['open', 'half-open'],
      ['half-open', 'closed'],
    ]);
  });

  it('that fails opens it again', async () => {
    const wire = held();
    const { run, state } = await opened(wire);
    const trial = rejectionOf(run());
    await wire.settle(0, failure('connection'));
    await trial;
    expect(state()).toBe('open');
    expect(((await rejectionOf(run())) as Error).message).toContain('the trial failed');
  });

  it.each(['aborted', 'bad_request', 'rate_limit'] as const)(
    'that ends with %s decides nothing and gives its place back',
    async (kind) => {
      const wire = held();
      const { run, state } = await opened(wire);
      for (let i = 0; i < 3; i++) {
        const trial = rejectionOf(run());
        await wire.settle(i, failure(kind));
        await trial;
        expect(state()).toBe('half-open');
      }
      const trial = run();
      await wire.settle(3);
      await trial;
      expect(state()).toBe('closed');
    },
  );

  it('gives its place back when a layer beneath throws something else', async () => {
    const wire = held();
    const { run, state } = await opened(wire);
    const trial = rejectionOf(run());
    await wire.settle(0, new TypeError('bug'));
    await trial;
    const next = run();
    await wire.settle(1);
    await next;
    expect(state()).toBe('closed');
  });

  it('that never ends gives its place up after the attempt limit, and then decides nothing', async () => {
    const wire = held();
    const { run, state, clock } = await opened(wire);
    const limits = { connect: 1, firstToken: 1, idle: 1, attempt: 30_000 };
    const hung = run({}, { limits }).catch(() => {});
    await clock.advance(29_999);
    expect(await rejectionOf(run())).toBeInstanceOf(CircuitOpenError);
    await clock.advance(1);
    const second = run();
    await wire.settle(0, failure('timeout', { phase: 'attempt' }));
    await hung;
    expect(state()).toBe('half-open');
    await wire.settle(1);
    await second;
    expect(state()).toBe('closed');
  });

  it('without any limit gives its place up after ten minutes', async () => {
    const wire = held();
    const { run, clock } = await opened(wire);
    void run();
    await clock.advance(600_000);
    void run();
    expect(await rejectionOf(run())).toBeInstanceOf(CircuitOpenError);
    await wire.settle(1);
  });

  it('leaves the counts of the time before behind', async () => {
    const { calls, state, clock } = watched({ ...small, window: 600_000 }, [
      ...Array(4).fill(failure('connection')),
      undefined,
      failure('connection'),
    ]);
    await calls(4);
    await clock.advance(1_000);
    await calls(3);
    expect(state()).toBe('closed'); // 2 of 3
    await calls(1);
    expect(state()).toBe('open'); // 3 of 4
  });
});

describe('streams', () => {
  type Stream = ReturnType<typeof openStream>;

  async function open(rig: Layered, count: number): Promise<Stream[]> {
    const streams: Stream[] = [];
    for (let i = 0; i < count; i++) streams.push((await rig.run()) as unknown as Stream);
    return streams;
  }
  const withStreams = (...first: Step[]) => watched(small, [...first, () => openStream()]);

  it('are judged at their end, not when they open', async () => {
    const rig = withStreams();
    const streams = await open(rig, 4);
    expect(rig.state()).toBe('closed');
    for (const stream of streams) stream.fail(failure('stream_interrupted'));
    expect(rig.state()).toBe('open');
  });

  it('that end well are successes', async () => {
    const rig = withStreams();
    const streams = await open(rig, 10);
    for (const stream of streams.slice(0, 4)) stream.end();
    for (const stream of streams.slice(4)) stream.fail(failure('timeout', { phase: 'idle' }));
    expect(rig.state()).toBe('closed'); // 6 of 10
  });

  it('that their readers leave count for nothing', async () => {
    const rig = withStreams();
    const streams = await open(rig, 24);
    for (const stream of streams.slice(0, 20)) stream.cancel();
    for (const stream of streams.slice(20)) stream.fail(failure('stream_interrupted'));
    expect(rig.state()).toBe('open');
  });

  it('as a trial: judged at the end, and good when their reader leaves', async () => {
    for (const [end, expected] of [
      [(stream: Stream) => stream.end(), 'closed'],
      [(stream: Stream) => stream.cancel(), 'closed'],
      [(stream: Stream) => stream.fail(failure('stream_interrupted')), 'open'],
      [(stream: Stream) => stream.fail(failure('rate_limit')), 'half-open'],
    ] as const) {
      const rig = withStreams(...Array(4).fill(failure('connection')));
      await rig.calls(4);
      await rig.clock.advance(1_000);
      const [stream] = await open(rig, 1);
      expect(rig.state()).toBe('half-open');
      expect(await rejectionOf(rig.run())).toBeInstanceOf(CircuitOpenError);
      if (stream !== undefined) end(stream);
      expect(rig.state()).toBe(expected);
    }
  });

  it('that break after the breaker was closed down disturb nobody', async () => {
    const rig = withStreams();
    const streams = await open(rig, 6);
    rig.breaker.close();
    for (const stream of streams) stream.fail(failure('stream_interrupted'));
    expect(rig.breaker.snapshot()).toEqual([]);
    expect(rig.eventsOf('breaker-changed')).toEqual([]);
  });
});

describe('circuits', () => {
  it('are apart by provider, base URL and model', async () => {
    const breaker = circuitBreaker(small);
    const { run } = layered([breaker], [failure('connection')]);
    const targets = [
      targetOf('openai/a'),
      targetOf('openai/b'),
      targetOf('azure/a'),
      { ...targetOf('openai/a'), baseURL: 'http://x' },
    ];
    for (const target of targets) await rejectionOf(run({}, { target }));
    expect(breaker.snapshot()).toEqual([
      { key: 'openai/a', state: 'closed' },
      { key: 'openai/b', state: 'closed' },
      { key: 'azure/a', state: 'closed' },
      { key: 'openai/a at http://x', state: 'closed' },
    ]);
  });

  it('or as key says', async () => {
    const breaker = circuitBreaker({ ...small, key: ({ target }) => target.provider });
    const { run, attempts } = layered([breaker], [failure('connection')]);
    for (const model of ['a', 'b', 'c', 'd', 'e']) await rejectionOf(run({}, { target: targetOf(`openai/${model}`) }));
    expect(breaker.snapshot()).toMatchObject([{ key: 'openai', state: 'open' }]);
    expect(attempts).toHaveLength(4);
  });

  it('are a thousand at most; the longest unused goes', async () => {
    const breaker = circuitBreaker(small);
    const { run } = layered([breaker], [undefined]);
    for (let i = 0; i < 1_000; i++) await run({}, { target: targetOf(`openai/m${i}`) });
    await run({}, { target: targetOf('openai/m0') });
    await run({}, { target: targetOf('openai/one-more') });
    const keys = breaker.snapshot().map(({ key }) => key);
    expect(keys).toHaveLength(1_000);
    expect(keys).not.toContain('openai/m1');
    expect(keys.slice(-2)).toEqual(['openai/m0', 'openai/one-more']);
  });

  it('start no timer of the process, in any state', async () => {
    const timers = [vi.spyOn(globalThis, 'setInterval'), vi.spyOn(globalThis, 'setTimeout')];
    const cleared = vi.spyOn(globalThis, 'clearTimeout');
    try {
      const { calls, clock } = watched();
      await calls(4);
      await clock.advance(1_000);
      await calls(1);
      const left = (timers[1]?.mock.results ?? []).filter(
        ({ value }) => !cleared.mock.calls.some(([handle]) => handle === value),
      );
      expect(timers[0]).not.toHaveBeenCalled();
      expect(left).toEqual([]);
      expect(clock.pending).toBe(0);
    } finally {
      vi.restoreAllMocks();
    }
  });

  it('keep their state when a listener throws', async () => {
    const rig = watched();
    const report = () => {
      throw new Error('a listener of the user’s own');
    };
    for (let i = 0; i < 4; i++) await rejectionOf(rig.run({}, { report }));
    expect(rig.state()).toBe('open');
    await rig.clock.advance(1_000);
    expect(await rejectionOf(rig.run({}, { report }))).toMatchObject({ kind: 'connection' });
    expect(rig.state()).toBe('open');
    expect(await rejectionOf(rig.run())).toMatchObject({ kind: 'circuit_open' });
  });

  it('close() forgets them', async () => {
    const { calls, breaker, state, attempts } = watched();
    await calls(4);
    breaker.close();
    expect(breaker.snapshot()).toEqual([]);
    await calls(1);
    expect(state()).toBe('closed');
    expect(attempts).toHaveLength(5);
  });
});

describe('in one store', () => {
  const store = () => memoryStore();

  it('breakers of two clients share circuits, and one that is closed leaves them to the other', async () => {
    const shared = store();
    const [one, two] = [watched({ ...small, store: shared }), watched({ ...small, store: shared })];
    await one.calls(2);
    await two.calls(2);
    expect([one.state(), two.state()]).toEqual(['open', 'open']);
    one.breaker.close();
    expect([one.state(), two.state()]).toEqual([undefined, 'open']);
    expect(await rejectionOf(one.run())).toMatchObject({ kind: 'circuit_open' });
  });

  it('breakers with other numbers, another name or another isFailure are apart, whatever their keys', async () => {
    const shared = store();
    const judging = { ...small, isFailure: () => true };
    const rigs = [small, { ...small, minCalls: 5 }, { ...small, name: 'mine' }, judging].map((options) =>
      watched({ ...options, store: shared }),
    );
    await rigs[0]?.calls(4);
    expect(rigs.map((rig) => rig.state())).toEqual(['open', undefined, undefined, undefined]);
    for (const rig of rigs.slice(1)) await rig.calls(3);
    expect(rigs.map((rig) => rig.state())).toEqual(['open', 'closed', 'closed', 'closed']);
    for (const rig of rigs.slice(1)) await rig.calls(1);
    expect(rigs.map((rig) => rig.state())).toEqual(['open', 'closed', 'open', 'open']);
  });

  it('two alike in one client do not lock each other out', async () => {
    const [outer, inner] = [circuitBreaker(small), circuitBreaker(small)];
    const wire = held();
    const rig = layered([outer, inner], [...Array(2).fill(failure('connection')), ...wire.steps]);
    for (let calls = 0; calls < 2; calls++) await rig.run().catch(() => {});
    expect(outer.snapshot()).toMatchObject([{ state: 'open' }]);
    await rig.clock.advance(1_000);
    const before = rig.attempts.length;
    const trial = rig.run();
    expect(await rejectionOf(rig.run())).toMatchObject({ kind: 'circuit_open' });
    expect(rig.attempts).toHaveLength(before + 1);
    await wire.settle(0);
    await trial;
    expect([outer.snapshot(), inner.snapshot()]).toMatchObject([[{ state: 'closed' }], [{ state: 'closed' }]]);
  });

  it('closing a client leaves the store alone that it was given, and empties its own', async () => {
    const given = store();
    const breaker = circuitBreaker(small);
    const rig = layered([breaker], [failure('connection')]);
    await rejectionOf(rig.run({}, { store: given }));
    await rejectionOf(rig.run());
    expect(breaker.snapshot()).toHaveLength(2);
    breaker.close(given);
    expect(breaker.snapshot()).toEqual([]);
    expect(given.circuits.known('')).toHaveLength(1);
    await rejectionOf(rig.run({}, { store: given }));
    await rejectionOf(rig.run());
    expect(breaker.snapshot()).toHaveLength(2);
  });
});

describe('the options', () => {
  it.each<[unknown, string]>([
    [{ failureRate: 1 }, 'circuitBreaker.failureRate: expected a share of at least 0 and below 1, got 1'],
    [{ failureRate: '60%' }, 'circuitBreaker.failureRate: expected a share of at least 0 and below 1, got "60%"'],
    [{ minCalls: 0 }, 'circuitBreaker.minCalls: expected a whole number ≥ 1, got 0'],
    [{ window: 0 }, 'circuitBreaker.window: expected a number of milliseconds > 0, got 0'],
    [{ openFor: -5 }, 'circuitBreaker.openFor: expected a number of milliseconds > 0, got -5'],
    [{ key: 'model' }, 'circuitBreaker.key: expected a function, got a string'],
    [
      { store: 'redis://localhost' },
      'circuitBreaker.store: expected a store, as memoryStore() makes them, got "redis://localhost"',
    ],
    [{ minCall: 3 }, 'circuitBreaker.minCall: unknown option; did you mean "minCalls"?'],
  ])('%j are refused', (options, message) => {
    const build = () => circuitBreaker(options as CircuitBreakerOptions);
    expect(build).toThrow(ConfigurationError);
    expect(build).toThrow(message);
  });

  it('are not changed and may be shared; the breakers are apart', async () => {
    const options = Object.freeze({ ...small });
    const [one, two] = [watched(options), watched(options)];
    await one.calls(4);
    await two.calls(3);
    expect([one.state(), two.state()]).toEqual(['open', 'closed']);
    expect(options).toEqual(small);
  });
});
