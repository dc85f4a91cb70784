import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LLMStream } from '../../src/client/llm-stream.ts';
import type { ChatChunk } from '../../src/index.ts';
import { cache, coalesce, isLLMError } from '../../src/index.ts';
import type { Setup } from '../support/client.ts';
import { rejection, setUp } from '../support/client.ts';
import { chunk, stream, textStream } from '../support/openai-server.ts';

const messages = [{ role: 'user' as const, content: 'Hi' }];
const order = { model: 'mine/m', messages, stream: true } as const;

let setup: Setup;
beforeEach(async () => {
  setup = await setUp();
});
afterEach(() => setup.close());

/** A call whose stream has one word so far, and goes on as it is told. */
function oneWord(ending: 'cut' | 'open') {
  setup.server.answer(stream([chunk({ role: 'assistant', content: 'word' })], { ending }));
  return setup.llm.chat.completions.create(order);
}

const leave = (opened: LLMStream<ChatChunk>): void => opened.controller.abort();

describe('the bytes of a stream end with it', () => {
  it('that broke before they were asked for', async () => {
    const call = oneWord('cut');
    const { attempts } = (await call).route;
    while (attempts[0]?.outcome === 'success') await new Promise((resolve) => setTimeout(resolve, 5));
    const error = await rejection((await call.rawResponse()).text());
    expect(isLLMError(error, 'stream_interrupted')).toBe(true);
  });

  it('that broke while they were read', async () => {
    const error = await rejection((await oneWord('cut').rawResponse()).text());
    expect(isLLMError(error, 'stream_interrupted')).toBe(true);
  });

  it('that its caller left before, or while they were read', async () => {
    for (const early of [true, false]) {
      const call = oneWord('open');
      const opened = await call;
      if (early) leave(opened);
      const text = (await call.rawResponse()).text();
      if (!early) leave(opened);
      expect(isLLMError(await rejection(text), 'aborted')).toBe(true);
    }
  });

  it('that went well, before or after', async () => {
    for (const ms of [0, 30]) {
      setup.server.answer(stream(textStream('word'), { every: 5 }));
      const call = setup.llm.chat.completions.create(order);
      await call;
      await new Promise((resolve) => setTimeout(resolve, ms));
      const text = await (await call.rawResponse()).text();
      expect(text).toContain('"word"');
      expect(text.endsWith('data: [DONE]\n\n')).toBe(true);
    }
  });

  it('and when they are left, nothing is thrown and the connection is closed', async () => {
    const call = oneWord('open');
    const { attempts } = (await call).route;
    const { body } = await call.rawResponse();
    await body?.cancel();
    expect(attempts).toMatchObject([{ outcome: 'success' }]);
  });
});

describe('a stream without bytes of its own', () => {
  it('is left, so that it holds nobody up who shares it', async () => {
    const llm = setup.make({ use: [coalesce({ maxBytes: 1_000 })] });
    const words = Array.from({ length: 3_000 }, (_, i) => `${i} `);
    setup.server.answer(stream(textStream(...words)));
    const [one, other] = [llm.chat.completions.create(order), llm.chat.completions.create(order)];
    expect(await (await one.rawResponse()).text()).toBe('');
    let text = '';
    for await (const { choices } of await other) text += choices[0]?.delta.content ?? '';
    expect(text).toBe(words.join(''));
  });

  it('may come from the cache', async () => {
    const llm = setup.make({ use: [cache()] });
    setup.server.answer(stream(textStream('word')));
    for await (const _ of await llm.chat.completions.create(order));
    const kept = llm.chat.completions.create(order);
    expect((await kept).route.cached).toBe(true);
    expect(await (await kept.rawResponse()).text()).toBe('');
  });
});
