import { describe, expect, it } from 'vitest';
import type { ChatChunk } from '../../../src/contract/chat.ts';
import { decodeChat } from '../../../src/providers/cohere/decode.ts';
import { ChatStreamDecoder } from '../../../src/providers/cohere/stream-decoder.ts';
import { decodeV1Chat, V1ChatStreamDecoder } from '../../../src/providers/cohere/v1-decode.ts';
import { callOf, contextOf } from '../../support/call.ts';

const messages = [{ role: 'user' as const, content: 'Hi' }];
const whole = contextOf(callOf('chat', { messages }, { provider: 'cohere', model: 'm' }));
const streamed = contextOf(callOf('stream', { messages }, { provider: 'cohere', model: 'm' }));

describe('a whole v2 answer', () => {
  it('keeps plan and citations, and counts cached tokens', () => {
    const reply = decodeChat(
      {
        id: 'c',
        finish_reason: 'TOOL_CALL',
        message: {
          role: 'assistant',
          content: [{ type: 'thinking', thinking: 'Hm. ' }, { type: 'unheard-of' }],
          tool_plan: 'I look.',
          tool_calls: [{ id: 't', type: 'function', function: { name: 'f' } }],
          citations: [{ start: 0, end: 1 }],
        },
        usage: { tokens: { input_tokens: 10, output_tokens: 4 }, billed_units: { input_tokens: 1 }, cached_tokens: 6 },
      },
      whole,
    );
    expect(reply.choices[0]).toMatchObject({
      finish_reason: 'tool_calls',
      message: {
        content: null,
        reasoning_content: 'Hm. I look.',
        tool_plan: 'I look.',
        tool_calls: [{ id: 't', type: 'function', function: { name: 'f', arguments: '{}' } }],
        citations: [{ start: 0, end: 1 }],
      },
    });
    expect(reply.usage).toMatchObject({ prompt_tokens: 10, total_tokens: 14, prompt_tokens_details: { cached_tokens: 6 } });
    expect(reply).toMatchObject({ model: 'm', object: 'chat.completion' });
  });

  it.each([
    ['an end with an error', { message: {}, finish_reason: 'ERROR' }, 'internal_server'],
    ['an error in a 200', { message: 'invalid api token' }, 'internal_server'],
    ['nothing of the protocol', { hello: 1 }, 'response_validation'],
    ['a list', [], 'response_validation'],
  ])('that is %s is an error', (_, body, kind) => {
    expect(() => decodeChat(body, whole)).toThrow(expect.objectContaining({ kind }));
  });
});

describe('a v2 stream', () => {
  const read = (events: readonly object[]): ChatChunk[] => {
    const decoder = new ChatStreamDecoder(streamed);
    const out: ChatChunk[] = [];
    for (const event of events) decoder.event(JSON.stringify(event), '', out);
    expect(decoder.finished).toBe(true);
    decoder.end(out);
    return out;
  };
  const END = {
    type: 'message-end',
    delta: { finish_reason: 'COMPLETE', usage: { billed_units: { input_tokens: 1, output_tokens: 2 } } },
  };

  it('tells thinking, plan, calls and citations apart', () => {
    const message = (fields: object) => ({ delta: { message: fields } });
    const chunks = read([
      { type: 'message-start', id: 'c-1', ...message({ role: 'assistant' }) },
      { type: 'content-delta', index: 0, ...message({ content: { thinking: 'Hm.' } }) },
      { type: 'tool-plan-delta', ...message({ tool_plan: 'I look.' }) },
      { type: 'tool-call-start', index: 0, ...message({ tool_calls: { id: 'a', function: { name: 'f', arguments: '' } } }) },
      { type: 'tool-call-end', index: 0 },
      { type: 'tool-call-start', index: 1, ...message({ tool_calls: { id: 'b', function: { name: 'g', arguments: '' } } }) },
      { type: 'tool-call-delta', index: 1, ...message({ tool_calls: { function: { arguments: '{"x":1}' } } }) },
      { type: 'tool-call-end', index: 1 },
      { type: 'citation-start', index: 0, ...message({ citations: { start: 1 } }) },
      { type: 'something-new', index: 0 },
      { type: 'message-end', delta: { finish_reason: 'TOOL_CALL', usage: { tokens: { input_tokens: 3, output_tokens: 4 } } } },
    ]);
    expect(chunks.map(({ choices }) => choices[0]?.delta)).toEqual([
      { role: 'assistant', reasoning_content: 'Hm.' },
      { reasoning_content: 'I look.', tool_plan: 'I look.' },
      { tool_calls: [{ index: 0, id: 'a', type: 'function', function: { name: 'f', arguments: '' } }] },
      { tool_calls: [{ index: 0, function: { arguments: '{}' } }] },
      { tool_calls: [{ index: 1, id: 'b', type: 'function', function: { name: 'g', arguments: '' } }] },
      { tool_calls: [{ index: 1, function: { arguments: '{"x":1}' } }] },
      { citations: [{ start: 1 }] },
      {},
      undefined,
    ]);
    expect(chunks.at(-2)?.choices[0]?.finish_reason).toBe('tool_calls');
    expect(chunks.at(-1)).toMatchObject({ id: 'c-1', choices: [], usage: { total_tokens: 7 } });
  });

  it('ends at its own sign', () => {
    const decoder = new ChatStreamDecoder(streamed);
    decoder.event('{"type":"content-delta","delta":{"message":{"content":{"text":"Hi"}}}}', 'content-delta', []);
    expect(decoder.finished).toBe(false);
    decoder.event(JSON.stringify(END), 'message-end', []);
    expect(decoder.done).toBe(true);
  });

  it('raises an error after what came before', () => {
    const decoder = new ChatStreamDecoder(streamed);
    const failed = JSON.stringify({ type: 'message-end', delta: { finish_reason: 'ERROR', error: 'it broke' } });
    expect(() => decoder.event(failed, 'message-end', [])).toThrow(
      expect.objectContaining({ details: { body: { finish_reason: 'ERROR', message: 'it broke' }, status: undefined } }),
    );
    expect(() => decoder.event('{"message":"no"}', '', [])).toThrow(expect.objectContaining({ kind: 'internal_server' }));
    expect(() => decoder.event('[1]', '', [])).toThrow(expect.objectContaining({ kind: 'response_validation' }));
    expect(() => decoder.event('no json', '', [])).toThrow(expect.objectContaining({ kind: 'response_validation' }));
  });
});

describe('v1 answers', () => {
  it('give ids to calls that have none', () => {
    const body = { text: '', finish_reason: 'COMPLETE', tool_calls: [{ name: 'f', parameters: { x: 1 } }, { name: 'g' }] };
    const calls = decodeV1Chat(body, whole).choices[0]?.message.tool_calls ?? [];
    expect(calls).toMatchObject([
      { function: { name: 'f', arguments: '{"x":1}' } },
      { function: { name: 'g', arguments: '{}' } },
    ]);
    expect(new Set(calls.map(({ id }) => id)).size).toBe(2);
  });

  it('are an error where nothing was said for want of room or of decency', () => {
    const ended = (finish_reason: string, text: string) => () => decodeV1Chat({ text, finish_reason }, whole);
    expect(ended('ERROR_TOXIC', '')).toThrow(expect.objectContaining({ kind: 'content_policy_violation' }));
    expect(ended('ERROR_LIMIT', '')).toThrow(
      expect.objectContaining({
        details: expect.objectContaining({ body: expect.objectContaining({ finish_reason: 'ERROR_LIMIT' }) }),
      }),
    );
    expect(ended('ERROR_LIMIT', 'some')().choices[0]?.finish_reason).toBe('length');
    expect(ended('ERROR_TOXIC', 'some')().choices[0]?.finish_reason).toBe('content_filter');
    expect(ended('USER_CANCEL', 'some')().choices[0]?.finish_reason).toBe('stop');
  });

  it('may tell their tool calls in the last line only', () => {
    const decoder = new V1ChatStreamDecoder(streamed);
    const out: ChatChunk[] = [];
    const response = {
      text: '',
      tool_calls: [{ name: 'f', parameters: {} }],
      meta: { tokens: { input_tokens: 1, output_tokens: 1 } },
    };
    decoder.event(JSON.stringify({ event_type: 'stream-start', generation_id: 'g-1' }), '', out);
    decoder.event(JSON.stringify({ event_type: 'search-results', documents: [] }), '', out);
    decoder.event(JSON.stringify({ event_type: 'stream-end', finish_reason: 'COMPLETE', response }), '', out);
    decoder.end(out);
    expect(out).toMatchObject([
      { id: 'g-1', choices: [{ delta: { role: 'assistant', tool_calls: [{ index: 0, function: { name: 'f' } }] } }] },
      { choices: [{ finish_reason: 'tool_calls' }] },
      { choices: [], usage: { total_tokens: 2 } },
    ]);
    expect(() => new V1ChatStreamDecoder(streamed).event('{"event_type":"stream-error","err":"no"}', '', [])).toThrow(
      expect.objectContaining({ kind: 'internal_server' }),
    );
  });
});
