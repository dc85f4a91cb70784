import { describe, expect, it } from 'vitest';
import type { ChatChoice } from '../../src/contract/chat.ts';
import {
  chatReply,
  finishFailure,
  finishReason,
  parseDataURI,
  refuseEmptyFiltered,
  textOf,
  tokenUsage,
  toolArguments,
} from '../../src/dialects/chat-rules.ts';
import { callOf, contextOf } from '../support/call.ts';

describe('finish reasons', () => {
  it.each([
    ['stop', 'stop'],
    ['eos', 'stop'],
    ['end', 'stop'],
    ['end_turn', 'stop'],
    ['eos_token', 'stop'],
    ['stop_sequence', 'stop'],
    ['COMPLETE', 'stop'],
    ['max_tokens', 'length'],
    ['MAX_TOKENS', 'length'],
    ['model_length', 'length'],
    ['length', 'length'],
    ['tool_calls', 'tool_calls'],
    ['sensitive', 'content_filter'],
    ['safety', 'content_filter'],
    ['SAFETY', 'content_filter'],
    ['recitation', 'content_filter'],
    ['content_filter', 'content_filter'],
    ['constructor', 'stop'],
    [null, 'stop'],
    [undefined, 'stop'],
    ['', 'stop'],
  ])('%s is %s', (raw, expected) => {
    expect(finishReason(raw, false)).toBe(expected);
  });

  it.each([
    ['stop', 'tool_calls'],
    [null, 'tool_calls'],
    ['function_call', 'tool_calls'],
    ['length', 'length'],
    ['content_filter', 'content_filter'],
  ])('%s with tool calls is %s', (raw, expected) => {
    expect(finishReason(raw, true)).toBe(expected);
  });

  it('some are failures', () => {
    expect(finishFailure('network_error')).toMatchObject({ error: { code: 'server_error' } });
    expect(finishFailure('model_context_window_exceeded')).toMatchObject({ error: { code: 'context_length_exceeded' } });
    expect(finishFailure('stop')).toBeUndefined();
  });
});

describe('filtered answers', () => {
  const answer = (finish: ChatChoice['finish_reason'], message: object = {}) =>
    chatReply({
      id: 'a',
      created: 1,
      model: 'm',
      choices: [
        {
          index: 0,
          logprobs: null,
          finish_reason: finish,
          message: { role: 'assistant', content: null, refusal: null, ...message },
        },
      ],
    });
  const check = (reply: ReturnType<typeof answer>): void =>
    refuseEmptyFiltered(reply, contextOf(callOf('chat', { messages: [] })));

  it('throws only when nothing at all is left', () => {
    expect(() => check(answer('content_filter'))).toThrow(expect.objectContaining({ kind: 'content_policy_violation' }));
    expect(() => check(answer('stop'))).not.toThrow();
    const call = { id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } };
    for (const rest of [{ content: 'x' }, { refusal: 'x' }, { reasoning_content: 'x' }, { tool_calls: [call] }]) {
      expect(() => check(answer('content_filter', rest))).not.toThrow();
    }
  });
});

describe('data URIs', () => {
  it.each([
    ['data:image/png;base64,AAAA', { mimeType: 'image/png', data: 'AAAA' }],
    ['data:Image/PNG;charset=utf-8;BASE64,AAAA', { mimeType: 'image/png', data: 'AAAA' }],
    ['data:;base64,AAAA', { mimeType: 'text/plain', data: 'AAAA' }],
    ['data:text/plain,hello', undefined],
    ['data:image/png;base64', undefined],
    ['https://a.example/x.png', undefined],
  ])('%s', (url, expected) => {
    expect(parseDataURI(url)).toEqual(expected);
  });
});

describe('small parts', () => {
  it.each([
    ['', {}],
    ['  ', {}],
    ['{"a":1}', { a: 1 }],
    ['[1]', { arguments: '[1]' }],
    ['{"a":', { arguments: '{"a":' }],
  ])('tool arguments %o', (json, expected) => {
    expect(toolArguments(json)).toEqual(expected);
  });

  it('text of content', () => {
    expect(textOf('x')).toBe('x');
    expect(textOf([{ type: 'text', text: 'a' }, { type: 'refusal', refusal: 'b' }, { type: 'image_url' }, 'c', null])).toBe(
      'abc',
    );
    expect(textOf(null)).toBe('');
  });

  it('token counts', () => {
    expect(tokenUsage({ prompt: 3, completion: 2 })).toEqual({ prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 });
    expect(tokenUsage({ prompt: 3, completion: 2, cached: 1, cacheWrite: 2, reasoning: 1 })).toMatchObject({
      prompt_tokens_details: { cached_tokens: 1, cache_write_tokens: 2 },
      completion_tokens_details: { reasoning_tokens: 1 },
    });
  });
});
