import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ClientEvent, ClientOptions, LLMClient, Middleware } from '../../src/index.ts';
import { circuitBreaker, coalesce, hedge, isLLMError, retry, timeout } from '../../src/index.ts';
import { EVENTS, readAll } from '../support/chained.ts';
import type { Setup } from '../support/client.ts';
import { rejection, setUp } from '../support/client.ts';
import { chunk, reply, silence, stream, textStream } from '../support/openai-server.ts';

const order = { model: 'mine/m', messages: [{ role: 'user' as const, content: 'Hi' }] };
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

let setup: Setup;
let events: ClientEvent[];
beforeEach(async () => {
  setup = await setUp();
  events = [];
});
afterEach(() => setup.close());

function heard(options: ClientOptions): LLMClient {
  const llm = setup.make(options);
  for (const name of EVENTS) llm.on(name, (event) => events.push(event));
  return llm;
}
const told = (): string[] => events.map(({ type }) => type);

describe('a layer of the user’s own', () => {
  it('that ends a call with its own error ends the attempts of it', async () => {
    const mine = new TypeError('mine');
    const impatient: Middleware = async (call, next) => {
      next(call).catch(() => {});
      await pause(30);
      throw mine;
    };
    setup.server.answer(async (request, response) => {
      await pause(60);
      return reply('late')(request, response);
    });
    const llm = heard({ use: [impatient] });
    expect(await rejection(llm.chat.completions.create(order))).toBe(mine);
    await pause(60);
    expect(told()).toEqual(['call-started', 'attempt-started', 'attempt-ended', 'call-ended']);
    expect(events.at(-1)).toMatchObject({ outcome: 'aborted', attempts: [{ number: 1, outcome: 'aborted' }] });
  });

  it('may give one result to many, each with a route of its own', async () => {
    let kept: Promise<unknown> | undefined;
    const naive: Middleware = async (call, next) => {
      kept ??= next(call);
      return kept as never;
    };
    const llm = heard({ use: [naive] });
    const first = await llm.chat.completions.create(order);
    const second = await llm.chat.completions.create(order);
    expect(second).toEqual(first);
    expect(first.route.attempts).toHaveLength(1);
    expect(second.route.attempts).toHaveLength(0);
    expect(second.route.correlationId).not.toBe(first.route.correlationId);
  });

  it('may give a frozen one', async () => {
    const freezing: Middleware = async (call, next) => Object.freeze(await next(call)) as never;
    const answer = await heard({ use: [freezing] }).chat.completions.create(order);
    expect(answer.choices[0]?.message.content).toBe('Hello');
    expect(answer.route.attempts).toMatchObject([{ outcome: 'success' }]);
    expect(Object.keys(answer)).not.toContain('route');
  });

  it('may race two streams: the one that comes too late is let go of', async () => {
    let open = 0;
    let count = 0;
    setup.server.answer(async (request, response) => {
      const late = ++count > 1;
      open++;
      response.on('close', () => open--);
      await pause(late ? 60 : 10);
      const chunks = late ? [chunk({ role: 'assistant', content: 'late' })] : textStream('first');
      return stream(chunks, { ending: late ? 'open' : 'done' })(request, response);
    });
    const llm = heard({ use: [(call, next) => Promise.race([next(call), next(call)])] });
    let text = '';
    for await (const { choices } of await llm.chat.completions.create({ ...order, stream: true })) {
      text += choices[0]?.delta.content ?? '';
    }
    expect(text).toBe('first');
    while (open > 0) await pause(5);
    expect(told().filter((type) => type === 'attempt-ended')).toHaveLength(2);
    expect(events.at(-1)).toMatchObject({ type: 'call-ended', outcome: 'success' });
  });

  it('may ask twice and take one of two streams: the other is let go of, unless it reads it', async () => {
    let open = 0;
    setup.server.answer((request, response) => {
      open++;
      response.on('close', () => open--);
      return stream([chunk({ role: 'assistant', content: 'word' })], { ending: 'open' })(request, response);
    });
    const reads = { value: false };
    let seen = 0;
    const twice: Middleware = async (call, next) => {
      const first = await next(call);
      const second = await next(call);
      const count = async (): Promise<void> => {
        for await (const _ of first as AsyncIterable<unknown>) seen++;
      };
      if (reads.value) count().catch(() => {});
      return second;
    };
    const llm = heard({ use: [twice] });
    const chosen = await llm.chat.completions.create({ ...order, stream: true });
    while (open > 1) await pause(5);
    chosen.controller.abort();
    while (open > 0) await pause(5);
    reads.value = true;
    await llm.chat.completions.create({ ...order, stream: true });
    await pause(30);
    expect([open, seen]).toEqual([2, 1]);
  });

  it('that cuts a stream off with a signal of its own is heard by the reader; the caller’s own abort stays silent', async () => {
    setup.server.answer(stream([chunk({ role: 'assistant', content: 'half an' })], { ending: 'open' }));
    const own = new AbortController();
    const cutting: Middleware = (call, next) => next({ ...call, signal: own.signal });
    const llm = heard({ use: [cutting] });
    const opened = await llm.chat.completions.create({ ...order, stream: true });
    const read = readAll(opened);
    await pause(10);
    own.abort('the layer has seen enough');
    const { text, error } = await read;
    expect(text).toBe('half an');
    expect(isLLMError(error, 'aborted') && error.partial?.content).toBe('half an');
    expect(opened.route.attempts).toMatchObject([{ outcome: 'aborted' }]);
    expect(events.at(-1)).toMatchObject({ type: 'call-ended', outcome: 'aborted' });

    const caller = new AbortController();
    const plain = await heard({}).chat.completions.create({ ...order, stream: true }, { signal: caller.signal });
    const silent = readAll(plain);
    await pause(10);
    caller.abort();
    expect(await silent).toEqual({ text: 'half an' });
  });

  it('may break `report`: calls beneath it go on as if nobody listened', async () => {
    const uncaught: unknown[] = [];
    const note = (error: unknown): number => uncaught.push(error);
    process.on('uncaughtException', note).on('unhandledRejection', note);
    const broken: Middleware = (call, next) =>
      next({
        ...call,
        report() {
          throw new Error('broken');
        },
      });
    setup.server.answer(silence);
    const layers = [hedge({ after: 5 }), coalesce(), retry({ minDelay: 1 }), circuitBreaker(), timeout({ attempt: 30 })];
    for (let at = 0; at <= layers.length; at++) {
      const llm = heard({ use: layers.toSpliced(at, 0, broken), maxAttempts: 3 });
      expect(isLLMError(await rejection(llm.chat.completions.create(order)), 'timeout')).toBe(true);
    }
    const llm = heard({ use: [broken], deadline: 30 });
    expect(await rejection(llm.chat.completions.create(order))).toMatchObject({ kind: 'timeout', phase: 'deadline' });
    await pause(10);
    process.off('uncaughtException', note).off('unhandledRejection', note);
    expect(uncaught).toEqual([]);
  });
});
