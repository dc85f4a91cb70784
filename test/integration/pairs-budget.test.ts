import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { circuitBreaker, fallback, hedge, pool, retry } from '../../src/index.ts';
import type { FakeClock } from '../../src/testing/index.ts';
import { fakeClock, fault, reply } from '../../src/testing/index.ts';
import type { Chained } from '../support/chained.ts';
import { FIRST, messages, readAll, SECOND, startChained, until } from '../support/chained.ts';
import { rejection } from '../support/client.ts';

const model = FIRST;

let chained: Chained;
let clock: FakeClock;
beforeEach(async () => {
  chained = await startChained();
  clock = fakeClock();
});
afterEach(() => chained.close());

describe('retry × budget', () => {
  it('a full outage costs twenty repeats, not two for each call; then calls fail at once', async () => {
    const llm = chained.client({ clock, use: [retry({ minDelay: 0 })] });
    chained.mock.enqueue('openai', ...Array.from({ length: 200 }, () => fault.unavailable()));
    const pending = Array.from({ length: 100 }, () => rejection(llm.chat.completions.create({ model, messages })));
    let over = 0;
    for (const call of pending) void call.then(() => over++);
    while (over < 100) await clock.advance(0);
    for (const error of await Promise.all(pending)) expect(error).toMatchObject({ kind: 'service_unavailable' });
    expect(chained.mock.requests).toHaveLength(120);
    expect(chained.eventsOf('budget-empty').length).toBeGreaterThan(80);
  });

  it('comes back by calls that succeed at the first try', async () => {
    const llm = chained.client({
      clock,
      use: [retry({ minDelay: 0, maxRetries: 1, budget: { capacity: 1, refillPerSecond: 0 } })],
    });
    const answers = Array.from({ length: 10 }, () => reply());
    const failing = () => [fault.unavailable(), fault.unavailable()];
    chained.mock.enqueue('openai', ...failing(), ...answers, ...failing());
    const ask = (stream: boolean) => llm.chat.completions.create({ model, messages, stream });
    const failed = rejection(ask(false));
    await until(() => chained.eventsOf('waiting').length === 1);
    await clock.advance(0);
    await failed;
    for (let i = 0; i < 10; i++) {
      const answer = await ask(i % 2 === 0);
      if ('controller' in answer) await readAll(answer);
    }
    await clock.advance(0);
    const again = rejection(ask(false));
    await until(() => chained.eventsOf('waiting').length === 2);
    await clock.advance(0);
    expect(await again).toMatchObject({ attempts: [{}, {}] });
  });

  it('is the client’s own: another client has another one', async () => {
    const use = () => [retry({ minDelay: 0, maxRetries: 1, budget: { capacity: 1, refillPerSecond: 0 } })];
    chained.mock.enqueue('openai', ...Array.from({ length: 6 }, () => fault.unavailable()));
    for (const [llm, expected] of [
      [chained.client({ use: use() }), 2],
      [chained.client({ use: use() }), 4],
    ] as const) {
      await rejection(llm.chat.completions.create({ model, messages }));
      expect(chained.mock.requests).toHaveLength(expected);
    }
  });
});

describe('cooldown × fallback', () => {
  it('a chain passes a target that asked for a rest without a request, until the rest is over', async () => {
    const llm = chained.client({ clock, use: [fallback([SECOND]), retry(), circuitBreaker()] });
    chained.mock.enqueue('openai', fault.rateLimit({ retryAfterSeconds: 120 }));
    const ask = () => llm.chat.completions.create({ model, messages });
    expect((await ask()).route.attempts).toMatchObject([{ outcome: 'rate_limit' }, { outcome: 'success' }]);
    expect(chained.eventsOf('cooldown')).toMatchObject([{ ms: 120_000, error: { kind: 'rate_limit' } }]);
    expect((await ask()).route).toMatchObject({
      provider: 'anthropic',
      fallback: true,
      attempts: [
        { provider: 'openai', outcome: 'circuit_open', durationMs: 0 },
        { provider: 'anthropic', outcome: 'success' },
      ],
    });
    expect(chained.asked()).toEqual(['openai', 'anthropic', 'anthropic']);
    expect(chained.eventsOf('skipped')).toMatchObject([{ reason: 'cooling', target: { provider: 'openai' } }]);
    await clock.advance(120_000);
    expect((await ask()).route.provider).toBe('openai');
  });

  it('without a chain the error says how long', async () => {
    const llm = chained.client({ clock, use: [retry()] });
    chained.mock.enqueue('openai', fault.rateLimit({ retryAfterSeconds: 600 }));
    await rejection(llm.chat.completions.create({ model, messages }));
    const error = await rejection(llm.chat.completions.create({ model, messages }));
    expect(error).toMatchObject({ kind: 'circuit_open', code: 'cooling_down', retryAfterMs: 600_000, attempts: [{ number: 1 }] });
    expect(String(error)).toContain(
      'cooling down after "429 rate limit": the provider asked to be left alone, retry after 10 min',
    );
    expect(chained.mock.requests).toHaveLength(1);
  });

  it('a 503 with a long Retry-After cools too, and it is not the breaker that opens', async () => {
    const breaker = circuitBreaker();
    const llm = chained.client({ clock, use: [fallback([SECOND]), retry(), breaker] });
    chained.mock.enqueue('openai', fault.unavailable({ retryAfterSeconds: 300 }));
    await llm.chat.completions.create({ model, messages });
    await llm.chat.completions.create({ model, messages });
    expect(chained.asked()).toEqual(['openai', 'anthropic', 'anthropic']);
    expect(breaker.snapshot().map(({ state }) => state)).toEqual(['closed', 'closed']);
  });

  it('a call whose deadline is too near moves on, and so do the next ones', async () => {
    const llm = chained.client({ clock, use: [fallback([SECOND]), retry()], deadline: 10_000 });
    chained.mock.enqueue('openai', fault.rateLimit({ retryAfterSeconds: 20 }));
    for (let i = 0; i < 3; i++) await llm.chat.completions.create({ model, messages });
    expect(chained.asked()).toEqual(['openai', 'anthropic', 'anthropic', 'anthropic']);
  });

  it('a pool passes a member that rests, and asks it again when the rest is over', async () => {
    const shared = pool(['openai', 'groq']);
    const llm = chained.client({ clock, providers: { fast: shared }, use: [fallback([]), retry(), circuitBreaker()] });
    chained.mock.enqueue('openai', fault.rateLimit({ retryAfterSeconds: 90 }));
    const ask = () => llm.chat.completions.create({ model: 'fast/mock-large', messages });
    for (let i = 0; i < 4; i++) expect((await ask()).route.provider).toBe('groq');
    expect(chained.asked().filter((id) => id === 'openai')).toHaveLength(1);
    await clock.advance(90_000);
    const asked = [(await ask()).route.provider, (await ask()).route.provider];
    expect(asked).toContain('openai');
  });

  it('the list of models is asked for all the same', async () => {
    const llm = chained.client({ clock, use: [retry()] });
    chained.mock.enqueue('openai', fault.status(429, { error: { code: 'insufficient_quota' } }, { 'retry-after': '600' }));
    expect(await rejection(llm.chat.completions.create({ model, messages }))).toMatchObject({ kind: 'insufficient_credits' });
    expect(await rejection(llm.chat.completions.create({ model: 'openai/gpt-5', messages }))).toMatchObject({
      code: 'cooling_down',
    });
    expect((await llm.models.list({ provider: 'openai' })).data.length).toBeGreaterThan(0);
  });
});

describe('idempotency keys', () => {
  const keys = (): (string | undefined)[] => chained.mock.requests.map(({ headers }) => headers['idempotency-key']);
  const attempt = { use: [fallback([SECOND]), retry({ minDelay: 0 })] };

  it('are the same over the attempts of one target, another at the next, and the same again when the call is made anew', async () => {
    const llm = chained.client(attempt);
    const outage = [fault.unavailable(), fault.unavailable(), fault.unavailable()];
    chained.mock.enqueue('openai', ...outage, ...outage);
    chained.mock.enqueue('anthropic', fault.overloaded(), reply(), fault.overloaded(), reply());
    for (let i = 0; i < 2; i++) await llm.chat.completions.create({ model, messages }, { idempotencyKey: 'order-7' });
    const first = keys().slice(0, 5);
    const other = first[3];
    expect(other).toMatch(/^order-7-[0-9a-f]{8}$/);
    expect(first).toEqual(['order-7', 'order-7', 'order-7', other, other]);
    expect(keys().slice(5)).toEqual(first);
  });

  it('of a second request beside the first one is another', async () => {
    const llm = chained.client({ clock, use: [hedge({ after: 50 })] });
    chained.mock.enqueue('openai', fault.stall());
    const pending = llm.chat.completions.create({ model, messages }, { idempotencyKey: 'order-7' });
    await until(() => chained.mock.requests.length === 1);
    await clock.advance(50);
    await pending;
    expect(keys()).toEqual(['order-7', expect.stringMatching(/^order-7-[0-9a-f]{8}$/)]);
  });

  it('of the turns of a tool loop differ', async () => {
    const llm = chained.client({ use: [] });
    chained.mock.enqueue('openai', reply({ toolCalls: [{ name: 'now', arguments: {} }] }), reply('It is late.'));
    const now = { name: 'now', description: 'the time', parameters: { type: 'object', properties: {} }, function: () => 'late' };
    const runner = llm.chat.completions.runTools(
      { model, messages: [...messages], tools: [{ type: 'function', function: now }] },
      { idempotencyKey: 'order-7' },
    );
    expect(await runner.finalContent()).toBe('It is late.');
    expect(keys()).toEqual(['order-7', expect.stringMatching(/^order-7-[0-9a-f]{8}$/)]);
  });

  it('are made where the client is told to: one for each call, constant over its attempts', async () => {
    const llm = chained.client({ ...attempt, idempotencyKeys: true });
    chained.mock.enqueue('openai', fault.unavailable(), reply(), reply());
    await llm.chat.completions.create({ model, messages });
    await llm.chat.completions.create({ model, messages });
    await llm.chat.completions.create({ model, messages }, { idempotencyKey: 'mine' });
    await llm.models.list({ provider: 'openai' });
    const [first, repeated, second, own, list] = keys();
    expect(first).toMatch(/^[0-9a-f-]{20,}$/);
    expect(repeated).toBe(first);
    expect(second).not.toBe(first);
    expect([own, list]).toEqual(['mine', undefined]);
  });

  it('are not sent unasked', async () => {
    await chained.client(attempt).chat.completions.create({ model, messages });
    expect(keys()).toEqual([undefined]);
    expect(() => chained.client({ idempotencyKeys: 'yes' as never })).toThrow(
      'createClient.idempotencyKeys: expected true or false',
    );
  });
});
