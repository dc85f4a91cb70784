import { describe, expect, it } from 'vitest';
import type { ChatRequest } from '../../../src/contract/chat.ts';
import { decodeMessage } from '../../../src/dialects/anthropic/decode.ts';
import { modelPages } from '../../../src/dialects/anthropic/models.ts';
import { ContentPolicyViolationError } from '../../../src/errors/provider-errors.ts';
import { ResponseValidationError } from '../../../src/errors/wire-errors.ts';
import { callOf, contextOf, type FoundFailure } from '../../support/call.ts';
import { HELLO } from './encoded.ts';

const contextFor = (request: Partial<ChatRequest> = {}, model = 'claude-sonnet-4-5') =>
  contextOf(callOf('chat', { messages: HELLO, ...request }, { provider: 'anthropic', model }));

const message = (content: unknown[], more: object = {}) => ({
  id: 'msg_01',
  type: 'message',
  role: 'assistant',
  model: 'claude-sonnet-4-5-20250929',
  content,
  stop_reason: 'end_turn',
  stop_sequence: null,
  usage: { input_tokens: 25, output_tokens: 7 },
  ...more,
});

const decoded = (content: unknown[], more: object = {}) => decodeMessage(message(content, more), contextFor());

describe('decodeMessage', () => {
  it('is an openai reply', () => {
    expect(
      decoded([
        { type: 'text', text: 'Hel' },
        { type: 'text', text: 'lo' },
      ]),
    ).toEqual({
      id: 'msg_01',
      object: 'chat.completion',
      created: Date.UTC(2026, 0, 2, 3, 4, 5) / 1000,
      model: 'claude-sonnet-4-5-20250929',
      choices: [
        { index: 0, message: { role: 'assistant', content: 'Hello', refusal: null }, finish_reason: 'stop', logprobs: null },
      ],
      usage: { prompt_tokens: 25, completion_tokens: 7, total_tokens: 32 },
    });
  });

  it('reads thinking, with its blocks unmodified', () => {
    const blocks = [
      { type: 'thinking', thinking: 'Need the weather.', signature: 'EqQB' },
      { type: 'redacted_thinking', data: 'xyz' },
    ];
    const { message: got } = decoded([...blocks, { type: 'text', text: 'a' }]).choices[0] ?? {};
    expect(got).toMatchObject({ content: 'a', reasoning_content: 'Need the weather.', thinking_blocks: blocks });
  });

  it('reads tool calls', () => {
    const reply = decoded(
      [
        { type: 'tool_use', id: 'toolu_01', name: 'get_weather', input: { city: 'Oslo' } },
        { type: 'tool_use', id: 'toolu_02', name: 'now' },
      ],
      { stop_reason: 'tool_use' },
    );
    expect(reply.choices[0]).toMatchObject({
      finish_reason: 'tool_calls',
      message: {
        content: null,
        tool_calls: [
          { id: 'toolu_01', type: 'function', function: { name: 'get_weather', arguments: '{"city":"Oslo"}' } },
          { id: 'toolu_02', type: 'function', function: { name: 'now', arguments: '{}' } },
        ],
      },
    });
  });

  it('adds cached tokens to the prompt', () => {
    const usage = {
      input_tokens: 25,
      cache_creation_input_tokens: 10,
      cache_read_input_tokens: 100,
      output_tokens: 61,
      output_tokens_details: { thinking_tokens: 40 },
    };
    expect(decoded([], { usage }).usage).toEqual({
      prompt_tokens: 135,
      completion_tokens: 61,
      total_tokens: 196,
      prompt_tokens_details: { cached_tokens: 100, cache_write_tokens: 10 },
      completion_tokens_details: { reasoning_tokens: 40 },
    });
    expect(decoded([], { usage: null })).not.toHaveProperty('usage');
  });

  it.each([
    ['end_turn', 'stop'],
    ['stop_sequence', 'stop'],
    ['pause_turn', 'stop'],
    ['max_tokens', 'length'],
    ['model_context_window_exceeded', 'length'],
    ['refusal', 'content_filter'],
    ['something_new', 'stop'],
    [null, 'stop'],
    [42, 'stop'],
  ])('stop_reason %s is %s', (stop_reason, expected) => {
    expect(decoded([{ type: 'text', text: 'a' }], { stop_reason }).choices[0]?.finish_reason).toBe(expected);
  });

  it('returns a refusal with text, with the explanation beside it', () => {
    const refused = { stop_reason: 'refusal', stop_details: { type: 'refusal', category: 'bio', explanation: 'No.' } };
    expect(decoded([{ type: 'text', text: 'Well' }], refused).choices[0]?.message).toMatchObject({
      content: 'Well',
      refusal: 'No.',
    });
    expect(() => decoded([], refused)).toThrow(ContentPolicyViolationError);
  });

  it('turns citations with an address into annotations and keeps everything else', () => {
    const web = {
      type: 'web_search_result_location',
      url: 'https://a.example/',
      title: 'A',
      cited_text: 'x',
      encrypted_index: 'i',
    };
    const page = { type: 'page_location', document_index: 0, cited_text: 'y', start_page_number: 1, end_page_number: 2 };
    const search = { type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: { query: 'q' } };
    const { message: got } =
      decoded([search, { type: 'text', text: 'Hm: ' }, { type: 'text', text: 'it is so.', citations: [web, page] }]).choices[0] ??
      {};
    expect(got).toMatchObject({
      content: 'Hm: it is so.',
      annotations: [
        { type: 'url_citation', url_citation: { url: 'https://a.example/', title: 'A', start_index: 4, end_index: 13 } },
      ],
      provider_specific_fields: { content_blocks: [search], citations: [page] },
    });
    expect(got).not.toHaveProperty('tool_calls');
  });

  it('never throws over what it does not know', () => {
    const odd = [
      null,
      3,
      'x',
      [],
      {},
      { type: 'hologram' },
      { type: 'text' },
      { type: 'tool_use' },
      { type: 'thinking', thinking: 1 },
    ];
    expect(() => decoded(odd, { usage: { input_tokens: 'many' }, id: 7, model: null })).not.toThrow();
  });

  it('unwraps the answering tool of older models', () => {
    const format = { type: 'json_schema', json_schema: { name: 'p', schema: { type: 'object' } } } as const;
    const body = message([{ type: 'tool_use', id: 't', name: 'json', input: { city: 'Oslo' } }], { stop_reason: 'tool_use' });
    const reply = decodeMessage(body, contextFor({ response_format: format }, 'claude-sonnet-4-20250514'));
    expect(reply.choices[0]).toMatchObject({ finish_reason: 'stop', message: { content: '{"city":"Oslo"}' } });
    expect(reply.choices[0]?.message).not.toHaveProperty('tool_calls');
    const own = decodeMessage(body, contextFor({}, 'claude-sonnet-4-20250514'));
    expect(own.choices[0]?.message.tool_calls).toHaveLength(1);
  });

  it('finds an error inside a 200', () => {
    const body = { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } };
    let found: unknown;
    try {
      decodeMessage(body, contextFor());
    } catch (error) {
      found = error;
    }
    expect((found as FoundFailure).details.body).toEqual(body);
  });

  it.each([[null], ['text'], [[]], [{}], [{ content: 'text' }]])('%j is not the protocol', (body) => {
    expect(() => decodeMessage(body, contextFor())).toThrow(ResponseValidationError);
  });
});

describe('a page of models', () => {
  const context = contextOf(callOf('models', {}, { provider: 'anthropic', model: '' }));

  it('reads limits and dates, and says where the next page begins', () => {
    expect(modelPages.path(undefined)).toBe('/v1/models?limit=1000');
    const body = {
      data: [
        { id: 'claude-a', type: 'model', created_at: '2026-01-01T00:00:00Z', max_input_tokens: 200_000, max_tokens: 64_000 },
        { id: 'claude-b' },
        { nonsense: true },
      ],
      has_more: true,
      last_id: 'claude-b',
    };
    expect(modelPages.decode(body, context, undefined)).toEqual({
      models: [
        {
          id: 'claude-a',
          object: 'model',
          created: 1_767_225_600,
          owned_by: 'anthropic',
          context_window: 200_000,
          max_output_tokens: 64_000,
        },
        { id: 'claude-b', object: 'model', created: 0, owned_by: 'anthropic' },
      ],
      next: 'claude-b',
    });
    expect(modelPages.path('claude-b')).toBe('/v1/models?limit=1000&after_id=claude-b');
    const last = { data: [{ id: 'claude-c' }], has_more: false, last_id: 'claude-c' };
    expect(modelPages.decode(last, context, 'claude-b')).toMatchObject({ models: [{ id: 'claude-c' }], next: undefined });
  });
});
