import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { answerOf, attachAnswer } from '../../src/contract/answer.ts';
import type { ChatReply, Middleware } from '../../src/index.ts';
import type { Setup } from '../support/client.ts';
import { setUp } from '../support/client.ts';
import { stream, textStream } from '../support/openai-server.ts';

const messages = [{ role: 'user' as const, content: 'Hi' }];
const model = 'mine/small-1';

let setup: Setup;
beforeEach(async () => {
  setup = await setUp();
});
afterEach(() => setup.close());

/** A layer that looks at the provider's answer, and hands on what `change` makes of the result. */
function peeking(change: (result: object) => object = (result) => result): Middleware & { readonly seen: unknown[] } {
  const seen: unknown[] = [];
  const layer: Middleware = async (call, next) => {
    const result = await next(call);
    seen.push(answerOf(result)?.headers['x-request-id']);
    return change(result) as typeof result;
  };
  return Object.assign(layer, { seen });
}

describe('the answer behind a result', () => {
  it('is there for layers, and off the result when the caller gets it', async () => {
    const layer = peeking();
    const reply = await setup.make({ use: [layer] }).chat.completions.create({ model, messages });
    expect(layer.seen).toEqual(['req_1']);
    expect(answerOf(reply)).toBeUndefined();
    setup.server.answer(stream(textStream('Hello')));
    const streamed = await setup.make({ use: [layer] }).chat.completions.create({ model, messages, stream: true });
    expect(layer.seen).toHaveLength(2);
    for await (const _ of streamed);
  });

  it('reaches the caller when a layer hands on a copy, and is off the original too', async () => {
    let original: object | undefined;
    const copies = peeking((result) => {
      original = result;
      return { ...result, copied: true };
    });
    const promise = setup.make({ use: [copies] }).chat.completions.create({ model, messages });
    const { data, response, request_id } = await promise.withResponse();
    expect(data).toMatchObject({ copied: true, _request_id: 'req_1' });
    expect(response.headers.get('x-request-id')).toBe('req_1');
    expect(request_id).toBe('req_1');
    expect(answerOf(original as ChatReply)).toBeUndefined();
  });

  it('is that of the result which the caller gets, not of a later one', async () => {
    const twice: Middleware = async (call, next) => {
      const first = await next(call);
      const second = await next(call);
      attachAnswer(first, { status: 200, headers: {}, requestId: 'the-first', text: '' });
      expect(answerOf(second)).toBeDefined();
      return first;
    };
    const { request_id } = await setup
      .make({ use: [twice] })
      .chat.completions.create({ model, messages })
      .withResponse();
    expect(request_id).toBe('the-first');
  });
});
