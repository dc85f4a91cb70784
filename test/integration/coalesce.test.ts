import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ClientOptions, LLMClient } from '../../src/index.ts';
import { cache, circuitBreaker, coalesce, fallback, isLLMError, retry, timeout } from '../../src/index.ts';
import { fakeClock, fault, reply } from '../../src/testing/index.ts';
import type { Chained } from '../support/chained.ts';
import { FIRST, messages, readAll, SECOND, startChained, until } from '../support/chained.ts';
import { rejection } from '../support/client.ts';

let world: Chained;
beforeEach(async () => {
  world = await startChained();
});
afterEach(() => world.close());

const use = () => [coalesce(), fallback([]), retry({ minDelay: 1, maxDelay: 1 }), circuitBreaker(), timeout()];
const sharing = (options: ClientOptions = {}): LLMClient => world.client({ use: use(), ...options });
const params = { model: FIRST, messages: [...messages] };
const slow = (chunks: readonly string[]) => reply({ chunks: [...chunks], delayMs: 20 });
const requests = (count: number) => until(() => world.mock.requests.length === count);

describe('over loopback', () => {
  it('many equal calls are one request', async () => {
    world.mock.enqueue('openai', reply({ text: 'Kelp', delayMs: 20 }));
    const llm = sharing();
    const calls = Array.from({ length: 20 }, (_, i) => llm.chat.completions.create(params, { correlationId: `c${i}` }));
    const results = await Promise.all(calls);
    expect(world.asked()).toEqual(['openai']);
    expect(results.map(({ choices }) => choices[0]?.message.content)).toEqual(Array(20).fill('Kelp'));
    expect(new Set(results).size).toBe(20);
    const [leader, ...followers] = results;
    expect(leader?.route).toMatchObject({ correlationId: 'c0', attempts: [{ outcome: 'success' }] });
    expect(leader?.route).not.toHaveProperty('cached');
    for (const [i, { route, usage }] of followers.entries()) {
      expect(route).toMatchObject({ provider: 'openai', correlationId: `c${i + 1}`, attempts: [], cached: true, usage });
    }
    expect(world.eventsOf('cache-hit')).toHaveLength(19);
    expect(world.eventsOf('attempt-started')).toHaveLength(1);
    expect(world.eventsOf('call-ended')).toHaveLength(20);
  });

  it('keys that the client makes for each call keep nobody apart, those of callers do', async () => {
    const llm = sharing({ idempotencyKeys: true });
    await Promise.all([1, 2, 3].map(() => llm.chat.completions.create(params)));
    expect(world.mock.requests.map(({ headers }) => headers['idempotency-key'])).toEqual([expect.any(String)]);
    await Promise.all(['a', 'b', 'b'].map((idempotencyKey) => llm.chat.completions.create(params, { idempotencyKey })));
    expect(
      world.mock.requests
        .slice(1)
        .map(({ headers }) => headers['idempotency-key'])
        .sort(),
    ).toEqual(['a', 'b']);
  });

  it('every way of reading works for everybody', async () => {
    world.mock.enqueue('openai', slow(['Kelp ', 'holds.']));
    const llm = sharing();
    const [first, second] = [llm.chat.completions.create(params), llm.chat.completions.create(params)];
    const [own, shared] = await Promise.all([first.withResponse(), second.withResponse()]);
    expect([own.response.status, shared.response.status, shared.request_id]).toEqual([200, 200, null]);
    expect(own.request_id).toMatch(/^req_/);
    expect(await (await second.asResponse()).json()).toEqual(shared.data);

    world.mock.enqueue('openai', slow(['Kelp ', 'holds.']));
    const streams = [1, 2].map(() => llm.chat.completions.create({ ...params, stream: true }));
    const texts = await Promise.all(streams.map(async (stream) => (await stream.asResponse()).text()));
    expect(texts[0]).toMatch(/Kelp .+\[DONE\]/s);
    expect(texts[1]).toBe(texts[0]);
    expect(world.asked()).toHaveLength(2);
  });

  it('a failure is everybody’s, with the attempts where they were made', async () => {
    world.mock.enqueue('openai', fault.overloaded(), fault.overloaded(), fault.overloaded());
    const llm = sharing();
    const errors = await Promise.all(
      [1, 2, 3].map((i) => rejection(llm.chat.completions.create(params, { correlationId: `c${i}` }))),
    );
    expect(world.asked()).toHaveLength(3);
    expect(new Set(errors).size).toBe(3);
    for (const [i, error] of errors.entries()) {
      if (!isLLMError(error, 'service_unavailable')) throw error;
      expect(error.correlationId).toBe(`c${i + 1}`);
      expect(error.attempts).toHaveLength(i === 0 ? 3 : 0);
      if (i > 0) expect(error.cause).toBe(errors[0]);
      expect(error.headers).toBeInstanceOf(Headers);
    }
  });

  it('a fallback answers for everybody, and is named', async () => {
    world.mock.enqueue('openai', fault.rateLimit({ retryAfterSeconds: 600 }));
    const llm = sharing({ use: [coalesce(), fallback([SECOND]), retry()] });
    const [leader, follower] = await Promise.all([llm.chat.completions.create(params), llm.chat.completions.create(params)]);
    expect(leader.route).toMatchObject({ provider: 'anthropic', fallback: true });
    expect(follower.route).toMatchObject({ provider: 'anthropic', fallback: true, attempts: [], cached: true });
  });

  it('the first leaves before the answer: the request goes on for the others', async () => {
    world.mock.enqueue('openai', reply({ text: 'Kelp', delayMs: 400 }));
    const llm = sharing();
    const caller = new AbortController();
    const first = rejection(llm.chat.completions.create(params, { signal: caller.signal }));
    const second = llm.chat.completions.create(params);
    await requests(1);
    caller.abort();
    expect(await first).toMatchObject({ kind: 'aborted', attempts: [{ outcome: 'aborted' }] });
    expect((await second).choices[0]?.message.content).toBe('Kelp');
    expect(world.asked()).toHaveLength(1);
  });

  it.each([false, true])('when all have left, the socket is closed and no listener stays (stream: %s)', async (stream) => {
    world.mock.enqueue('openai', fault.stall());
    const llm = sharing();
    const callers = [new AbortController(), new AbortController(), new AbortController()];
    const calls = callers.map(({ signal }) => rejection(llm.chat.completions.create({ ...params, stream }, { signal })));
    await requests(1);
    callers[0]?.abort();
    callers[1]?.abort();
    await Promise.all(calls.slice(0, 2));
    expect(world.connections()).toBe(1);
    callers[2]?.abort();
    expect(await calls[2]).toMatchObject({ kind: 'aborted' });
    await until(() => world.connections() === 0);
    for (const { signal } of callers) expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('a stream is shared; it ends with its last reader', async () => {
    world.mock.enqueue('openai', fault.stall(3, reply({ chunks: ['Kelp ', 'holds ', 'on ', 'to ', 'rocks.'] })));
    const llm = sharing();
    const caller = new AbortController();
    const open = () => llm.chat.completions.create({ ...params, stream: true }, { signal: caller.signal });
    const [one, other] = await Promise.all([open(), open()]);
    const heard = { one: '', other: '', late: '' };
    const listen = async (name: keyof typeof heard, stream: typeof one) => {
      for await (const { choices } of stream) heard[name] += choices[0]?.delta.content ?? '';
    };
    const reading = [listen('one', one), listen('other', other)];
    await until(() => heard.other === 'Kelp holds on ');
    reading.push(listen('late', await open()));
    await until(() => heard.late === 'Kelp holds on ');
    one.controller.abort();
    other.controller.abort();
    await Promise.all(reading.slice(0, 2));
    expect(world.connections()).toBe(1);
    caller.abort();
    await Promise.all(reading);
    await until(() => world.connections() === 0);
    expect(heard.one).toBe('Kelp holds on ');
    expect(world.asked()).toHaveLength(1);
    expect(getEventListeners(caller.signal, 'abort')).toEqual([]);
  });

  it('a stream whose first read is more than is kept is given to all who waited for it', async () => {
    const words = Array.from({ length: 400 }, (_, i) => `${i} `);
    world.mock.enqueue('openai', slow(words));
    const llm = world.client({ use: [coalesce({ maxBytes: 10 })] });
    const calls = [1, 2, 3].map(() => llm.chat.completions.create({ ...params, stream: true }));
    const read = await Promise.all(calls.map(async (call) => readAll(await call)));
    expect(read).toEqual(Array(3).fill({ text: words.join('') }));
    expect(world.asked()).toEqual(['openai']);
  });

  it('a cut stream breaks for everybody with what had come', async () => {
    world.mock.enqueue('openai', fault.cutAfter(2, reply({ chunks: ['Kelp ', 'holds ', 'on.'], delayMs: 5 })));
    const llm = sharing();
    const open = async () => readAll(await llm.chat.completions.create({ ...params, stream: true }));
    const [one, other] = await Promise.all([open(), open()]);
    for (const { text, error } of [one, other]) {
      expect(text).toBe('Kelp holds ');
      expect(error).toMatchObject({ kind: 'stream_interrupted', partial: { content: 'Kelp holds ' } });
    }
    expect(one.error).not.toBe(other.error);
    expect(world.asked()).toHaveLength(1);
  });

  it('close() ends a shared call for everybody, with nothing left', async () => {
    world.mock.enqueue('openai', fault.stall(), fault.stall(1, reply({ chunks: ['Kelp ', 'holds.'] })));
    const closed = { kind: 'aborted', code: 'client_closed' };
    const llm = sharing();
    const { signal } = new AbortController();
    const whole = [1, 2].map(() => rejection(llm.chat.completions.create(params, { signal })));
    await requests(1);
    const streams = await Promise.all([1, 2].map(() => llm.chat.completions.create({ ...params, stream: true }, { signal })));
    await llm.close();
    for (const error of await Promise.all(whole)) expect(error).toMatchObject(closed);
    for (const stream of streams) expect((await readAll(stream)).error).toMatchObject(closed);
    await until(() => world.connections() === 0);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('leaves no unread stream behind when the client is closed', async () => {
    world.mock.enqueue('openai', fault.stall(1, reply({ chunks: ['Kelp ', 'holds.'] })));
    const llm = sharing();
    const { signal } = new AbortController();
    await Promise.all([1, 2].map(() => llm.chat.completions.create({ ...params, stream: true }, { signal })));
    await llm.close();
    await until(() => getEventListeners(signal, 'abort').length === 0);
  });

  it('with a cache around it: one request, then hits', async () => {
    world.mock.enqueue('openai', slow(['Kelp ', 'holds.']));
    const llm = sharing({ use: [cache(), ...use()] });
    const open = async () => readAll(await llm.chat.completions.create({ ...params, stream: true }));
    expect(await Promise.all(Array.from({ length: 5 }, open))).toEqual(Array(5).fill({ text: 'Kelp holds.' }));
    expect(await open()).toEqual({ text: 'Kelp holds.' });
    expect(world.asked()).toHaveLength(1);
    expect(world.eventsOf('cache-hit').map(({ source }) => source)).toEqual([...Array(4).fill('coalesced'), 'cache']);
  });

  it('with a cache inside it: one look, one answer for all', async () => {
    const llm = sharing({ use: [coalesce(), cache(), retry()] });
    const first = await llm.chat.completions.create(params);
    const hits = await Promise.all([1, 2, 3].map(() => llm.chat.completions.create(params)));
    for (const hit of hits) {
      expect(hit).toEqual(first);
      expect(hit.route).toMatchObject({ cached: true, attempts: [], provider: 'openai' });
    }
    expect(world.asked()).toHaveLength(1);
    expect(
      world
        .eventsOf('cache-hit')
        .map(({ source }) => source)
        .sort(),
    ).toEqual(['cache', 'coalesced', 'coalesced']);
  });

  it('retries around it are shared too', async () => {
    world.mock.enqueue('openai', fault.unavailable(), reply({ text: 'Kelp', delayMs: 20 }));
    const llm = sharing({ use: [retry({ minDelay: 1, maxDelay: 1 }), coalesce()] });
    const results = await Promise.all([1, 2, 3].map(() => llm.chat.completions.create(params)));
    expect(results.map(({ choices }) => choices[0]?.message.content)).toEqual(Array(3).fill('Kelp'));
    expect(world.asked().length).toBeLessThanOrEqual(4);
  });
});

describe('deadlines over loopback', () => {
  it('each keeps its own; the request goes on for who has time left', async () => {
    world.mock.enqueue('openai', reply({ text: 'Kelp', delayMs: 400 }));
    const clock = fakeClock();
    const llm = sharing({ clock });
    const second = llm.chat.completions.create(params, { deadline: 10_000 });
    const short = rejection(llm.chat.completions.create(params, { deadline: 30 }));
    await requests(1);
    await clock.advance(30);
    expect(await short).toMatchObject({ kind: 'timeout', phase: 'deadline', attempts: [] });
    expect((await second).choices[0]?.message.content).toBe('Kelp');
    expect(world.asked()).toHaveLength(1);
  });

  it('when the first one’s passes, the others share a new request', async () => {
    world.mock.enqueue('openai', fault.stall(), reply('Kelp'));
    const clock = fakeClock();
    const llm = sharing({ clock });
    const first = rejection(llm.chat.completions.create(params, { deadline: 60 }));
    await requests(1);
    const others = [1, 2].map(() => llm.chat.completions.create(params, { deadline: 10_000 }));
    await clock.advance(60);
    expect(await first).toMatchObject({ kind: 'timeout', phase: 'deadline', attempts: [{ outcome: 'timeout' }] });
    for (const other of await Promise.all(others)) expect(other.choices[0]?.message.content).toBe('Kelp');
    expect(world.asked()).toHaveLength(2);
  });
});
