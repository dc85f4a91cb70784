import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { circuitBreaker, errorFromJSON, fallback, hedge, modelFacts, retry, timeout } from '../../src/index.ts';
import { fault, reply } from '../../src/testing/index.ts';
import type { Chained } from '../support/chained.ts';
import { FIRST, messages, readAll, SECOND, startChained, until } from '../support/chained.ts';
import { rejection } from '../support/client.ts';

const M = 1_000_000;
/** Prices of FIRST, `openai/gpt-4o-mini`, and SECOND, `anthropic/claude-sonnet-4-5`, as the catalogue has them. */
const dollars = (prompt: number, completion: number, input = 0.15, output = 0.6): number =>
  (prompt * input + completion * output) / M;
const claude = (prompt: number, completion: number): number => dollars(prompt, completion, 3, 15);

const answer = reply({ chunks: ['one ', 'two ', 'three'], usage: { promptTokens: 1000, completionTokens: 100 } });

let chained: Chained;
beforeEach(async () => {
  chained = await startChained();
});
afterEach(() => chained.close());

describe('what a call costs', () => {
  it('is told by the attempt, the route and the events, the first call’s too', async () => {
    chained.mock.enqueue('openai', answer, answer);
    const llm = chained.client();
    for (let calls = 0; calls < 2; calls++) {
      const { route } = await llm.chat.completions.create({ model: FIRST, messages });
      expect(route.costUSD).toBeCloseTo(dollars(1000, 100), 12);
      expect(route.attempts).toMatchObject([{ usage: { prompt_tokens: 1000, completion_tokens: 100 }, costUSD: route.costUSD }]);
      expect(route.attempts[0]).not.toHaveProperty('estimated');
    }
    expect(chained.eventsOf('attempt-ended').map(({ attempt }) => attempt.costUSD)).toEqual(
      chained.eventsOf('call-ended').map(({ costUSD }) => costUSD),
    );
  });

  it('is told by a stream at its end', async () => {
    chained.mock.enqueue('openai', answer);
    const stream = await chained.client().chat.completions.create({ model: FIRST, messages, stream: true });
    expect(stream.route).not.toHaveProperty('costUSD');
    expect((await readAll(stream)).text).toBe('one two three');
    expect(stream.route.costUSD).toBeCloseTo(dollars(1000, 100), 12);
    expect(stream.route.attempts[0]?.usage).toEqual(stream.route.usage);
  });

  it('counts cached tokens at their price', async () => {
    const usage = { promptTokens: 1000, completionTokens: 0, cachedTokens: 800 };
    chained.mock.enqueue('anthropic', reply({ text: 'x', usage }));
    const { route } = await chained.client().chat.completions.create({ model: SECOND, messages });
    expect(route.costUSD).toBeCloseTo((200 * 3 + 800 * 0.3) / M, 12);
  });

  it('is absent where nobody knows the price, and the usage stays', async () => {
    const { route } = await chained.client().chat.completions.create({ model: 'openai/nobody-knows', messages });
    expect(route).not.toHaveProperty('costUSD');
    expect(route.attempts[0]).not.toHaveProperty('costUSD');
    expect(route.attempts[0]?.usage?.prompt_tokens).toBeGreaterThan(0);
  });

  it('follows the prices that the client was given', async () => {
    chained.mock.enqueue('openai', answer);
    const llm = chained.client({ catalogue: modelFacts({ 'openai/nobody-knows': { prices: { input: 1000, output: 2000 } } }) });
    const { route } = await llm.chat.completions.create({ model: 'openai/nobody-knows', messages });
    expect(route.costUSD).toBeCloseTo(1.2, 10);
  });

  it('of vectors, reranking and legacy completions', async () => {
    const llm = chained.client();
    const vectors = await llm.embeddings.create({ model: 'openai/text-embedding-3-small', input: 'Hi' });
    expect(vectors.route.costUSD).toBeCloseTo((vectors.usage.prompt_tokens * 0.02) / M, 12);
    const documents = Array.from({ length: 150 }, (_, i) => `text ${i}`);
    const ranked = await llm.rerank.create({ model: 'cohere/rerank-v3.5', query: 'Hi', documents });
    expect(ranked.route.costUSD).toBe(0.004);
    const text = await llm.completions.create({ model: 'openai/gpt-3.5-turbo-instruct', prompt: 'Hi' });
    expect(text.route.costUSD).toBeCloseTo(
      ((text.usage?.prompt_tokens ?? 0) * 1.5 + (text.usage?.completion_tokens ?? 0) * 2) / M,
      12,
    );
    const { route } = await llm.models.list({ provider: 'openai' });
    expect(route).not.toHaveProperty('costUSD');
  });
});

describe('attempts that failed', () => {
  it('cost nothing that is known when the provider refused them', async () => {
    chained.mock.enqueue('openai', fault.unavailable(), fault.rateLimit());
    chained.mock.enqueue('anthropic', answer);
    const llm = chained.client({ use: [fallback([SECOND]), retry({ maxRetries: 1, minDelay: 1, maxRetryAfter: 0 })] });
    const { route } = await llm.chat.completions.create({ model: FIRST, messages });
    expect(route.attempts.map(({ costUSD }) => costUSD)).toEqual([undefined, undefined, route.costUSD]);
    expect(route.costUSD).toBeCloseTo(claude(1000, 100), 12);
  });

  it('a broken stream is billed by what the provider had counted, or estimated', async () => {
    chained.mock.enqueue('openai', fault.cutAfter(2, answer));
    const stream = await chained.client().chat.completions.create({ model: FIRST, messages, stream: true });
    const { error } = await readAll(stream);
    const [attempt] = stream.route.attempts;
    expect(attempt).toMatchObject({ outcome: 'stream_interrupted', estimated: true, usage: { completion_tokens: 2 } });
    expect(attempt?.usage?.prompt_tokens).toBeGreaterThan(0);
    expect(stream.route.costUSD).toBe(attempt?.costUSD);
    expect(attempt?.costUSD).toBeGreaterThan(0);
    const json = JSON.parse(JSON.stringify(error));
    expect(json.attempts[0]).toMatchObject({ costUSD: attempt?.costUSD, estimated: true });
    expect(errorFromJSON(json).attempts[0]?.costUSD).toBe(attempt?.costUSD);
  });

  it('a stream that its reader leaves is estimated from what had come', async () => {
    chained.mock.enqueue('openai', fault.stall(2, answer));
    const stream = await chained.client().chat.completions.create({ model: FIRST, messages, stream: true });
    for await (const chunk of stream) if (chunk.choices[0]?.delta.content === 'two ') break;
    expect(stream.route.attempts).toMatchObject([{ outcome: 'success', estimated: true, usage: { completion_tokens: 2 } }]);
    expect(stream.route.costUSD).toBeGreaterThan(0);
  });

  it('an attempt that ran out of time is estimated from its prompt', async () => {
    const long = [{ role: 'user' as const, content: 'word '.repeat(1000) }];
    chained.mock.enqueue('openai', fault.stall(0));
    chained.mock.enqueue('anthropic', answer);
    const llm = chained.client({ use: [fallback([SECOND]), timeout({ attempt: 150 })] });
    await llm.models.facts(FIRST);
    const { route } = await llm.chat.completions.create({ model: FIRST, messages: long });
    const [first, second] = route.attempts;
    expect(first).toMatchObject({ outcome: 'timeout', estimated: true, usage: { completion_tokens: 0 } });
    expect(first?.costUSD).toBeCloseTo(dollars(1007, 0), 5);
    expect(route.costUSD).toBeCloseTo((first?.costUSD ?? 0) + (second?.costUSD ?? 0), 12);
  });

  it('an aborted call tells what its attempt may have cost', async () => {
    const controller = new AbortController();
    chained.mock.enqueue('openai', fault.stall(0));
    const llm = chained.client();
    await llm.models.facts(FIRST);
    const failed = rejection(llm.chat.completions.create({ model: FIRST, messages }, { signal: controller.signal }));
    await until(() => chained.mock.requests.length === 1);
    controller.abort();
    expect(await failed).toMatchObject({ kind: 'aborted', attempts: [{ outcome: 'aborted', estimated: true }] });
  });

  it('the loser of a hedge is in the sum', async () => {
    chained.mock.enqueue('openai', fault.stall(0));
    chained.mock.enqueue('anthropic', answer);
    const llm = chained.client({ use: [hedge({ after: 30, to: SECOND })] });
    await llm.models.facts(FIRST);
    const { route } = await llm.chat.completions.create({ model: FIRST, messages });
    await until(() => route.attempts.length === 2);
    const loser = route.attempts.find(({ outcome }) => outcome === 'aborted');
    expect(loser).toMatchObject({ provider: 'openai', estimated: true });
    expect(route.costUSD).toBeCloseTo(claude(1000, 100) + (loser?.costUSD ?? 0), 12);
    expect(loser?.costUSD).toBeGreaterThan(0);
  });

  it('an open circuit costs nothing', async () => {
    chained.mock.enqueue('openai', fault.unavailable());
    chained.mock.enqueue('anthropic', answer, answer);
    const llm = chained.client({ use: [fallback([SECOND]), circuitBreaker({ minCalls: 1 })] });
    await llm.chat.completions.create({ model: FIRST, messages });
    const { route } = await llm.chat.completions.create({ model: FIRST, messages });
    expect(route.attempts).toMatchObject([{ outcome: 'circuit_open' }, { outcome: 'success' }]);
    expect(route.attempts[0]).not.toHaveProperty('costUSD');
  });
});
