import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { budget, cache, coalesce, contextCheck, fallback, hedge, pool, retry, timeout } from '../../src/index.ts';
import { fakeClock, fault, reply } from '../../src/testing/index.ts';
import type { Chained } from '../support/chained.ts';
import { FIRST, messages, passing, readAll, SECOND, startChained, until } from '../support/chained.ts';

let chained: Chained;
beforeEach(async () => {
  chained = await startChained();
});
afterEach(() => chained.close());

const WHOLE = 'one two three four';
const answer = { text: WHOLE, chunks: ['one', ' two', ' three', ' four'] };
const rest = { text: ' three four', chunks: [' three', ' four'] };
const params = { model: FIRST, messages, stream: true } as const;
const providersOf = (): string[] => chained.asked();

describe('a resumed stream', () => {
  it('around it, cache keeps the whole answer of its own target', async () => {
    const llm = chained.client({ use: [cache(), fallback([], { resume: true })] });
    chained.mock.enqueue('openai', fault.cutAfter(2, answer), reply(rest));
    expect(await readAll(await llm.chat.completions.create(params))).toEqual({ text: WHOLE });
    const again = await llm.chat.completions.create(params);
    expect(await readAll(again)).toEqual({ text: WHOLE });
    expect(again.route).toMatchObject({ cached: true, attempts: [] });
    expect(again.route).not.toHaveProperty('resumed');
    expect(chained.mock.requests).toHaveLength(2);
  });

  it('around it, cache does not keep what another target has finished', async () => {
    const llm = chained.client({ use: [cache(), fallback([SECOND], { resume: true })] });
    chained.mock.enqueue('openai', fault.cutAfter(2, answer), reply(answer));
    chained.mock.enqueue('anthropic', reply(rest));
    await readAll(await llm.chat.completions.create(params));
    const again = await llm.chat.completions.create(params);
    expect(await readAll(again)).toEqual({ text: WHOLE });
    expect(again.route.cached).toBeUndefined();
  });

  it('around it, coalesce gives everybody the whole of it, also when one of them leaves', async () => {
    const llm = chained.client({ use: [coalesce(), fallback([SECOND], { resume: true })] });
    chained.mock.enqueue('openai', fault.cutAfter(2, answer));
    chained.mock.enqueue('anthropic', reply(rest));
    const [one, two, three] = await Promise.all([1, 2, 3].map(() => llm.chat.completions.create(params)));
    for await (const _ of two as AsyncIterable<unknown>) break;
    const read = await Promise.all([one, three].map((stream) => readAll(stream as AsyncIterable<unknown>)));
    expect(read).toEqual([{ text: WHOLE }, { text: WHOLE }]);
    expect(providersOf()).toEqual(['openai', 'anthropic']);
  });

  it('around it, coalesce shows the seam to everybody, late comers included', async () => {
    const llm = chained.client({ use: [coalesce(), fallback([SECOND], { resume: true })] });
    const seam = [{ from: FIRST, to: SECOND, characters: 7, overlap: 0 }];
    chained.mock.enqueue('openai', fault.cutAfter(2, answer));
    chained.mock.enqueue('anthropic', fault.stall(1, rest));
    const early = await Promise.all([1, 2].map(() => llm.chat.completions.create(params)));
    const reading = Promise.all(early.map((stream) => readAll(stream)));
    await until(() => chained.eventsOf('resumed').length === 2);
    const late = await llm.chat.completions.create(params);
    for (const { route } of [...early, late]) {
      expect(route).toMatchObject({ provider: 'anthropic', fallback: true, resumed: seam });
    }
    expect(new Set(chained.eventsOf('resumed').map(({ call }) => call.correlationId)).size).toBe(3);
    for (const stream of early) stream.controller.abort();
    late.controller.abort();
    await reading;
  });

  it('pays for both of its parts from a budget', async () => {
    const money = budget({ maxCostUSD: 1 });
    const llm = chained.client({ use: [fallback([SECOND], { resume: true }), money] });
    chained.mock.enqueue('openai', fault.cutAfter(2, answer));
    chained.mock.enqueue('anthropic', reply({ ...rest, usage: { promptTokens: 20, completionTokens: 3 } }));
    const stream = await llm.chat.completions.create(params);
    await readAll(stream);
    const costs = stream.route.attempts.map(({ costUSD = 0 }) => costUSD);
    expect(costs.every((cost) => cost > 0)).toBe(true);
    expect(stream.route.costUSD).toBeCloseTo(
      costs.reduce((sum, cost) => sum + cost, 0),
      12,
    );
  });

  it('its continuation may be sent twice by hedge, which is none of its reader’s business', async () => {
    const clock = fakeClock();
    const llm = chained.client({ clock, use: [fallback([SECOND], { resume: true }), hedge({ after: 50 }), timeout()] });
    chained.mock.enqueue('openai', fault.cutAfter(2, answer));
    chained.mock.enqueue('anthropic', fault.stall(0), reply(rest));
    const stream = await llm.chat.completions.create(params);
    const read = readAll(stream);
    await until(() => providersOf().includes('anthropic'));
    await clock.advance(100);
    expect(await read).toEqual({ text: WHOLE });
    expect(stream.route.attempts.map(({ provider, outcome }) => `${provider} ${outcome}`)).toEqual([
      'openai stream_interrupted',
      'anthropic aborted',
      'anthropic success',
    ]);
  });

  it('passes a target that cools down', async () => {
    const clock = fakeClock();
    const llm = chained.client({
      clock,
      on: passing(clock),
      use: [fallback([SECOND, 'gemini/gemini-2.5-flash'], { resume: true }), retry({ maxRetries: 0 })],
    });
    chained.mock.enqueue('anthropic', fault.rateLimit({ retryAfterSeconds: 300 }));
    await llm.chat.completions.create({ model: SECOND, messages }, { fallbacks: ['openai/gpt-4.1'] });
    chained.mock.enqueue('openai', fault.cutAfter(2, answer));
    chained.mock.enqueue('gemini', reply(rest));
    const stream = await llm.chat.completions.create(params);
    expect(await readAll(stream)).toEqual({ text: WHOLE });
    expect(stream.route.attempts).toMatchObject([{}, { provider: 'anthropic', outcome: 'circuit_open' }, { provider: 'gemini' }]);
  });
});

describe('contextCheck and a chain', () => {
  const book = [{ role: 'user' as const, content: 'Kelp holds on to the rock. '.repeat(30_000) }];

  it('with a list of its own: the first target that fits is asked, nothing that does not', async () => {
    const llm = chained.client({
      use: [fallback([SECOND], { contextWindow: ['openai/gpt-4.1-nano', 'gemini/gemini-2.5-pro'] }), contextCheck()],
      on: {},
    });
    const small = chained.client({
      use: [fallback([], { contextWindow: [SECOND, 'openai/gpt-4o', 'gemini/gemini-2.5-pro'] }), contextCheck()],
    });
    expect((await llm.chat.completions.create({ model: FIRST, messages: book })).route.model).toBe('gpt-4.1-nano');
    const { route } = await small.chat.completions.create({ model: FIRST, messages: book });
    expect(route).toMatchObject({ provider: 'gemini', attempts: [{ provider: 'gemini' }] });
    const skipped = chained.eventsOf('skipped').filter(({ reason }) => reason === 'too_small');
    expect(skipped.slice(-2).map(({ target }) => target.model)).toEqual(['claude-sonnet-4-5', 'gpt-4o']);
  });

  it('in a pool of different models the ones that are too small are passed', async () => {
    const llm = chained.client({
      providers: { any: pool([FIRST, 'openai/gpt-4o', 'gemini/gemini-2.5-flash']) },
      use: [fallback([]), contextCheck()],
    });
    const { route } = await llm.chat.completions.create({ model: 'any', messages: book });
    expect(route).toMatchObject({ provider: 'gemini', fallback: false, attempts: [{}] });
  });
});
