import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChatChunk, ChatReply, ChatRequest } from '../../../src/contract/chat.ts';
import { isLLMError } from '../../../src/errors/catalogue.ts';
import { decodeConverse } from '../../../src/providers/bedrock/decode.ts';
import { ConverseStreamDecoder } from '../../../src/providers/bedrock/stream-decoder.ts';
import { callOf, contextOf } from '../../support/call.ts';

const NOVA = 'us.amazon.nova-pro-v1:0';
const SCHEMA: Partial<ChatRequest> = {
  response_format: { type: 'json_schema', json_schema: { name: 'a', schema: { type: 'object' } } },
};

const decode = (content: unknown, more: object = {}, request: Partial<ChatRequest> = {}): ChatReply =>
  decodeConverse(
    { output: { message: { role: 'assistant', content } }, stopReason: 'end_turn', ...more },
    contextOf(callOf('chat', { messages: [], ...request }, { provider: 'bedrock', model: NOVA }), { 'x-amzn-requestid': 'r-1' }),
  );

type Event = readonly [name: string, payload: unknown];

function stream(events: readonly Event[], request: Partial<ChatRequest> = {}) {
  const context = contextOf(callOf('stream', { messages: [], ...request }, { provider: 'bedrock', model: NOVA }));
  const decoder = new ConverseStreamDecoder(context);
  const out: ChatChunk[] = [];
  for (const [name, payload] of events) decoder.event(JSON.stringify(payload), name, out);
  decoder.end(out);
  return { out, decoder, deltas: out.flatMap(({ choices }) => choices.map(({ delta }) => delta)) };
}

describe('whole answers', () => {
  it('give words, reasoning, tool calls and usage', () => {
    const reply = decode(
      [
        { reasoningContent: { reasoningText: { text: 'Hm.', signature: 'Eq' } } },
        { reasoningContent: { redactedContent: 'AAEC' } },
        { text: 'Look' },
        { text: 'ing.' },
        { toolUse: { toolUseId: 't1', name: 'f', input: { a: 1 } } },
        { somethingNew: {} },
      ],
      {
        stopReason: 'tool_use',
        usage: { inputTokens: 10, outputTokens: 4, totalTokens: 17, cacheReadInputTokens: 2, cacheWriteInputTokens: 1 },
        additionalModelResponseFields: { stop_sequence: 'x' },
        trace: { guardrail: {} },
      },
    );
    expect(reply).toMatchObject({
      id: 'chatcmpl-r-1',
      model: NOVA,
      choices: [
        {
          finish_reason: 'tool_calls',
          message: {
            content: 'Looking.',
            reasoning_content: 'Hm.',
            thinking_blocks: [
              { type: 'thinking', thinking: 'Hm.', signature: 'Eq' },
              { type: 'redacted_thinking', data: 'AAEC' },
            ],
            tool_calls: [{ id: 't1', type: 'function', function: { name: 'f', arguments: '{"a":1}' } }],
            provider_specific_fields: {
              content_blocks: [{ somethingNew: {} }],
              trace: { guardrail: {} },
              additionalModelResponseFields: { stop_sequence: 'x' },
            },
          },
        },
      ],
      usage: {
        prompt_tokens: 13,
        completion_tokens: 4,
        total_tokens: 17,
        prompt_tokens_details: { cached_tokens: 2, cache_write_tokens: 1 },
      },
    });
  });

  it.each([
    ['end_turn', 'stop'],
    ['stop_sequence', 'stop'],
    ['max_tokens', 'length'],
    ['model_context_window_exceeded', 'length'],
    ['content_filtered', 'content_filter'],
    ['guardrail_intervened', 'content_filter'],
    ['malformed_tool_use', 'stop'],
    ['malformed_model_output', 'stop'],
    ['something_new', 'stop'],
  ])('translate the stop reason %s', (raw, finish) => {
    const [choice] = decode([{ text: 'x' }], { stopReason: raw }).choices;
    expect(choice?.finish_reason).toBe(finish);
    const malformed = expect.objectContaining({ provider_specific_fields: { stop_reason: raw } });
    if (raw.startsWith('malformed')) expect(choice?.message).toEqual(malformed);
    else expect(choice?.message).not.toHaveProperty('provider_specific_fields');
  });

  it('take the input of the answering tool for the words', () => {
    const reply = decode([{ toolUse: { toolUseId: 't', name: 'json', input: { x: 1 } } }], { stopReason: 'tool_use' }, SCHEMA);
    expect(reply.choices[0]).toMatchObject({ finish_reason: 'stop', message: { content: '{"x":1}' } });
    expect(reply.choices[0]?.message).not.toHaveProperty('tool_calls');
  });

  it('keep citations', () => {
    const citation = { title: 'Page', location: { web: { url: 'https://example.com' } } };
    const reply = decode([{ text: 'So ' }, { citationsContent: { content: [{ text: 'it is' }], citations: [citation] } }]);
    expect(reply.choices[0]?.message).toMatchObject({
      content: 'So it is',
      annotations: [{ url_citation: { url: 'https://example.com', title: 'Page', start_index: 3, end_index: 8 } }],
    });
  });

  it('throw typed errors only, whatever comes', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (content) => {
        for (const attempt of [
          () => decode(content),
          () => decode([content]),
          () => decode([{ toolUse: content }], { usage: content }),
        ]) {
          try {
            attempt();
          } catch (error) {
            expect(isLLMError(error)).toBe(true);
          }
        }
      }),
    );
  });
});

describe('streams', () => {
  const recorded: readonly Event[] = [
    ['messageStart', { role: 'assistant', p: 'ab' }],
    ['contentBlockDelta', { contentBlockIndex: 0, delta: { reasoningContent: { text: 'Need a tool.' } } }],
    ['contentBlockDelta', { contentBlockIndex: 0, delta: { reasoningContent: { signature: 'EqMB' } } }],
    ['contentBlockStop', { contentBlockIndex: 0 }],
    ['contentBlockDelta', { contentBlockIndex: 1, delta: { text: 'Checking.' } }],
    ['contentBlockStop', { contentBlockIndex: 1 }],
    ['contentBlockStart', { contentBlockIndex: 2, start: { toolUse: { toolUseId: 'tooluse_x1', name: 'get_weather' } } }],
    ['contentBlockDelta', { contentBlockIndex: 2, delta: { toolUse: { input: '{"city":' } } }],
    ['contentBlockDelta', { contentBlockIndex: 2, delta: { toolUse: { input: '"Oslo"}' } } }],
    ['contentBlockStop', { contentBlockIndex: 2 }],
    ['messageStop', { stopReason: 'tool_use' }],
    ['metadata', { usage: { inputTokens: 20, outputTokens: 9, totalTokens: 29 }, metrics: { latencyMs: 640 } }],
  ];

  it('give what came, in order, the usage last', () => {
    const { out, deltas, decoder } = stream(recorded);
    expect(deltas[0]).toEqual({ role: 'assistant', reasoning_content: 'Need a tool.' });
    expect(deltas[1]).toEqual({ content: 'Checking.' });
    expect(deltas.flatMap(({ tool_calls }) => tool_calls ?? [])).toEqual([
      { index: 0, id: 'tooluse_x1', type: 'function', function: { name: 'get_weather', arguments: '' } },
      { index: 0, function: { arguments: '{"city":' } },
      { index: 0, function: { arguments: '"Oslo"}' } },
    ]);
    expect(out.at(-2)?.choices[0]).toMatchObject({
      finish_reason: 'tool_calls',
      delta: { thinking_blocks: [{ type: 'thinking', thinking: 'Need a tool.', signature: 'EqMB' }] },
    });
    expect(out.at(-1)).toMatchObject({ choices: [], usage: { prompt_tokens: 20, completion_tokens: 9, total_tokens: 29 } });
    expect(decoder).toMatchObject({ finished: true, done: true });
  });

  it('are finished at messageStop, and not before', () => {
    expect(stream(recorded.slice(0, 10)).decoder).toMatchObject({ finished: false, done: false });
    expect(stream(recorded.slice(0, 11)).decoder).toMatchObject({ finished: true, done: false });
  });

  it('give a tool that takes nothing an empty object', () => {
    const { deltas } = stream([
      ['contentBlockStart', { contentBlockIndex: 0, start: { toolUse: { toolUseId: 't', name: 'now' } } }],
      ['contentBlockStop', { contentBlockIndex: 0 }],
      ['messageStop', { stopReason: 'tool_use' }],
    ]);
    const json = deltas.flatMap(({ tool_calls }) => tool_calls ?? []).map((call) => call.function?.arguments);
    expect(json.join('')).toBe('{}');
  });

  it('stream the answering tool as words', () => {
    const { out, deltas } = stream(
      [
        ['contentBlockStart', { contentBlockIndex: 0, start: { toolUse: { toolUseId: 't', name: 'json' } } }],
        ['contentBlockDelta', { contentBlockIndex: 0, delta: { toolUse: { input: '{"x":' } } }],
        ['contentBlockDelta', { contentBlockIndex: 0, delta: { toolUse: { input: '1}' } } }],
        ['contentBlockStop', { contentBlockIndex: 0 }],
        ['messageStop', { stopReason: 'tool_use' }],
      ],
      SCHEMA,
    );
    expect(deltas.map(({ content }) => content ?? '').join('')).toBe('{"x":1}');
    expect(out.at(-1)?.choices[0]?.finish_reason).toBe('stop');
  });

  it('throw typed errors only, whatever comes', () => {
    const name = fc.constantFrom(...recorded.map(([event]) => event), 'somethingNew');
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(
            name,
            fc.oneof(fc.jsonValue(), fc.record({ contentBlockIndex: fc.nat(2), delta: fc.jsonValue(), start: fc.jsonValue() })),
          ),
          { maxLength: 8 },
        ),
        (events) => {
          try {
            stream(events);
          } catch (error) {
            expect(isLLMError(error)).toBe(true);
          }
        },
      ),
    );
  });
});
