import { describe, expect, it } from 'vitest';
import { createCatalogue } from '../../src/catalogue/catalogue.ts';
import type { Call } from '../../src/contract/call.ts';
import type { TokenCounts } from '../../src/contract/catalogue.ts';
import type { Attempt } from '../../src/errors/attempt.ts';
import { BudgetExceededError } from '../../src/errors/policy-errors.ts';
import { ConfigurationError } from '../../src/errors/setup-errors.ts';
import type { Budget, BudgetOptions } from '../../src/middleware/budget.ts';
import { budget } from '../../src/middleware/budget.ts';
import { fallback } from '../../src/middleware/fallback.ts';
import { memoryStore } from '../../src/state/memory-store.ts';
import type { Step } from '../support/layered.ts';
import { failure, layered, openStream, rejectionOf, replyOf } from '../support/layered.ts';

/** A dollar for a token of the prompt, two for one of the answer. */
const priced = { prices: { input: 1_000_000, output: 2_000_000 } };
const catalogue = createCatalogue({
  'openai/gpt-5-mini': priced,
  'openai/gpt-other': priced,
  'ollama/free': { prices: { input: 0, output: 0 } },
});
const words = (count: number): string => 'word '.repeat(count).trim();
/** A prompt of `tokens` tokens and an answer of at most `most`. */
const asks = (tokens: number, most = 10) => ({
  messages: [{ role: 'user' as const, content: words(tokens - 7) }],
  max_tokens: most,
});
const used = (prompt: number, completion: number): TokenCounts => ({
  prompt_tokens: prompt,
  completion_tokens: completion,
  total_tokens: prompt + completion,
});

/** What the ledger tells when an attempt has ended. */
function attempt(call: Call, facts: Partial<Attempt> & { counts?: TokenCounts } = {}): void {
  const { provider, model } = call.target;
  const { counts, ...rest } = facts;
  const bill = counts === undefined ? {} : catalogue.bill(call.target, call.request, counts);
  call.onAttempt?.({
    provider,
    model,
    number: 1,
    startedAt: 0,
    durationMs: 1,
    waitedMs: 0,
    outcome: 'success',
    ...bill,
    ...rest,
  });
}

const answers =
  (prompt: number, completion: number): Step =>
  (call: Call) => {
    attempt(call, { counts: used(prompt, completion) });
    return replyOf(call.target.model);
  };

/** An answer without token counts. */
const silent: Step = (call: Call) => {
  attempt(call);
  return replyOf('m');
};

function setUp(options: BudgetOptions, steps: readonly Step[]) {
  const layer = budget(options);
  const world = layered([layer], steps);
  const ask = (tokens: number, most?: number, more: object = {}) =>
    world.run({}, { request: asks(tokens, most), catalogue: () => catalogue, ...more });
  return { ...world, layer, ask };
}

const spentUSD = async (layer: Budget, key?: string) => (await layer.spent(key)).costUSD?.spent;

describe('a limit in dollars', () => {
  it('admits what fits, charges what it cost, and refuses what would not fit any more', async () => {
    const { ask, layer, attempts, eventsOf } = setUp({ maxCostUSD: 100 }, [answers(20, 5)]);
    await ask(20, 10); // reserves 40, costs 30
    expect(await layer.spent()).toEqual({ costUSD: { limit: 100, spent: 30, resetMs: Number.POSITIVE_INFINITY } });
    await ask(20, 10); // an answer has 5 tokens by now: 30
    await ask(20, 10);
    expect(await spentUSD(layer)).toBe(90);
    const error = await rejectionOf(ask(20, 10));
    expect(error).toBeInstanceOf(BudgetExceededError);
    expect(error).toMatchObject({
      kind: 'budget_exceeded',
      code: 'budget_exceeded',
      provider: 'openai',
      model: 'gpt-5-mini',
      retryable: false,
      reason: '$90 of $100 are spent, and this call needs about $30',
      details: { unit: 'USD', limit: 100, spent: 90, needed: 30 },
    });
    expect(error).not.toHaveProperty('retryAfterMs');
    expect(eventsOf('skipped')).toMatchObject([{ reason: 'budget', error }]);
    expect(attempts).toHaveLength(3);
    expect(await spentUSD(layer)).toBe(90);
  });

  it('a call that costs more than the whole budget never fits', async () => {
    const { ask } = setUp({ maxCostUSD: 10, window: 1000 }, [undefined]);
    const error = await rejectionOf(ask(20, 10));
    expect(error).toMatchObject({ message: expect.stringMatching(/\$0 of \$10 are spent, .* about \$40; it never fits$/) });
    expect(error).not.toHaveProperty('retryAfterMs');
  });

  it('begins anew after its window, counted from the first spending', async () => {
    const { ask, layer, clock } = setUp({ maxCostUSD: 50, window: 60_000 }, [answers(20, 10)]);
    await clock.advance(5_000);
    await ask(20);
    await clock.advance(20_000);
    expect(await rejectionOf(ask(20))).toMatchObject({
      retryAfterMs: 40_000,
      details: { spent: 40, resetMs: 40_000 },
      message: expect.stringContaining('the budget begins anew in 40 s, retry after 40 s'),
    });
    await clock.advance(40_000);
    expect(await spentUSD(layer)).toBe(0);
    await ask(20);
    expect(await spentUSD(layer)).toBe(40);
  });

  it('a call that began in an earlier window gives nothing back to the new one', async () => {
    let finish = (): void => {};
    const slow: Step = (call: Call) =>
      new Promise((resolve) => {
        finish = () => {
          attempt(call, { counts: used(20, 0) });
          resolve(replyOf('m'));
        };
      });
    const { ask, layer, clock } = setUp({ maxCostUSD: 100, window: 1000 }, [slow, answers(20, 10)]);
    const first = ask(20, 10);
    await clock.advance(1000);
    await ask(20, 10);
    finish();
    await first;
    expect(await spentUSD(layer)).toBe(40);
  });
});

describe('a limit in tokens', () => {
  it('counts prompts and answers together', async () => {
    const { ask, layer } = setUp({ maxTokens: 50 }, [answers(20, 5)]);
    await ask(20, 10);
    expect(await layer.spent()).toEqual({ tokens: { limit: 50, spent: 25, resetMs: Number.POSITIVE_INFINITY } });
    await ask(20, 10);
    expect(await rejectionOf(ask(20, 10))).toMatchObject({
      reason: '50 tokens of 50 tokens are spent, and this call needs about 25 tokens',
      details: { unit: 'tokens', limit: 50, spent: 50, needed: 25 },
    });
  });

  it('stands beside one in dollars: the first that is full refuses, the other gets its estimate back', async () => {
    const { ask, layer } = setUp({ maxCostUSD: 1000, maxTokens: 50 }, [answers(20, 10)]);
    await ask(20, 10);
    expect(await rejectionOf(ask(20, 10))).toMatchObject({ details: { unit: 'tokens' } });
    expect(await layer.spent()).toMatchObject({ costUSD: { spent: 40 }, tokens: { spent: 30 } });
  });

  it('counts the inputs of embeddings, which have no answer', async () => {
    const { layer, run } = setUp({ maxTokens: 6 }, [silent]);
    const embed = { operation: 'embed' as never, request: { input: ['one two', 'three'] } as never, catalogue: () => catalogue };
    await run({}, embed);
    await run({}, embed);
    expect(await rejectionOf(run({}, embed))).toMatchObject({ details: { spent: 6, needed: 3 } });
    expect((await layer.spent()).tokens?.spent).toBe(6);
  });
});

describe('keys', () => {
  it('each has a budget of its own', async () => {
    const { ask, layer } = setUp({ maxCostUSD: 40, key: (call) => String(call.metadata.job) }, [answers(20, 10)]);
    await ask(20, 10, { metadata: { job: 'a' } });
    expect(await rejectionOf(ask(20, 10, { metadata: { job: 'a' } }))).toMatchObject({ kind: 'budget_exceeded' });
    await ask(20, 10, { metadata: { job: 'b' } });
    expect([await spentUSD(layer, 'a'), await spentUSD(layer, 'b'), await spentUSD(layer, 'c')]).toEqual([40, 40, 0]);
  });

  it('two budgets of one client do not mix, and both hear of every attempt', async () => {
    const perJob = budget({ maxCostUSD: 100, key: (call) => String(call.metadata.job) });
    const perMinute = budget({ maxCostUSD: 100, window: 60_000 });
    const { run } = layered([perJob, perMinute], [answers(20, 10)]);
    await run({}, { request: asks(20), catalogue: () => catalogue, metadata: { job: 'a' } });
    expect([await spentUSD(perJob, 'a'), await spentUSD(perMinute), await spentUSD(perJob)]).toEqual([40, 40, 0]);
  });

  it('a store of its own is shared by those who are given it', async () => {
    const store = memoryStore();
    const [first, second] = [budget({ maxCostUSD: 100, store }), budget({ maxCostUSD: 60, store })];
    const { run } = layered([first], [answers(20, 10)]);
    await run({}, { request: asks(20), catalogue: () => catalogue });
    expect(await second.spent()).toMatchObject({ costUSD: { limit: 60, spent: 40 } });
  });

  it('nothing is spent before the first call', async () => {
    expect(await budget({ maxCostUSD: 5, maxTokens: 7, window: 1000 }).spent()).toEqual({
      costUSD: { limit: 5, spent: 0, resetMs: 1000 },
      tokens: { limit: 7, spent: 0, resetMs: 1000 },
    });
  });
});

describe('what is charged', () => {
  it('failed attempts that were billed, and only those', async () => {
    const { ask, layer } = setUp({ maxCostUSD: 100 }, [
      (call: Call) => {
        attempt(call, { outcome: 'service_unavailable' });
        attempt(call, { outcome: 'stream_interrupted', usage: used(20, 2), costUSD: 24, estimated: true });
        return failure('stream_interrupted');
      },
    ]);
    await rejectionOf(ask(20, 10));
    expect(await spentUSD(layer)).toBe(24);
  });

  it('nothing when no attempt was made, as for an answer from a cache', async () => {
    const { ask, layer } = setUp({ maxCostUSD: 100 }, [replyOf('m'), failure('circuit_open')]);
    await ask(20, 10);
    await rejectionOf(ask(20, 10));
    expect(await spentUSD(layer)).toBe(0);
  });

  it('the estimate where an answer tells no counts', async () => {
    const { ask, layer } = setUp({ maxCostUSD: 100, maxTokens: 100 }, [silent]);
    await ask(20, 10);
    expect(await layer.spent()).toMatchObject({ costUSD: { spent: 40 }, tokens: { spent: 30 } });
  });

  it('every attempt of a call, an extra one that ends after it too', async () => {
    let late = (): void => {};
    const { ask, layer } = setUp({ maxCostUSD: 200 }, [
      (call: Call) => {
        late = () => attempt(call, { outcome: 'aborted', usage: used(20, 0), costUSD: 20, estimated: true });
        attempt(call, { counts: used(20, 5) });
        attempt(call, { outcome: 'timeout', usage: used(20, 0), costUSD: 20, estimated: true });
        return replyOf('m');
      },
    ]);
    await ask(20, 10);
    expect(await spentUSD(layer)).toBe(50);
    late();
    expect(await spentUSD(layer)).toBe(70);
  });

  it('a stream when it has ended; until then its estimate is reserved', async () => {
    const stream = openStream();
    let end = (): void => {};
    const { ask, layer } = setUp({ maxCostUSD: 100 }, [
      (call: Call) => {
        end = () => {
          attempt(call, { counts: used(20, 25) });
          stream.end();
        };
        return stream;
      },
    ]);
    await ask(20, 10);
    expect(await spentUSD(layer)).toBe(40);
    end();
    expect(await spentUSD(layer)).toBe(70);
  });
});

describe('models without a price', () => {
  it('pass and cost nothing by default, but their tokens count', async () => {
    const { run, layer } = setUp({ maxCostUSD: 1, maxTokens: 100 }, [answers(20, 5)]);
    const unknown = {
      request: asks(20),
      catalogue: () => catalogue,
      target: { provider: 'openai', model: 'secret', baseURL: '' },
    };
    await run({}, unknown);
    expect(await layer.spent()).toMatchObject({ costUSD: { spent: 0 }, tokens: { spent: 25 } });
  });

  it('are refused where that is asked for', async () => {
    const { run, attempts } = setUp({ maxCostUSD: 1, onUnknownCost: 'refuse' }, [undefined]);
    const unknown = {
      request: asks(20),
      catalogue: () => catalogue,
      target: { provider: 'openai', model: 'secret', baseURL: '' },
    };
    expect(await rejectionOf(run({}, unknown))).toMatchObject({
      kind: 'budget_exceeded',
      code: 'unknown_cost',
      message: expect.stringContaining("modelFacts({ 'openai/secret': { prices: { input, output } } })"),
    });
    expect(attempts).toEqual([]);
  });

  it('a free one is asked when the money is gone', async () => {
    const layers = [fallback(['ollama/free']), budget({ maxCostUSD: 40 })];
    const { run, targets } = layered(layers, [answers(20, 10)]);
    for (let calls = 0; calls < 3; calls++) await run({}, { request: asks(20), catalogue: () => catalogue });
    expect(targets()).toEqual(['openai/gpt-5-mini', 'ollama/free', 'ollama/free']);
  });
});

describe('estimates', () => {
  it('take an answer for as long as those of its model were, and never for longer than is allowed', async () => {
    const { layer, run } = setUp({ maxTokens: 100_000 }, [
      (call: Call) => {
        attempt(call, { counts: used(20, 100) });
        return openStream();
      },
    ]);
    const reserved = async (most: number | undefined, model = 'gpt-5-mini'): Promise<number> => {
      const before = (await layer.spent()).tokens?.spent ?? 0;
      const request = { ...asks(20), max_tokens: most };
      await run(
        {},
        { request: request as never, catalogue: () => catalogue, target: { provider: 'openai', model, baseURL: '' } },
      );
      return ((await layer.spent()).tokens?.spent ?? 0) - before;
    };
    expect(await reserved(64_000)).toBe(64_020);
    expect(await reserved(64_000)).toBe(120);
    expect(await reserved(30)).toBe(50);
    expect(await reserved(undefined)).toBe(120);
    expect(await reserved(undefined, 'gpt-other')).toBe(1_020);
    layer.close();
    expect(await reserved(50)).toBe(70);
  });

  it('count every answer that is asked for', async () => {
    const { run, layer } = setUp({ maxTokens: 1000 }, [openStream()]);
    await run({}, { request: { ...asks(20, 10), n: 3 }, catalogue: () => catalogue });
    expect((await layer.spent()).tokens?.spent).toBe(50);
  });

  it('wait for a catalogue that is being loaded, and for a store elsewhere', async () => {
    const inner = memoryStore();
    const spending = {
      spend: async (...given: Parameters<typeof inner.spending.spend>) => inner.spending.spend(...given),
      settle: async (...given: Parameters<typeof inner.spending.settle>) => inner.spending.settle(...given),
    };
    const { ask, layer } = setUp({ maxCostUSD: 50, store: { ...inner, spending } }, [answers(20, 10)]);
    await ask(20, 10, { catalogue: () => Promise.resolve(catalogue) });
    expect(await spentUSD(layer)).toBe(40);
    expect(await rejectionOf(ask(20, 10))).toMatchObject({ kind: 'budget_exceeded' });
  });
});

describe('a hundred calls at once', () => {
  it('never pass the limit by more than their estimates were too low', async () => {
    const pending: (() => void)[] = [];
    const slow: Step = (call: Call) =>
      new Promise((resolve) => {
        pending.push(() => {
          attempt(call, { counts: used(20, 12) });
          resolve(replyOf('m'));
        });
      });
    const { ask, layer, attempts } = setUp({ maxCostUSD: 1000 }, [slow]);
    const calls = Array.from({ length: 100 }, () =>
      ask(20, 10).then(
        () => 'done',
        (error) => error.kind,
      ),
    );
    while (attempts.length < 25) await new Promise((resolve) => setImmediate(resolve));
    for (const finish of pending) finish();
    const outcomes = await Promise.all(calls);
    // 40 dollars each were reserved, 44 each were needed
    expect(outcomes.filter((outcome) => outcome === 'done')).toHaveLength(25);
    expect(outcomes.filter((outcome) => outcome === 'budget_exceeded')).toHaveLength(75);
    expect(await spentUSD(layer)).toBe(1100);
  });
});

describe('settings', () => {
  it.each([
    [{}, /budget: expected maxCostUSD or maxTokens, or both/],
    [{ maxCostUSD: 0 }, /budget\.maxCostUSD: expected a number of US dollars > 0, got 0/],
    [{ maxTokens: 1.5 }, /budget\.maxTokens: expected a whole number of tokens ≥ 1, got 1\.5/],
    [{ maxTokens: 5, window: 0 }, /budget\.window: expected a number of milliseconds > 0, or Infinity, got 0/],
    [{ maxTokens: 5, key: 'job' }, /budget\.key: expected a function/],
    [{ maxTokens: 5, onUnknownCost: 'warn' }, /budget\.onUnknownCost: expected "pass" or "refuse"/],
    [{ maxTokens: 5, store: {} }, /budget\.store: expected a store/],
    [{ maxUSD: 5 }, /budget\.maxUSD: unknown option/],
  ])('%j is refused', (options, message) => {
    expect(() => budget(options as never)).toThrow(ConfigurationError);
    expect(() => budget(options as never)).toThrow(message);
  });

  it('models.list is no spending', async () => {
    const { run, layer } = setUp({ maxTokens: 1 }, [undefined]);
    await run({}, { operation: 'models' as never, request: {} as never, catalogue: () => catalogue });
    expect((await layer.spent()).tokens?.spent).toBe(0);
  });
});
