import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PoolAsk, PoolMember, PoolTurn } from '../../src/contract/pool.ts';
import { ConfigurationError } from '../../src/errors/setup-errors.ts';
import type { Pool, PoolOptions } from '../../src/middleware/fallback/pool.ts';
import { pool } from '../../src/middleware/fallback/pool.ts';
import { fallback } from '../../src/middleware/fallback.ts';
import { retry } from '../../src/middleware/retry.ts';
import { fakeClock } from '../../src/testing/fake-clock.ts';
import type { Changes, Layered, Step } from '../support/layered.ts';
import { failure, layered, openStream, rejectionOf, targetOf } from '../support/layered.ts';

const A = 'azure/gpt-5';
const B = 'openai/gpt-5';
const C = 'openrouter/gpt-5';

const inFlight = (pool: Pool): number[] => pool.snapshot().map(({ inFlight }) => inFlight);
const addressed = (pool: Pool, model = ''): Changes => ({ target: { provider: 'fast', model, baseURL: '', pool } });

/** The pool alone: choose, begin, and let go when told. */
function bench(members: readonly (string | PoolMember)[], options: PoolOptions = {}) {
  const clock = fakeClock();
  const made = pool(members, options);
  const all = members.map((_, index) => index);
  const ask: PoolAsk = { model: 'gpt-5', operation: 'chat', clock };
  const begin = (index: number): PoolTurn => made.begin(index, ask);
  return {
    clock,
    made,
    ask,
    begin,
    choose: (among: readonly number[] = all): number => made.choose(among, ask),
    take(among: readonly number[] = all): { readonly index: number; readonly turn: PoolTurn } {
      const index = made.choose(among, ask);
      return { index, turn: begin(index) };
    },
    async measure(index: number, ms: number): Promise<void> {
      const turn = begin(index);
      await clock.advance(ms);
      turn.answered();
      turn.ended();
    },
  };
}

const counted = (indexes: readonly number[]): Record<number, number> =>
  Object.fromEntries([...new Set(indexes)].map((index) => [index, indexes.filter((other) => other === index).length]));

describe('leastBusy', () => {
  it('takes the member with the fewest calls under way, in turn where several have', () => {
    const { take, made } = bench([A, B, C]);
    const turns = Array.from({ length: 7 }, () => take());
    expect(turns.map(({ index }) => index)).toEqual([0, 1, 2, 0, 1, 2, 0]);
    expect(inFlight(made)).toEqual([3, 2, 2]);
    for (const { index, turn } of turns) if (index === 1) turn.ended();
    expect([take().index, take().index]).toEqual([1, 1]);
  });

  it('one call after the other goes to each in turn', () => {
    const { take } = bench([A, B]);
    const order = Array.from({ length: 6 }, () => {
      const { index, turn } = take();
      turn.answered();
      turn.ended();
      return index;
    });
    expect(order).toEqual([0, 1, 0, 1, 0, 1]);
  });

  it('a member that was busy for long makes up for nothing when it is free', () => {
    const { take } = bench([A, B]);
    const long = take();
    for (let i = 0; i < 50; i++) take().turn.ended();
    long.turn.ended();
    const order = Array.from({ length: 6 }, () => {
      const { index, turn } = take();
      turn.ended();
      return index;
    });
    expect(order.filter((index) => index === 0).length).toBeLessThanOrEqual(4);
  });

  it('a weight is a share of the calls under way, and of those that come one after the other', () => {
    const { take: takeTurn } = bench([{ model: A, weight: 3 }, B]);
    const order = Array.from({ length: 40 }, () => {
      const { index, turn } = takeTurn();
      turn.ended();
      return index;
    });
    expect(counted(order)).toEqual({ 0: 30, 1: 10 });
    const { take, made } = bench([{ model: A, weight: 3 }, B]);
    for (let i = 0; i < 40; i++) take();
    expect(inFlight(made)).toEqual([30, 10]);
  });

  it('for any order of beginnings and ends the counts are right, and no member has more than one call above another', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -9, max: 1 }), { maxLength: 80 }), (steps) => {
        const { take, made } = bench([A, B, C]);
        const open: { readonly index: number; readonly turn: PoolTurn }[] = [];
        for (const step of steps) {
          if (step > -7) {
            const least = Math.min(...inFlight(made));
            const taken = take();
            open.push(taken);
            expect(inFlight(made)[taken.index]).toBe(least + 1);
          } else open.splice(-step % Math.max(1, open.length), 1)[0]?.turn.ended();
          expect(inFlight(made)).toEqual([0, 1, 2].map((member) => open.filter(({ index }) => index === member).length));
        }
      }),
    );
  });
});

describe('weighted', () => {
  it('spreads calls smoothly by weight', () => {
    const { choose } = bench([{ model: A, weight: 5 }, B, C], { strategy: 'weighted' });
    expect(Array.from({ length: 7 }, () => choose())).toEqual([0, 0, 1, 0, 2, 0, 0]);
  });

  it('for any weights each gets its share over a round', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 }), (weights) => {
        const { choose } = bench(
          weights.map((weight, i) => ({ model: `openai/${i}`, weight })),
          { strategy: 'weighted' },
        );
        const round = weights.reduce((sum, weight) => sum + weight, 0);
        expect(counted(Array.from({ length: 3 * round }, () => choose()))).toEqual(
          Object.fromEntries(weights.map((weight, index) => [index, 3 * weight])),
        );
      }),
    );
  });
});

describe('latency', () => {
  const options: PoolOptions = { strategy: 'latency' };

  it('measures every member once, then takes the fastest', async () => {
    const { choose, measure, take } = bench([A, B, C], options);
    const first = [take(), take(), take()];
    expect(first.map(({ index }) => index)).toEqual([0, 1, 2]);
    for (const { turn } of first) turn.ended();
    await measure(0, 900);
    await measure(1, 300);
    await measure(2, 600);
    expect(choose()).toBe(1);
    expect(choose([0, 2])).toBe(2);
  });

  it('counts the calls under way: a fast member that has many gives way', async () => {
    const { begin, choose, measure } = bench([A, B], options);
    await measure(0, 100);
    await measure(1, 350);
    const turns = [begin(0), begin(0)];
    expect(choose()).toBe(0);
    turns.push(begin(0));
    expect(choose()).toBe(1);
    for (const turn of turns) turn.ended();
  });

  it('a slow answer counts at once, fast ones make up for it gradually', async () => {
    const { choose, measure } = bench([A, B], options);
    await measure(1, 1_000);
    await measure(0, 500);
    expect(choose()).toBe(0);
    await measure(0, 4_000);
    await measure(1, 1_000);
    expect(choose()).toBe(1);
    for (let i = 0; i < 60; i++) await measure(0, 500);
    await measure(1, 1_000);
    expect(choose()).toBe(0);
  });

  it('tries a slow member again when it was left alone for long enough', async () => {
    const { choose, measure } = bench([A, B], options);
    await measure(0, 5_000);
    let tries = 0;
    for (let i = 0; i < 60 && choose() === 1; i++, tries++) await measure(1, 1_000);
    expect(tries).toBeGreaterThan(5);
    expect(tries).toBeLessThan(30);
    expect(choose()).toBe(0);
  });

  it('models and operations are measured apart, and not remembered without end', async () => {
    const { clock, made, ask, measure, choose } = bench([A, B], options);
    await measure(0, 100);
    await measure(1, 900);
    const other = { ...ask, model: 'gpt-5-mini' };
    const turn = made.begin(0, other);
    await clock.advance(2_000);
    turn.answered();
    turn.ended();
    expect(made.choose([0, 1], other)).toBe(1);
    expect(choose()).toBe(0);
    for (let i = 0; i < 150; i++) {
      const turn = made.begin(0, { ...ask, model: `m-${i}` });
      turn.answered();
      turn.ended();
    }
    expect(choose(), 'forgotten: the first in its turn').toBe(0);
  });

  it('a limit that ran out tells how slow a member is; another failure tells nothing', async () => {
    const { clock, begin, choose, measure } = bench([A, B], options);
    await measure(0, 100);
    await measure(1, 500);
    const hanging = begin(0);
    await clock.advance(3_000);
    hanging.ended(failure('timeout', { phase: 'first_token' }));
    await clock.advance(1_000);
    expect(choose()).toBe(1);
  });
});

describe('a member that failed', () => {
  it('rests: it comes last for a second, doubling up to thirty, until it succeeds', async () => {
    const { begin, choose, clock, made } = bench([A, B]);
    const rest = (): number => (made.snapshot()[0]?.restsUntil ?? 0) - clock.now();
    const rests: number[] = [];
    for (let i = 0; i < 7; i++) {
      begin(0).ended(failure('connection'));
      rests.push(rest());
      expect([choose(), choose()]).toEqual([1, 1]);
      await clock.advance(rest());
    }
    expect(rests).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
    const turn = begin(0);
    turn.answered();
    turn.ended();
    expect(made.snapshot()[0]).toEqual({ member: A, inFlight: 0 });
    begin(0).ended(failure('connection'));
    expect(rest()).toBe(1_000);
  });

  it('rests as long as it asked for, up to five minutes', () => {
    const { begin, clock, made } = bench([A, B]);
    begin(0).ended(failure('rate_limit', { retryAfterMs: 20_000 }));
    begin(1).ended(failure('rate_limit', { retryAfterMs: 3_600_000 }));
    expect(made.snapshot().map(({ restsUntil = 0 }) => restsUntil - clock.now())).toEqual([20_000, 300_000]);
  });

  it('is asked when all rest: the one that wakes first', () => {
    const { begin, choose } = bench([A, B, C]);
    begin(0).ended(failure('rate_limit', { retryAfterMs: 20_000 }));
    begin(1).ended(failure('connection'));
    begin(2).ended(failure('rate_limit', { retryAfterMs: 5_000 }));
    expect([choose(), choose([0, 2])]).toEqual([1, 2]);
  });

  it.each([
    failure('bad_request'),
    failure('context_window_exceeded'),
    failure('content_policy_violation'),
    failure('aborted'),
    failure('timeout', { phase: 'deadline' }),
  ])('does not rest for what its caller did: $kind', (error) => {
    const { begin, made } = bench([A, B]);
    begin(0).ended(error);
    expect(made.snapshot()[0]).toEqual({ member: A, inFlight: 0 });
  });
});

describe('a pool in a chain', () => {
  const chain = (
    script: Readonly<Record<string, readonly Step[]>>,
    members: readonly (string | PoolMember)[] = [A, B],
  ): Layered & { readonly made: Pool } => {
    const made = pool(members);
    return { ...layered([fallback([made, 'ollama/llama3.2'])], script), made };
  };

  it('is one place: its members first, then the chain goes on', async () => {
    const rig = chain({ 'openai/gpt-5-mini': [failure('connection')], [A]: [failure('rate_limit')], [B]: [failure('timeout')] });
    await rig.run();
    expect(rig.targets()).toEqual(['openai/gpt-5-mini', A, B, 'ollama/llama3.2']);
    expect(rig.eventsOf('fallback').map(({ from, to }) => [from.provider, to.provider])).toEqual([
      ['openai', 'azure'],
      ['azure', 'openai'],
      ['openai', 'ollama'],
    ]);
    expect(inFlight(rig.made)).toEqual([0, 0]);
  });

  it('members that name only a provider take the model that was asked for', async () => {
    const rig = chain({ 'openai/gpt-5-mini': [failure('connection')], 'azure/gpt-5-mini': [failure('connection')] }, [
      'azure',
      'openrouter',
    ]);
    await rig.run();
    expect(rig.targets()).toEqual(['openai/gpt-5-mini', 'azure/gpt-5-mini', 'openrouter/gpt-5-mini']);
  });

  it('a member that was asked already is not asked again', async () => {
    const rig = chain({ [A]: [failure('connection')] }, [A, B]);
    await rig.run({}, { target: targetOf(A) });
    expect(rig.targets()).toEqual([A, B]);
  });

  it('a failure that does not move on ends the call, and one with a list of its own leaves the pool', async () => {
    const stays = chain({ [A]: [failure('bad_request')] });
    await rejectionOf(stays.run({ fallbacks: [] }, addressed(stays.made)));
    expect(stays.targets()).toEqual([A]);
    const made = pool([A, B]);
    const leaves = layered([fallback([made], { contextWindow: ['gemini/large'] })], {
      'openai/gpt-5-mini': [failure('connection')],
      [A]: [failure('context_window_exceeded')],
    });
    await leaves.run();
    expect(leaves.targets()).toEqual(['openai/gpt-5-mini', A, 'gemini/large']);
  });

  it('an overflow passes the members with the same model', async () => {
    const rig = chain({ [A]: [failure('context_window_exceeded')] }, [A, B, 'gemini/other']);
    await rig.run({}, addressed(rig.made));
    expect(rig.targets()).toEqual([A, 'gemini/other']);
    expect(rig.eventsOf('skipped')).toMatchObject([{ reason: 'too_small', target: { provider: 'openai' } }]);
  });

  it('may be given to one call', async () => {
    const rig = layered([fallback([])], { 'openai/gpt-5-mini': [failure('connection')] });
    await rig.run({ fallbacks: [pool([A, B])] });
    expect(rig.targets()).toEqual(['openai/gpt-5-mini', A]);
  });

  it('is bounded by the attempts that are left', async () => {
    const rig = chain({ [A]: [failure('connection')], [B]: [failure('connection')] }, [A, B, C]);
    const error = await rejectionOf(rig.run({}, { ...addressed(rig.made), maxAttempts: 2 }));
    expect(error).toMatchObject({ kind: 'connection' });
    expect(rig.targets()).toEqual([A, B]);
    expect(rig.eventsOf('skipped')).toMatchObject([{ reason: 'attempts' }]);
  });
});

describe('a pool that a call is addressed to', () => {
  const rigOf = (script: Readonly<Record<string, readonly Step[]>> = {}): Layered =>
    layered([fallback(['ollama/llama3.2'])], script);

  it('asks its members, each told what it is a member of', async () => {
    const made = pool(['azure', { model: 'openai', params: { temperature: 0 }, providerOptions: { openai: { a: 1 } } }]);
    const rig = rigOf({ 'azure/gpt-5': [failure('connection')] });
    await rig.run({}, addressed(made, 'gpt-5'));
    expect(rig.attempts.map(({ call }) => call.target)).toEqual([
      { ...targetOf('azure/gpt-5'), memberOf: 'fast/gpt-5' },
      { ...targetOf('openai/gpt-5'), memberOf: 'fast/gpt-5' },
    ]);
    expect(rig.attempts[0]?.call.request).not.toHaveProperty('temperature');
    expect(rig.attempts[1]?.call.request).toMatchObject({ temperature: 0, providerOptions: { openai: { a: 1 } } });
  });

  it('an attempt is repeated at the last member only', async () => {
    const made = pool([A, B]);
    const rig = layered([fallback([]), retry({ minDelay: 1, jitter: 'none' })], [failure('connection')]);
    const failed = rejectionOf(rig.run({}, addressed(made)));
    await rig.clock.advance(60_000);
    await failed;
    expect(rig.targets()).toEqual([A, B, B, B]);
  });

  it('throws the first real failure of its members, not that of a member that was passed over', async () => {
    const real = failure('service_unavailable');
    const script = {
      [A]: [failure('circuit_open')],
      [B]: [real],
      [C]: [failure('rate_limit')],
      'ollama/llama3.2': [failure('timeout')],
    };
    const made = pool([A, B, C]);
    const rig = rigOf(script);
    expect(await rejectionOf(rig.run({}, addressed(made)))).toBe(real);
    expect(rig.targets()).toEqual([A, B, C, 'ollama/llama3.2']);
    const closed = failure('circuit_open');
    const all = pool([A, B]);
    const refused = layered([fallback([])], { [A]: [closed], [B]: [failure('circuit_open')] });
    expect(await rejectionOf(refused.run({}, addressed(all)))).toBe(closed);
  });

  it.each(['circuit_open', 'authentication', 'permission_denied'] as const)(
    '%s of one member is no failure of the others, whatever `when` says; it does not leave the pool',
    async (kind) => {
      const made = pool([A, B]);
      const rig = layered([fallback(['ollama/llama3.2'], { when: () => false })], { [A]: [failure(kind)] });
      await rig.run({}, addressed(made));
      expect(rig.targets()).toEqual([A, B]);
      expect(rig.eventsOf('warning')).toMatchObject([{ message: `${A} was skipped: scripted ${kind}` }]);
      const first = failure(kind);
      const wrong = layered([fallback(['ollama/llama3.2'], { when: () => false })], { [A]: [first], [B]: [failure(kind)] });
      const error = await rejectionOf(wrong.run({}, addressed(pool([A, B]))));
      expect(error).toMatchObject({ kind });
      expect(wrong.targets()).toEqual([A, B]);
    },
  );

  it.each([
    ['', ['azure', B], 'fast: its member "azure" names no model; ask for "fast/<model>"'],
    ['gpt-5', [A, B], 'fast/gpt-5: every member names a model of its own; ask for "fast"'],
    ['gpt-5', ['azure', 'nowhere'], 'unknown provider in "nowhere/gpt-5"'],
  ])('asked for %j with members %j rejects', async (model, members, message) => {
    const made = pool(members);
    const error = await rejectionOf(rigOf().run({}, addressed(made, model)));
    expect(error).toMatchObject({ kind: 'configuration', message: expect.stringContaining(message) });
  });

  it('an unknown member of a pool in a list rejects the first call', async () => {
    const rig = layered([fallback([pool(['azure', 'nowhere'])])], {});
    expect(await rejectionOf(rig.run())).toMatchObject({ param: 'fallback[0]' });
    expect(rig.attempts).toEqual([]);
  });
});

describe('what is under way is counted down on every way out', () => {
  it('a reply, a failure, an error of no known type', async () => {
    const made = pool([A, B]);
    const bug = new TypeError('bug');
    const rig = layered([fallback([])], [undefined, failure('bad_request'), () => Promise.reject(bug)]);
    for (let i = 0; i < 3; i++) await rig.run({}, addressed(made)).catch(() => undefined);
    expect(rig.attempts).toHaveLength(3);
    expect(inFlight(made)).toEqual([0, 0]);
  });

  it('a stream when it has ended, broken or been left', async () => {
    const made = pool([A]);
    const streams = [openStream(), openStream(), openStream()];
    const rig = layered([fallback([])], [...streams]);
    for (let i = 0; i < 3; i++) await rig.run({}, addressed(made));
    expect(inFlight(made)).toEqual([3]);
    streams[0]?.end();
    streams[1]?.cancel();
    expect(inFlight(made)).toEqual([1]);
    streams[2]?.fail(failure('stream_interrupted'));
    expect(made.snapshot()).toEqual([{ member: A, inFlight: 0, restsUntil: expect.any(Number) }]);
  });
});

describe('calls of one moment', () => {
  it.each(['leastBusy', 'latency'] as const)('do not all find the same member idle: %s', async (strategy) => {
    const made = pool([A, B], { strategy });
    const never = new Promise<never>(() => {});
    const rig = layered([fallback([])], [() => never]);
    const ask = { model: '', operation: 'chat', clock: rig.clock };
    for (const member of [0, 1]) {
      const turn = made.begin(member, ask);
      await rig.clock.advance(100);
      turn.answered();
      turn.ended();
    }
    for (let i = 0; i < 3; i++) made.begin(0, ask);
    for (let i = 0; i < 9; i++) void rig.run({}, addressed(made));
    await rig.clock.advance(0);
    expect(inFlight(made).toSorted()).toEqual([6, 6]);
  });
});

describe('the options', () => {
  it.each<[unknown, unknown, string]>([
    [[], undefined, 'pool: expected one or more members'],
    ['azure', undefined, 'pool: expected a list, got "azure"'],
    [[3], undefined, "pool[0]: expected 'provider' or 'provider/model' or an object, got 3"],
    [[{ model: A, weigth: 2 }], undefined, 'pool[0].weigth: unknown option; did you mean "weight"?'],
    [[{ model: A, weight: 0 }], undefined, 'pool[0].weight: expected a number above 0, got 0'],
    [[{ model: A, weight: Number.POSITIVE_INFINITY }], undefined, 'pool[0].weight: expected a number above 0'],
    [[{ model: A, params: { model: 'x' } }], undefined, 'pool[0].params: expected parameters other than model and stream'],
    [[A, B, A], undefined, `pool[2]: "${A}" is a member already`],
    [[A], { strategy: 'random' }, 'pool.strategy: expected "leastBusy" or "latency" or "weighted", got "random"'],
    [[A], { startegy: 'latency' }, 'pool.startegy: unknown option; did you mean "strategy"?'],
  ])('%j, %j are refused', (members, options, message) => {
    const build = () => pool(members as string[], options as PoolOptions);
    expect(build).toThrow(ConfigurationError);
    expect(build).toThrow(message);
  });

  it('a pool is an entry of a list, not a list', () => {
    expect(() => fallback(pool([A]) as never)).toThrow('fallback: expected a list, got an object');
  });

  it('a pool in JSON tells its members, not what they change', () => {
    const made = pool([A, { model: B, params: { user: 'secret' } }], { strategy: 'weighted' });
    expect(JSON.parse(JSON.stringify({ made }))).toEqual({ made: { strategy: 'weighted', members: [A, B] } });
  });
});
