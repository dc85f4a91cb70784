import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ClientEventName, Middleware } from '../../src/index.ts';
import { coalesce, createClient, isLLMError, openaiCompatible, rateLimit } from '../../src/index.ts';
import type { Setup } from '../support/client.ts';
import { rejection, setUp } from '../support/client.ts';
import { silence, stream, textStream } from '../support/openai-server.ts';

const order = { model: 'mine/m', messages: [{ role: 'user' as const, content: 'Hi' }] };

let setup: Setup;
beforeEach(async () => {
  setup = await setUp();
});
afterEach(() => setup.close());

const ending = (close: () => void): Middleware => Object.assign(((call, next) => next(call)) as Middleware, { close });

describe('close', () => {
  it('frees everything, whatever one part throws, and then throws it', async () => {
    const failure = new Error('a layer that cannot end');
    const ended: string[] = [];
    const broken = ending(() => {
      throw failure;
    });
    const provider = openaiCompatible({ baseURL: setup.server.baseURL, apiKey: 'k' });
    const llm = createClient({ use: [broken, ending(() => ended.push('layer'))], providers: { mine: provider } });
    setup.server.answer(silence);
    const running = rejection(llm.chat.completions.create(order));
    while (setup.server.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 2));
    expect(await rejection(llm.close())).toBe(failure);
    expect(ended).toEqual(['layer']);
    expect(isLLMError(await running, 'aborted')).toBe(true);
  });

  it('is over for each who asked for it when it is over', async () => {
    let over = false;
    const transport = {
      dispatch: () => {
        throw new Error('nothing is sent');
      },
      async close() {
        await new Promise((resolve) => setTimeout(resolve, 20));
        over = true;
      },
    };
    const llm = setup.make({ transport });
    void llm.close();
    await llm.close();
    expect(over).toBe(true);
  });

  it('hears of the end of every call that it ends, before it is over', async () => {
    const transport = { dispatch: () => ({ pause() {}, resume() {}, abort() {} }), close: async () => {} };
    const llm = setup.make({ transport, use: [rateLimit({ concurrency: 1 })] });
    const ended: unknown[] = [];
    llm.on('call-ended', ({ call, outcome }) => ended.push([call.correlationId, outcome]));
    const calls = ['running', 'waiting'].map((correlationId) => rejection(llm.chat.completions.create(order, { correlationId })));
    await new Promise((resolve) => setTimeout(resolve, 20));
    await llm.close();
    expect(ended.toSorted()).toEqual([
      ['running', 'aborted'],
      ['waiting', 'aborted'],
    ]);
    await Promise.all(calls);
  });

  // the first stream of a process waits for its code, so that the client may be closed before the request is made
  it.each<[ClientEventName, string]>([
    ['call-started', 'the first stream'],
    ['attempt-started', 'the first stream'],
    ['attempt-started', 'a later stream'],
  ])('in a listener of %s, of %s: nothing is sent', async (name) => {
    const llm = setup.make({});
    setup.server.answer(stream(textStream('a', 'b'), { every: 20 }));
    llm.on(name, () => void llm.close());
    const error = await rejection(llm.chat.completions.create({ ...order, stream: true }));
    expect(isLLMError(error, 'aborted') && error.code).toBe('client_closed');
    expect(setup.server.requests).toHaveLength(0);
  });

  it('in a listener of stream-committed breaks the stream', async () => {
    const llm = setup.make({ use: [coalesce()] });
    setup.server.answer(stream(textStream('a', 'b'), { every: 20 }));
    llm.on('stream-committed', () => void llm.close());
    const opened = await llm.chat.completions.create({ ...order, stream: true });
    const error = await rejection(
      (async () => {
        for await (const _ of opened);
      })(),
    );
    expect(isLLMError(error, 'aborted') && error.code).toBe('client_closed');
  });
});
