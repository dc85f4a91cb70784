import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LLMClient } from '../../src/index.ts';
import {
  BudgetExceededError,
  budget,
  cache,
  circuitBreaker,
  fallback,
  hedge,
  memoryStore,
  pool,
  retry,
  timeout,
} from '../../src/index.ts';
import { redisStore } from '../../src/redis/redis-store.ts';
import { fakeClock, fault, reply } from '../../src/testing/index.ts';
import type { Chained } from '../support/chained.ts';
import { FIRST, messages, readAll, SECOND, startChained, until } from '../support/chained.ts';
import { rejection } from '../support/client.ts';
import { redisMissing, startRedis } from '../support/redis-server.ts';

const PATIENT = { commandTimeout: 10_000, connectTimeout: 10_000 };

/** FIRST costs 0.15 and 0.6 dollars a million tokens, SECOND 3 and 15: a tenth of a cent, and two cents and a half. */
const answer = reply({ chunks: ['one ', 'two ', 'three'], usage: { promptTokens: 2000, completionTokens: 1000 } });
const FIRST_COST = 0.0009;
const SECOND_COST = 0.021;

let chained: Chained;
beforeEach(async () => {
  chained = await startChained();
});
afterEach(() => chained.close());

const costOf = async (layer: ReturnType<typeof budget>, key?: string) => (await layer.spent(key)).costUSD?.spent;

describe('a budget around a chain', () => {
  it('pays for what was used, of every target, and stops the next call', async () => {
    const perJob = budget({ maxCostUSD: 0.03, key: (call) => String(call.metadata.job) });
    const llm = chained.client({ use: [perJob, fallback([SECOND]), retry({ maxRetries: 0 })] });
    chained.mock.enqueue('openai', answer, fault.unavailable(), answer);
    chained.mock.enqueue('anthropic', answer);
    const ask = (job: string) => llm.chat.completions.create({ model: FIRST, messages, max_tokens: 100 }, { metadata: { job } });
    const first = await ask('a');
    expect(await costOf(perJob, 'a')).toBeCloseTo(first.route.costUSD ?? 0, 12);
    expect(first.route.costUSD).toBeCloseTo(FIRST_COST, 12);
    await ask('a');
    expect(await costOf(perJob, 'a')).toBeCloseTo(FIRST_COST + SECOND_COST, 12);
    await ask('b');
    expect(await costOf(perJob, 'b')).toBeCloseTo(FIRST_COST, 12);
    expect(chained.asked()).toHaveLength(4);
  });

  it('rejects before anything is sent when it is spent, and tells so', async () => {
    const layer = budget({ maxCostUSD: 0.001, window: 3_600_000 });
    const llm = chained.client({ use: [layer, retry()] });
    chained.mock.enqueue('openai', answer);
    await llm.chat.completions.create({ model: FIRST, messages });
    for (const stream of [false, true]) {
      const error = await rejection(llm.chat.completions.create({ model: FIRST, messages, stream }));
      expect(error).toBeInstanceOf(BudgetExceededError);
      expect(error).toMatchObject({ attempts: [], details: { unit: 'USD', limit: 0.001 }, retryAfterMs: expect.any(Number) });
    }
    expect(chained.mock.requests).toHaveLength(1);
    expect(chained.eventsOf('skipped').map(({ reason }) => reason)).toEqual(['budget', 'budget']);
  });

  it('inside a chain a target that is too dear by now is passed over', async () => {
    const layer = budget({ maxCostUSD: 0.03 });
    const llm = chained.client({ use: [fallback([FIRST]), layer] });
    chained.mock.enqueue('anthropic', answer);
    chained.mock.enqueue('openai', answer);
    const [one, two] = [
      await llm.chat.completions.create({ model: SECOND, messages }),
      await llm.chat.completions.create({ model: SECOND, messages }),
    ];
    expect([one.route.provider, two.route.provider]).toEqual(['anthropic', 'openai']);
    expect(await costOf(layer)).toBeCloseTo(SECOND_COST + FIRST_COST, 12);
  });
});

describe('a budget and streams', () => {
  const open = (llm: LLMClient) => llm.chat.completions.create({ model: FIRST, messages, max_tokens: 5000, stream: true });

  it('is settled at the end of one', async () => {
    const layer = budget({ maxCostUSD: 1 });
    chained.mock.enqueue('openai', answer);
    const stream = await open(chained.client({ use: [layer] }));
    await readAll(stream);
    expect(await costOf(layer)).toBeCloseTo(FIRST_COST, 12);
  });

  it('pays for one that broke, and for one that its reader left, what had come of it', async () => {
    const layer = budget({ maxCostUSD: 1 });
    chained.mock.enqueue('openai', fault.cutAfter(2, answer), fault.stall(2, answer));
    const llm = chained.client({ use: [layer] });
    const broken = await open(llm);
    await readAll(broken);
    const first = await costOf(layer);
    expect(first).toBeCloseTo(broken.route.costUSD ?? 0, 12);
    expect(first).toBeGreaterThan(0);
    const left = await open(llm);
    for await (const chunk of left) if (chunk.choices[0]?.delta.content === 'two ') break;
    expect(await costOf(layer)).toBeCloseTo((first ?? 0) + (left.route.costUSD ?? 0), 12);
    expect(left.route.costUSD).toBeGreaterThan(0);
  });

  it('pays for an aborted call, and gives the rest of its estimate back', async () => {
    const layer = budget({ maxTokens: 100_000 });
    chained.mock.enqueue('openai', fault.stall(0));
    const controller = new AbortController();
    const llm = chained.client({ use: [layer] });
    const failed = rejection(
      llm.chat.completions.create({ model: FIRST, messages, max_tokens: 5000 }, { signal: controller.signal }),
    );
    await until(() => chained.mock.requests.length === 1);
    expect((await layer.spent()).tokens?.spent).toBeGreaterThan(5000);
    controller.abort();
    await failed;
    await until(() => chained.connections() === 0);
    const { tokens } = await layer.spent();
    expect(tokens?.spent).toBeGreaterThan(0);
    expect(tokens?.spent).toBeLessThan(50);
  });
});

describe('a budget and other layers', () => {
  it('reserves what the dearest member of a pool would cost, and settles what the asked one did', async () => {
    const money = budget({ maxCostUSD: 1, onUnknownCost: 'refuse' });
    const dear = 'openai/gpt-4.1';
    const providers = {
      any: pool([FIRST, dear]),
      some: pool([FIRST, 'openai/nobody-knows-it']),
      bare: pool(['openai', 'azure']),
    };
    const llm = chained.client({ providers, use: [money, fallback([])] });
    let reserved: number | undefined;
    chained.mock.enqueue('openai', async () => {
      reserved = (await money.spent()).costUSD?.spent;
      return reply({ usage: { promptTokens: 1_000, completionTokens: 100 } });
    });
    const { route } = await llm.chat.completions.create({ model: 'any', messages, max_tokens: 100 });
    const cost = (model: string, prompt: number) => llm.models.cost(model, { prompt_tokens: prompt, completion_tokens: 100 });
    expect(reserved).toBeGreaterThan((await cost(FIRST, 0)) ?? Number.NaN);
    expect(reserved).toBeGreaterThan((await cost(dear, 0)) ?? Number.NaN);
    expect((await money.spent()).costUSD?.spent).toBeCloseTo(route.costUSD ?? Number.NaN, 12);
    expect(await rejection(llm.chat.completions.create({ model: 'some', messages }))).toMatchObject({ code: 'unknown_cost' });
    expect(await rejection(llm.chat.completions.create({ model: 'bare', messages }))).toMatchObject({ code: 'unknown_cost' });
    expect((await llm.chat.completions.create({ model: 'bare/gpt-4o-mini', messages })).route.costUSD).toBeGreaterThan(0);
  });

  it('pays for both requests of a hedge', async () => {
    const layer = budget({ maxCostUSD: 1 });
    const llm = chained.client({ use: [layer, hedge({ after: 30, to: SECOND })] });
    chained.mock.enqueue('openai', fault.stall(0));
    chained.mock.enqueue('anthropic', answer);
    const { route } = await llm.chat.completions.create({ model: FIRST, messages });
    await until(() => route.attempts.length === 2 && chained.connections() === 1);
    expect(await costOf(layer)).toBeCloseTo(route.costUSD ?? 0, 12);
    expect(route.costUSD).toBeGreaterThan(SECOND_COST);
  });

  it('repeats are paid for, refusals are not', async () => {
    const layer = budget({ maxCostUSD: 1 });
    const clock = fakeClock();
    const llm = chained.client({ clock, on: { waiting: ({ ms }) => void clock.advance(ms) }, use: [layer, retry(), timeout()] });
    chained.mock.enqueue('openai', fault.unavailable(), fault.rateLimit(), answer);
    await llm.chat.completions.create({ model: FIRST, messages });
    expect(await costOf(layer)).toBeCloseTo(FIRST_COST, 12);
  });

  it('beneath retry it is asked about every attempt, and its refusal is not repeated', async () => {
    const layer = budget({ maxTokens: 40, key: () => 'any' });
    const llm = chained.client({ use: [retry({ maxRetries: 5, minDelay: 1 }), layer] });
    chained.mock.enqueue('openai', fault.unavailable(), answer);
    await llm.chat.completions.create({ model: FIRST, messages, max_tokens: 20 });
    const error = await rejection(llm.chat.completions.create({ model: FIRST, messages, max_tokens: 20 }));
    expect(error).toMatchObject({ kind: 'budget_exceeded', details: { unit: 'tokens', limit: 40, spent: 3000 } });
  });

  it('an answer from the cache costs nothing, and an open circuit neither', async () => {
    const layer = budget({ maxCostUSD: 1 });
    const llm = chained.client({ use: [layer, cache(), circuitBreaker({ minCalls: 1, failureRate: 0.1 })] });
    chained.mock.enqueue('openai', answer, fault.unavailable());
    for (let calls = 0; calls < 3; calls++) await llm.chat.completions.create({ model: FIRST, messages });
    const other = [{ role: 'user' as const, content: 'Other' }];
    for (let calls = 0; calls < 3; calls++) await rejection(llm.chat.completions.create({ model: FIRST, messages: other }));
    expect(await costOf(layer)).toBeCloseTo(FIRST_COST, 12);
    expect(chained.mock.requests).toHaveLength(2);
  });

  it('a hundred calls at once stay within the limit, of two clients that share a store', async () => {
    const store = memoryStore();
    const layer = budget({ maxTokens: 30_000 });
    const [one, two] = [chained.client({ use: [layer], store }), chained.client({ use: [layer], store })];
    chained.mock.enqueue('openai', ...Array.from({ length: 100 }, () => answer));
    const request = { model: FIRST, messages, max_tokens: 3000 };
    const outcomes = await Promise.all(
      Array.from({ length: 100 }, (_, i) =>
        (i % 2 === 0 ? one : two).chat.completions.create(request).then(
          () => 'answered',
          (error: { kind: string }) => error.kind,
        ),
      ),
    );
    expect(new Set(outcomes)).toEqual(new Set(['answered', 'budget_exceeded']));
    const answered = outcomes.filter((outcome) => outcome === 'answered').length;
    expect((await layer.spent()).tokens?.spent).toBe(answered * 3000);
    expect(answered * 3000).toBeLessThanOrEqual(30_000);
    await store.close();
  });
});

describe.skipIf(redisMissing() !== undefined)('a budget in Redis', () => {
  it('is one for all who share it', async () => {
    const server = await startRedis();
    const stores = [redisStore(server.url, PATIENT), redisStore(server.url, PATIENT)];
    try {
      // the layer of each process, with a store of its own
      const layers = stores.map((store) => budget({ maxTokens: 30_000, window: 60_000, key: () => 'team', store }));
      const clients = layers.map((layer) => chained.client({ use: [layer] }));
      chained.mock.enqueue('openai', ...Array.from({ length: 40 }, () => answer));
      const outcomes = await Promise.all(
        Array.from({ length: 40 }, (_, i) =>
          clients[i % 2]?.chat.completions.create({ model: FIRST, messages, max_tokens: 3000 }).then(
            () => 'answered',
            (error: { kind: string }) => error.kind,
          ),
        ),
      );
      const answered = outcomes.filter((outcome) => outcome === 'answered').length;
      expect(new Set(outcomes)).toEqual(new Set(['answered', 'budget_exceeded']));
      expect(answered * 3000).toBeLessThanOrEqual(30_000);
      for (const layer of layers) {
        await expect.poll(async () => (await layer.spent('team')).tokens?.spent).toBe(answered * 3000);
      }
    } finally {
      for (const store of stores) await store.close();
      await server.close();
    }
  });
});
