import { describe, expect, it } from 'vitest';
import type { ChatReply } from '../../src/contract/chat.ts';
import { chunksOf } from '../../src/contract/chunks-of.ts';
import { ChatFold, CompletionFold } from '../../src/middleware/cache/fold.ts';

const head = { id: 'chat-1', created: 7, model: 'm' };
const piece = (delta: object, rest: object = {}, index = 0): object => ({
  ...head,
  object: 'chat.completion.chunk',
  choices: [{ index, delta, finish_reason: null, ...rest }],
});

function whole(...chunks: object[]): ChatReply | undefined {
  const fold = new ChatFold();
  for (const chunk of chunks) fold.add(structuredClone(chunk));
  return fold.whole() as ChatReply | undefined;
}

describe('a chat stream as a reply', () => {
  it('joins texts, and keeps what was told once', () => {
    const reply = whole(
      { ...piece({ role: 'assistant', content: '' }), system_fingerprint: 'fp', service_tier: null },
      piece({ reasoning_content: 'h' }),
      piece({ reasoning_content: 'm', thinking_blocks: [{ type: 'thinking', thinking: 'hm', signature: 's' }] }),
      piece({ content: 'Kelp ' }),
      piece({ content: 'holds' }),
      piece({}, { finish_reason: 'length' }),
    );
    expect(reply).toEqual({
      ...head,
      object: 'chat.completion',
      system_fingerprint: 'fp',
      choices: [
        {
          index: 0,
          finish_reason: 'length',
          logprobs: null,
          message: {
            role: 'assistant',
            content: 'Kelp holds',
            refusal: null,
            reasoning_content: 'hm',
            thinking_blocks: [{ type: 'thinking', thinking: 'hm', signature: 's' }],
          },
        },
      ],
    });
  });

  it('puts the parts of tool calls together', () => {
    const reply = whole(
      piece({ content: '', tool_calls: [{ index: 0, id: 'a', type: 'function', function: { name: 'look', arguments: '' } }] }),
      piece({ tool_calls: [{ index: 1, id: 'b', function: { name: 'go', arguments: '{' } }] }),
      piece({
        tool_calls: [
          { index: 0, function: { arguments: '{"x":' } },
          { index: 1, function: { arguments: '}' } },
        ],
      }),
      piece({ tool_calls: [{ index: 0, function: { arguments: '1}' }, extra_content: { google: { thought_signature: 's' } } }] }),
      piece({}, { finish_reason: 'tool_calls' }),
    );
    expect(reply?.choices[0]?.message).toEqual({
      role: 'assistant',
      content: null,
      refusal: null,
      tool_calls: [
        {
          id: 'a',
          type: 'function',
          function: { name: 'look', arguments: '{"x":1}' },
          extra_content: { google: { thought_signature: 's' } },
        },
        { id: 'b', type: 'function', function: { name: 'go', arguments: '{}' } },
      ],
    });
  });

  it('keeps choices apart, in their order', () => {
    const reply = whole(
      piece({ content: 'b' }, {}, 1),
      piece({ content: 'a' }, {}, 0),
      piece({ content: 'B' }, { finish_reason: 'stop' }, 1),
    );
    expect(reply?.choices.map(({ index, message }) => [index, message.content])).toEqual([
      [0, 'a'],
      [1, 'bB'],
    ]);
  });

  it('joins logprobs, refusals and the arguments of a function call', () => {
    const token = (text: string): object => ({ token: text, logprob: -1, bytes: null, top_logprobs: [] });
    const reply = whole(
      piece({ refusal: 'I ' }, { logprobs: { content: null, refusal: [token('I ')] } }),
      piece({ refusal: 'won’t' }, { logprobs: { content: null, refusal: [token('won’t')] } }),
      piece({ function_call: { name: 'f', arguments: '{' } }),
      piece({ function_call: { arguments: '}' } }),
    );
    expect(reply?.choices[0]).toMatchObject({
      message: { refusal: 'I won’t', function_call: { name: 'f', arguments: '{}' } },
      logprobs: { refusal: [{ token: 'I ' }, { token: 'won’t' }] },
    });
  });

  it('is the reply that the chunks were made of', () => {
    const reply: ChatReply = {
      ...head,
      object: 'chat.completion',
      choices: [
        {
          index: 0,
          finish_reason: 'tool_calls',
          logprobs: null,
          message: {
            role: 'assistant',
            content: null,
            refusal: null,
            tool_calls: [
              { id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } },
              { id: 'b', type: 'function', function: { name: 'g', arguments: '{"a":[1]}' } },
            ],
          },
        },
        { index: 1, finish_reason: 'stop', logprobs: null, message: { role: 'assistant', content: 'Hi', refusal: null } },
      ],
    };
    expect(whole(...chunksOf(reply))).toEqual(reply);
  });

  it('is none with audio, or without a choice', () => {
    expect(whole(piece({ audio: { id: 'a', data: 'AAA=' } }))).toBeUndefined();
    expect(whole()).toBeUndefined();
  });

  it('touches no prototype, and no memory beyond reason', () => {
    const delta: unknown = JSON.parse('{"__proto__":{"polluted":1},"a":{"__proto__":{"polluted":1}},"content":"x"}');
    const again: unknown = JSON.parse('{"a":{"__proto__":{"polluted":2},"b":1}}');
    const parts = [{ index: 1e9, id: 'a', function: { name: 'f', arguments: '' } }];
    const reply = whole(piece(delta as object), piece(again as object), piece({ tool_calls: parts }));
    expect(Object.getPrototypeOf(reply?.choices[0]?.message)).toBe(Object.prototype);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    expect(reply?.choices[0]?.message.tool_calls).toHaveLength(1);
  });
});

describe('the stream of a text completion as a whole', () => {
  it('joins texts and logprobs', () => {
    const fold = new CompletionFold();
    const part = (text: string, rest: object = {}): object => ({
      ...head,
      object: 'text_completion',
      choices: [{ index: 0, text, finish_reason: null, logprobs: { tokens: [text], token_logprobs: [-1] }, ...rest }],
    });
    fold.add(part('Kelp '));
    fold.add(part('holds', { finish_reason: 'length' }));
    expect(fold.whole()).toEqual({
      ...head,
      object: 'text_completion',
      choices: [
        {
          index: 0,
          text: 'Kelp holds',
          finish_reason: 'length',
          logprobs: { tokens: ['Kelp ', 'holds'], token_logprobs: [-1, -1] },
        },
      ],
    });
    expect(new CompletionFold().whole()).toBeUndefined();
  });
});
