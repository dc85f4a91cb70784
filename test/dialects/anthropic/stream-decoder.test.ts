import { ChatCompletionStream } from 'openai/lib/ChatCompletionStream';
import { describe, expect, it } from 'vitest';
import type { ChatChunk } from '../../../src/contract/chat.ts';
import { AnthropicStreamDecoder } from '../../../src/dialects/anthropic/stream-decoder.ts';
import { ContentPolicyViolationError } from '../../../src/errors/provider-errors.ts';
import { callOf, contextOf, type FoundFailure } from '../../support/call.ts';
import { HELLO } from './encoded.ts';
import { events, streamed } from './streamed.ts';

const USAGE = { input_tokens: 25, cache_creation_input_tokens: 0, cache_read_input_tokens: 100 };
const START = {
  type: 'message_start',
  message: {
    id: 'msg_01',
    type: 'message',
    role: 'assistant',
    model: 'claude-sonnet-4-6',
    content: [],
    stop_reason: null,
    usage: { ...USAGE, output_tokens: 1 },
  },
};
const STOP = { type: 'message_stop' };
const open = (index: number, content_block: object) => ({ type: 'content_block_start', index, content_block });
const delta = (index: number, part: object) => ({ type: 'content_block_delta', index, delta: part });
const close = (index: number) => ({ type: 'content_block_stop', index });
const ended = (stop_reason: string, more: object = {}, usage: object = { ...USAGE, output_tokens: 61 }) => ({
  type: 'message_delta',
  delta: { stop_reason, stop_sequence: null, ...more },
  usage,
});
const text = (value: string) => [open(0, { type: 'text', text: '' }), delta(0, { type: 'text_delta', text: value }), close(0)];

/** The transcript of the documentation: thinking, text and a tool call. */
const TRANSCRIPT = events(
  START,
  { type: 'ping' },
  open(0, { type: 'thinking', thinking: '', signature: '' }),
  delta(0, { type: 'thinking_delta', thinking: 'Need the weather.' }),
  delta(0, { type: 'signature_delta', signature: 'EqQB' }),
  close(0),
  open(1, { type: 'text', text: '' }),
  delta(1, { type: 'text_delta', text: 'Checking.' }),
  close(1),
  open(2, { type: 'tool_use', id: 'toolu_01', name: 'get_weather', input: {} }),
  delta(2, { type: 'input_json_delta', partial_json: '' }),
  delta(2, { type: 'input_json_delta', partial_json: '{"city":' }),
  delta(2, { type: 'input_json_delta', partial_json: '"Oslo"}' }),
  close(2),
  ended('tool_use'),
  STOP,
);

const deltas = (chunks: readonly ChatChunk[]) => chunks.flatMap(({ choices }) => choices.map((choice) => choice.delta));
const finishOf = (chunks: readonly ChatChunk[]) =>
  chunks.flatMap(({ choices }) => choices).find(({ finish_reason }) => finish_reason !== null);
const bodyOf = (error: unknown): unknown => (error as FoundFailure).details.body;

describe('the stream decoder', () => {
  it('reads the documented transcript', () => {
    const { chunks, decoder, error } = streamed(TRANSCRIPT);
    expect(error).toBeUndefined();
    expect(decoder).toMatchObject({ finished: true, done: true });
    const call = (args: string, more: object = {}) => ({ tool_calls: [{ index: 0, function: { ...more, arguments: args } }] });
    expect(deltas(chunks)).toEqual([
      { role: 'assistant', content: '' },
      { reasoning_content: 'Need the weather.' },
      { content: 'Checking.' },
      { tool_calls: [{ index: 0, id: 'toolu_01', type: 'function', function: { name: 'get_weather', arguments: '' } }] },
      call('{"city":'),
      call('"Oslo"}'),
      { thinking_blocks: [{ type: 'thinking', thinking: 'Need the weather.', signature: 'EqQB' }] },
    ]);
    expect(finishOf(chunks)?.finish_reason).toBe('tool_calls');
    expect(chunks.at(-1)).toMatchObject({
      choices: [],
      usage: { prompt_tokens: 125, completion_tokens: 61, total_tokens: 186, prompt_tokens_details: { cached_tokens: 100 } },
    });
    for (const chunk of chunks) {
      expect(chunk).toMatchObject({ id: 'msg_01', object: 'chat.completion.chunk', model: 'claude-sonnet-4-6' });
      for (const choice of chunk.choices) expect(choice).toMatchObject({ index: 0, logprobs: null });
    }
  });

  it('is understood by openai’s own accumulator', async () => {
    const { chunks } = streamed(TRANSCRIPT);
    const lines = chunks.map((chunk) => `${JSON.stringify(chunk)}\n`).join('');
    const body = new Blob([lines]).stream();
    const final = await ChatCompletionStream.fromReadableStream(body).finalChatCompletion();
    expect(final.choices[0]).toMatchObject({
      finish_reason: 'tool_calls',
      message: {
        content: 'Checking.',
        thinking_blocks: [{ type: 'thinking', thinking: 'Need the weather.', signature: 'EqQB' }],
        tool_calls: [{ id: 'toolu_01', type: 'function', function: { name: 'get_weather', arguments: '{"city":"Oslo"}' } }],
      },
    });
    expect(final.usage?.total_tokens).toBe(186);
  });

  it('holds no content before the first block', () => {
    const { tally, decoder } = streamed(events(START, { type: 'ping' }, open(0, { type: 'text', text: '' })));
    expect(tally.hasContent).toBe(false);
    expect(decoder.finished).toBe(false);
  });

  it('counts tool calls, not blocks, and completes those without arguments', () => {
    const { chunks } = streamed(
      events(
        START,
        ...text('a'),
        open(1, { type: 'tool_use', id: 't1', name: 'now', input: {} }),
        delta(1, { type: 'input_json_delta', partial_json: '' }),
        close(1),
        open(2, { type: 'tool_use', id: 't2', name: 'whole', input: { x: 1 } }),
        close(2),
        open(3, { type: 'tool_use', id: 't3', name: 'never_closed', input: {} }),
        ended('tool_use'),
        STOP,
      ),
    );
    const { tally } = streamed(events(START, ...text('a')));
    expect(tally.partial().content).toBe('a');
    const parts = deltas(chunks).flatMap(({ tool_calls }) => tool_calls ?? []);
    expect(parts.map(({ index, function: f }) => [index, f?.arguments])).toEqual([
      [0, ''],
      [0, '{}'],
      [1, ''],
      [1, '{"x":1}'],
      [2, ''],
      [2, '{}'],
    ]);
  });

  it('takes the latest usage of each field and never adds', () => {
    const corrected = {
      input_tokens: 30,
      cache_read_input_tokens: null,
      output_tokens: 9,
      output_tokens_details: { thinking_tokens: 4 },
    };
    const { chunks } = streamed(
      events(START, ...text('a'), ended('end_turn', {}, { output_tokens: 5 }), ended('end_turn', {}, corrected), STOP),
    );
    expect(chunks.at(-1)?.usage).toEqual({
      prompt_tokens: 130,
      completion_tokens: 9,
      total_tokens: 139,
      prompt_tokens_details: { cached_tokens: 100, cache_write_tokens: 0 },
      completion_tokens_details: { reasoning_tokens: 4 },
    });
    expect(chunks.filter(({ choices }) => choices[0]?.finish_reason)).toHaveLength(1);
  });

  it('has no good end without message_stop, but still the usage', () => {
    const { decoder, chunks } = streamed(events(START, ...text('a'), ended('end_turn')));
    expect(decoder.finished).toBe(false);
    expect(finishOf(chunks)).toBeUndefined();
    expect(chunks.at(-1)?.usage?.completion_tokens).toBe(61);
  });

  it('raises the error event, first or in the middle', () => {
    const error = { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' }, request_id: 'req_1' };
    expect(bodyOf(streamed(events(error)).error)).toEqual(error);
    const later = streamed(events(START, ...text('a'), error));
    expect(bodyOf(later.error)).toEqual(error);
    expect(later.tally.partial().content).toBe('a');
    const unnamed = { error: { message: 'boom' } };
    expect(bodyOf(streamed(`data: ${JSON.stringify(unnamed)}\n\n`).error)).toEqual(unnamed);
  });

  it('ends a refusal without output as a policy violation, and returns one with text', () => {
    const refusal = ended('refusal', { stop_details: { type: 'refusal', category: 'cyber', explanation: 'No.' } });
    expect(streamed(events(START, refusal, STOP)).error).toBeInstanceOf(ContentPolicyViolationError);
    const { chunks, tally, error } = streamed(events(START, ...text('Well'), refusal, STOP));
    expect(error).toBeUndefined();
    expect(tally.filtered).toBe(true);
    expect(finishOf(chunks)).toMatchObject({ finish_reason: 'content_filter', delta: { refusal: 'No.' } });
  });

  it('delivers redacted thinking, citations and server tools once, with the finish reason', () => {
    const citation = { type: 'web_search_result_location', url: 'https://a.example/', title: null, cited_text: 'x' };
    const { chunks } = streamed(
      events(
        START,
        open(0, { type: 'redacted_thinking', data: 'xyz' }),
        close(0),
        open(1, { type: 'server_tool_use', id: 's', name: 'web_search', input: {} }),
        delta(1, { type: 'input_json_delta', partial_json: '{"query":"q"}' }),
        close(1),
        open(2, { type: 'text', text: '' }),
        delta(2, { type: 'citations_delta', citation }),
        delta(2, { type: 'text_delta', text: 'So.' }),
        close(2),
        ended('end_turn'),
        STOP,
      ),
    );
    expect(finishOf(chunks)?.delta).toEqual({
      thinking_blocks: [{ type: 'redacted_thinking', data: 'xyz' }],
      annotations: [
        { type: 'url_citation', url_citation: { url: 'https://a.example/', title: '', start_index: 0, end_index: 3 } },
      ],
      provider_specific_fields: {
        content_blocks: [{ type: 'server_tool_use', id: 's', name: 'web_search', input: { query: 'q' } }],
      },
    });
    expect(deltas(chunks).some(({ tool_calls }) => tool_calls !== undefined)).toBe(false);
  });

  it('unwraps the answering tool of older models', () => {
    const format = { type: 'json_schema', json_schema: { name: 'p', schema: { type: 'object' } } } as const;
    const { chunks, tally } = streamed(
      events(
        START,
        open(0, { type: 'tool_use', id: 't', name: 'json', input: {} }),
        delta(0, { type: 'input_json_delta', partial_json: '{"a":' }),
        delta(0, { type: 'input_json_delta', partial_json: '1}' }),
        close(0),
        ended('tool_use'),
        STOP,
      ),
      { response_format: format },
      'claude-sonnet-4-20250514',
    );
    expect(tally.partial()).toMatchObject({ content: '{"a":1}', tool_calls: [] });
    expect(finishOf(chunks)?.finish_reason).toBe('stop');
  });

  it('ignores what it does not know', () => {
    const { chunks, error } = streamed(
      `event: vertex_event\ndata: {}\n\nevent: ping\ndata: not json\n\ndata: null\n\ndata: []\n\n${events(
        { type: 'hologram', index: 1 },
        { type: 'content_block_start', index: 0 },
        { type: 'content_block_delta', index: 9, delta: { type: 'text_delta', text: 'a' } },
        { type: 'content_block_delta', index: 9, delta: { type: 'scent_delta' } },
        { type: 'content_block_delta', index: 9, delta: { type: 'input_json_delta', partial_json: '{' } },
        { type: 'content_block_delta', index: 9 },
        { type: 'content_block_stop', index: 9 },
        { type: 'message_delta', delta: null, usage: 3 },
        { type: 'message_start', message: null },
        STOP,
      )}`,
    );
    expect(error).toBeUndefined();
    expect(deltas(chunks)).toEqual([{ content: 'a' }, { role: 'assistant', content: '' }, {}]);
  });
});

describe('a whole answer in place of a stream', () => {
  const decoderFor = () =>
    new AnthropicStreamDecoder(
      contextOf(callOf('stream', { messages: HELLO }, { provider: 'anthropic', model: 'claude-sonnet-4-5' })),
    );

  it('becomes chunks', () => {
    const decoder = decoderFor();
    const chunks: ChatChunk[] = [];
    const content = [
      { type: 'thinking', thinking: 'Hm.', signature: 's' },
      { type: 'text', text: 'Hi' },
      { type: 'tool_use', id: 't', name: 'f', input: { x: 1 } },
    ];
    const body = {
      id: 'msg_9',
      type: 'message',
      model: 'm',
      content,
      stop_reason: 'tool_use',
      usage: { input_tokens: 1, output_tokens: 2 },
    };
    decoder.whole(body, chunks);
    decoder.end(chunks);
    expect(decoder.finished).toBe(true);
    expect(deltas(chunks)).toEqual([
      { role: 'assistant', content: '' },
      { reasoning_content: 'Hm.' },
      { content: 'Hi' },
      { tool_calls: [{ index: 0, id: 't', type: 'function', function: { name: 'f', arguments: '{"x":1}' } }] },
      { thinking_blocks: [{ type: 'thinking', thinking: 'Hm.', signature: 's' }] },
    ]);
    expect(finishOf(chunks)?.finish_reason).toBe('tool_calls');
    expect(chunks.at(-1)).toMatchObject({ id: 'msg_9', choices: [], usage: { total_tokens: 3 } });
  });

  it('may be an error', () => {
    const body = { type: 'error', error: { type: 'api_error', message: 'x' } };
    let error: unknown;
    try {
      decoderFor().whole(body, []);
    } catch (caught) {
      error = caught;
    }
    expect(bodyOf(error)).toEqual(body);
  });
});
