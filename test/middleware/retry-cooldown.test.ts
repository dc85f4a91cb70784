import { describe, expect, it } from 'vitest';
import type { ErrorKind } from '../../src/errors/kinds.ts';
import { CircuitOpenError } from '../../src/errors/policy-errors.ts';
import { fallback } from '../../src/middleware/fallback.ts';
import type { RetryOptions } from '../../src/middleware/retry.ts';
import { retry } from '../../src/middleware/retry.ts';
import { memoryStore } from '../../src/state/memory-store.ts';
import type { Layered, Step } from '../support/layered.ts';
import { failure, layered, rejectionOf, targetOf } from '../support/layered.ts';

const MINUTE = 60_000;
const MODEL = 'openai/gpt-5-mini';
const SECOND = 'anthropic/claude-sonnet-4-5';
const exact: RetryOptions = { jitter: 'none', minDelay: 0 };

async function outcomeOf(rig: Layered, ...given: Parameters<Layered['run']>): Promise<unknown> {
  const done = rig.run(...given).catch((error: unknown) => error);
  await rig.clock.advance(0);
  return done;
}

const asks = (kind: ErrorKind, retryAfterMs: number, facts: object = {}): Step =>
  failure(kind, { retryAfterMs, status: 429, ...facts });

describe('a target that asks to be left alone for longer than a call waits', () => {
  it('is not asked until then: later calls are refused at once, and say why and how long', async () => {
    const rig = layered([retry(exact)], [asks('rate_limit', 2 * MINUTE), undefined]);
    expect(await outcomeOf(rig)).toMatchObject({ kind: 'rate_limit' });
    expect(rig.eventsOf('cooldown')).toMatchObject([
      { ms: 2 * MINUTE, target: { model: 'gpt-5-mini' }, error: { kind: 'rate_limit' } },
    ]);
    await rig.clock.advance(MINUTE);
    const refused = await outcomeOf(rig);
    expect(refused).toBeInstanceOf(CircuitOpenError);
    expect(refused).toMatchObject({
      kind: 'circuit_open',
      code: 'cooling_down',
      retryAfterMs: MINUTE,
      retryable: false,
      provider: 'openai',
      model: 'gpt-5-mini',
      message:
        'openai/gpt-5-mini: circuit open: cooling down after "429 rate limit": the provider asked to be left alone, retry after 60 s',
    });
    expect(rig.eventsOf('skipped')).toMatchObject([{ reason: 'cooling', error: { code: 'cooling_down' } }]);
    expect(rig.attempts).toHaveLength(1);
    await rig.clock.advance(MINUTE);
    expect(await outcomeOf(rig)).toMatchObject({ model: 'gpt-5-mini' });
  });

  it('lets a chain move on without a request', async () => {
    const rig = layered([fallback([SECOND]), retry(exact)], { [MODEL]: [asks('rate_limit', 2 * MINUTE)], [SECOND]: [undefined] });
    await outcomeOf(rig);
    await outcomeOf(rig);
    expect(rig.targets()).toEqual([MODEL, SECOND, SECOND]);
    expect(rig.eventsOf('fallback')).toMatchObject([{ error: { kind: 'rate_limit' } }, { error: { kind: 'circuit_open' } }]);
  });

  it('is asked again after fifteen minutes at the latest, and left alone once more if it says so', async () => {
    const rig = layered([retry(exact)], [asks('rate_limit', 180 * MINUTE, { retryable: false })]);
    await outcomeOf(rig);
    expect(rig.eventsOf('cooldown')).toMatchObject([{ ms: 15 * MINUTE }]);
    await rig.clock.advance(15 * MINUTE - 1);
    expect(await outcomeOf(rig)).toMatchObject({ kind: 'circuit_open', retryAfterMs: 1 });
    await rig.clock.advance(1);
    expect(await outcomeOf(rig)).toMatchObject({ kind: 'rate_limit' });
    expect(await outcomeOf(rig)).toMatchObject({ kind: 'circuit_open', retryAfterMs: 15 * MINUTE });
    expect(rig.attempts).toHaveLength(2);
    expect(rig.eventsOf('cooldown')).toHaveLength(2);
  });

  it('where the hint fits the cap but not the call’s deadline, too', async () => {
    const rig = layered([retry(exact)], [asks('service_unavailable', 5_000, { status: 503 })]);
    expect(await outcomeOf(rig, {}, { deadline: rig.clock.now() + 5_000 })).toMatchObject({ kind: 'service_unavailable' });
    expect(await outcomeOf(rig)).toMatchObject({ kind: 'circuit_open', retryAfterMs: 5_000 });
  });

  it('several calls in flight make one cooldown, which is never shortened', async () => {
    const rig = layered([retry(exact)], [asks('rate_limit', 5 * MINUTE), asks('rate_limit', 2 * MINUTE)]);
    await Promise.all([outcomeOf(rig), outcomeOf(rig)]);
    expect(rig.attempts).toHaveLength(2);
    expect(rig.eventsOf('cooldown')).toHaveLength(1);
    expect(await outcomeOf(rig)).toMatchObject({ retryAfterMs: 5 * MINUTE });
  });

  it('a success of a call that began before ends nothing: it was let in before the limit was reached', async () => {
    let answer = (_: unknown): void => {};
    const slow = new Promise((resolve) => {
      answer = resolve;
    });
    const rig = layered([retry(exact)], [() => slow, asks('rate_limit', 2 * MINUTE)]);
    const first = rig.run();
    await outcomeOf(rig);
    answer(undefined);
    await first;
    expect(await outcomeOf(rig)).toMatchObject({ code: 'cooling_down' });
  });

  it('a repeat waits for what another call was told, or gives up at once where that is too long', async () => {
    const steps = [failure('connection'), asks('rate_limit', 30_000), undefined];
    const rig = layered([retry({ ...exact, minDelay: 1_000 })], steps);
    rig.clock.random = () => 0;
    const hurried = rig.run({}, { deadline: rig.clock.now() + 20_000 }).catch((error: unknown) => error);
    await rig.clock.advance(0);
    const second = rig.run({}, { deadline: rig.clock.now() + 25_000 }).catch((error: unknown) => error);
    await rig.clock.advance(60_000);
    expect(await second).toMatchObject({ kind: 'rate_limit' });
    expect(await hurried).toMatchObject({ model: 'gpt-5-mini' }); // was waiting already
    const later = layered(
      [retry({ ...exact })],
      [
        async () => {
          await Promise.resolve(store.cooldowns.start('cooldown:openai/gpt-5-mini', 10 * MINUTE, context));
          return failure('connection');
        },
      ],
    );
    const store = memoryStore();
    const context = { clock: later.clock, report: () => {} };
    expect(await outcomeOf(later, {}, { store })).toMatchObject({ kind: 'connection' });
    expect(later.attempts).toHaveLength(1);
  });
});

describe('what cools', () => {
  it.each<[ErrorKind, boolean]>([
    ['rate_limit', true],
    ['insufficient_credits', true],
    ['service_unavailable', true],
    ['internal_server', true],
    ['out_of_memory', true],
    ['timeout', true],
    ['bad_request', false],
    ['authentication', false],
    ['not_found', false],
    ['content_policy_violation', false],
    ['circuit_open', false],
    ['budget_exceeded', false],
  ])('%s with a long hint: %s', async (kind, cools) => {
    const rig = layered([retry(exact)], [asks(kind, 5 * MINUTE)]);
    await outcomeOf(rig);
    await outcomeOf(rig);
    expect(rig.attempts).toHaveLength(cools ? 1 : 2);
    expect(rig.eventsOf('cooldown')).toHaveLength(cools ? 1 : 0);
  });

  it('a failure that is never repeated cools by a long hint, not by a short one', async () => {
    const rig = layered([retry(exact)], [asks('insufficient_credits', 30_000)]);
    await outcomeOf(rig, {}, { deadline: rig.clock.now() + 1_000 });
    await outcomeOf(rig);
    expect(rig.attempts).toHaveLength(2);
  });

  it.each<[string, ErrorKind, boolean, boolean]>([
    ['a rate: the model alone', 'rate_limit', true, false],
    ['money: every model of the account', 'insufficient_credits', true, true],
  ])('%s', async (_, kind, same, other) => {
    const rig = layered([retry(exact)], [asks(kind, 5 * MINUTE), undefined]);
    const cooling = async (target: string, baseURL = ''): Promise<boolean> => {
      const outcome = await outcomeOf(rig, {}, { target: { ...targetOf(target), baseURL } });
      return (outcome as { code?: string }).code === 'cooling_down';
    };
    await outcomeOf(rig);
    expect(await cooling(MODEL)).toBe(same);
    expect(await cooling('openai/gpt-5')).toBe(other);
    expect(await cooling(MODEL, 'https://elsewhere.example')).toBe(false);
    expect(await cooling(SECOND)).toBe(false);
  });

  it('says what the running rest is for, not one that is over', async () => {
    const steps = [asks('insufficient_credits', 2 * MINUTE), asks('rate_limit', 5 * MINUTE)];
    const rig = layered([retry(exact)], steps);
    await outcomeOf(rig);
    expect(await outcomeOf(rig)).toMatchObject({ reason: expect.stringContaining('"429 insufficient credits"') });
    await rig.clock.advance(2 * MINUTE);
    await outcomeOf(rig);
    expect(await outcomeOf(rig)).toMatchObject({ reason: expect.stringContaining('"429 rate limit"') });
  });

  it('a failure of another target, which a layer between has asked, cools nothing here', async () => {
    const rig = layered([retry(exact)], [asks('rate_limit', 5 * MINUTE, { provider: 'azure', model: 'gpt-5' }), undefined]);
    await outcomeOf(rig);
    await outcomeOf(rig);
    expect(rig.attempts).toHaveLength(2);
  });

  it('nothing with cooldown: false', async () => {
    const rig = layered([retry({ ...exact, cooldown: false })], [asks('rate_limit', 5 * MINUTE)]);
    await outcomeOf(rig);
    await outcomeOf(rig);
    expect(rig.attempts).toHaveLength(2);
    expect(rig.eventsOf('cooldown')).toEqual([]);
    expect(() => retry({ cooldown: 'no' } as never)).toThrow('retry.cooldown: expected true or false, got "no"');
  });

  it('by kind: another cap', async () => {
    const rig = layered([retry({ ...exact, by: { rate_limit: { maxRetryAfter: 1_000 } } })], [asks('rate_limit', 1_001)]);
    await outcomeOf(rig);
    expect(rig.eventsOf('cooldown')).toMatchObject([{ ms: 1_001 }]);
  });
});

describe('where cooldowns are kept', () => {
  it('in the store: layers that share it leave a target alone together', async () => {
    const store = memoryStore();
    const told = layered([retry({ ...exact, store })], [asks('rate_limit', 5 * MINUTE)]);
    const other = layered([retry({ ...exact, store })], []);
    await outcomeOf(told);
    expect(await outcomeOf(other)).toMatchObject({ reason: 'cooling down: the provider asked to be left alone' });
    expect(other.attempts).toEqual([]);
  });

  it('elsewhere, with promises', async () => {
    const memory = memoryStore();
    const store = {
      ...memory,
      cooldowns: {
        start: async (...given: Parameters<typeof memory.cooldowns.start>) => memory.cooldowns.start(...given),
        left: async (...given: Parameters<typeof memory.cooldowns.left>) => memory.cooldowns.left(...given),
        end: async (...given: Parameters<typeof memory.cooldowns.end>) => memory.cooldowns.end(...given),
      },
    };
    const rig = layered([retry({ ...exact, store })], [asks('insufficient_credits', 5 * MINUTE)]);
    expect(await rejectionOf(rig.run())).toMatchObject({ kind: 'insufficient_credits' });
    expect(await rejectionOf(rig.run())).toMatchObject({ code: 'cooling_down' });
  });
});
