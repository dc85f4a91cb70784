import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChatChunk } from '../../../src/contract/chat.ts';
import { ChatTally } from '../../../src/contract/chat-tally.ts';
import { isLLMError } from '../../../src/errors/catalogue.ts';
import { decodeChat } from '../../../src/providers/ollama/decode.ts';
import { decodeEmbed } from '../../../src/providers/ollama/embeddings.ts';
import { CompletionStreamDecoder, decodeCompletion } from '../../../src/providers/ollama/generate.ts';
import { decodeModels } from '../../../src/providers/ollama/models.ts';
import { ChatStreamDecoder } from '../../../src/providers/ollama/stream-decoder.ts';
import { callOf, contextOf } from '../../support/call.ts';

const target = { provider: 'ollama', model: 'qwen3' };
const messages = [{ role: 'user' as const, content: 'hi' }];
const chat = () => contextOf(callOf('chat', { messages }, target));
const stream = () => contextOf(callOf('stream', { messages }, target));

const METRICS = {
  total_duration: 4e8,
  load_duration: 1e6,
  prompt_eval_count: 58,
  prompt_eval_duration: 9e7,
  eval_count: 21,
  eval_duration: 2e8,
};
const WHOLE = {
  model: 'qwen3',
  created_at: '2026-11-01T12:00:00.123456789Z',
  message: { role: 'assistant', content: 'Hello', thinking: 'Greet.' },
  done: true,
  done_reason: 'stop',
  ...METRICS,
};

describe('a whole answer', () => {
  it("becomes openai's reply", () => {
    expect(decodeChat(WHOLE, chat())).toEqual({
      id: expect.stringMatching(/^chatcmpl-\w+$/),
      object: 'chat.completion',
      created: Date.UTC(2026, 10, 1, 12) / 1000,
      model: 'qwen3',
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: 'Hello', refusal: null, reasoning_content: 'Greet.' },
          finish_reason: 'stop',
          logprobs: null,
        },
      ],
      usage: { prompt_tokens: 58, completion_tokens: 21, total_tokens: 79 },
    });
  });

  it('has the same ids each time, and other ones on another turn', () => {
    const calls = { ...WHOLE, message: { content: '', tool_calls: [{ function: { name: 'f' } }, { function: { name: 'g' } }] } };
    const first = decodeChat(calls, chat());
    expect(decodeChat(calls, chat())).toEqual(first);
    const ids = first.choices[0]?.message.tool_calls?.map(({ id }) => id) ?? [];
    expect(new Set(ids).size).toBe(2);
    const later = contextOf(callOf('chat', { messages: [...messages, ...messages] }, target));
    for (const { id } of decodeChat(calls, later).choices[0]?.message.tool_calls ?? []) expect(ids).not.toContain(id);
    // OpenAI accepts ids of up to 40 characters
    const long = contextOf(callOf('chat', { messages }, { ...target, correlationId: 'x'.repeat(200) }));
    for (const { id } of decodeChat(calls, long).choices[0]?.message.tool_calls ?? []) expect(id).toMatch(/^[\w-]{1,40}$/);
  });

  it('re-indexes tool calls and turns arguments to text', () => {
    const reply = decodeChat(
      {
        ...WHOLE,
        message: {
          role: 'assistant',
          content: '',
          tool_calls: [
            { id: 'own', function: { index: 0, name: 'f', arguments: { city: 'Oslo' } } },
            { function: { index: 0, name: 'g', arguments: '{"a":1}' } },
            'no call at all',
            { function: { name: 5 } },
          ],
        },
      },
      chat(),
    );
    expect(reply.choices[0]).toMatchObject({
      finish_reason: 'tool_calls',
      message: {
        content: null,
        tool_calls: [
          { id: 'own', type: 'function', function: { name: 'f', arguments: '{"city":"Oslo"}' } },
          { id: expect.stringMatching(/^call_/), function: { name: 'g', arguments: '{"a":1}' } },
          { function: { name: '', arguments: '{}' } },
        ],
      },
    });
  });

  it.each([
    ['stop', 'stop'],
    ['length', 'length'],
    ['load', 'stop'],
    ['unload', 'stop'],
    ['something new', 'stop'],
    [undefined, 'stop'],
    [7, 'stop'],
  ])('done_reason %s is %s', (raw, expected) => {
    expect(decodeChat({ ...WHOLE, done_reason: raw }, chat()).choices[0]?.finish_reason).toBe(expected);
  });

  it('counts what is missing as nothing', () => {
    const { prompt_eval_count: _, eval_count: __, created_at: ___, model: ____, ...bare } = WHOLE;
    const reply = decodeChat(bare, chat());
    expect(reply).toMatchObject({ model: 'qwen3', usage: { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 } });
    expect(reply.created).toBe(Date.UTC(2026, 0, 2, 3, 4, 5) / 1000);
  });

  it('carries log probabilities', () => {
    const logprobs = [
      { token: 'He', logprob: -0.1, bytes: [72, 101], top_logprobs: [{ token: 'Ha', logprob: -3 }] },
      { token: 'llo' },
    ];
    expect(decodeChat({ ...WHOLE, logprobs }, chat()).choices[0]?.logprobs).toEqual({
      content: [
        { token: 'He', logprob: -0.1, bytes: [72, 101], top_logprobs: [{ token: 'Ha', logprob: -3, bytes: null }] },
        { token: 'llo', logprob: -9999, bytes: null, top_logprobs: [] },
      ],
      refusal: null,
    });
  });

  it('with an error inside is that error', () => {
    const body = { error: 'an error was encountered while running the model' };
    expect(() => decodeChat(body, chat())).toThrow(expect.objectContaining({ details: { body, status: undefined } }));
  });

  it.each([[null], [[]], ['text'], [{}], [{ message: 'text' }], [{ message: null, done: true }]])(
    '%j is not the protocol',
    (body) => {
      expect(() => decodeChat(body, chat())).toThrow(expect.objectContaining({ kind: 'response_validation' }));
    },
  );

  it('never throws anything untyped', () => {
    const context = chat();
    fc.assert(
      fc.property(
        fc.record({ message: fc.dictionary(fc.constantFrom('content', 'thinking', 'tool_calls'), fc.jsonValue()) }),
        (body) => {
          try {
            decodeChat(body, context);
          } catch (error) {
            expect(isLLMError(error)).toBe(true);
          }
        },
      ),
    );
  });
});

describe('a stream', () => {
  const line = (message: object, more: object = {}): string =>
    JSON.stringify({
      model: 'qwen3',
      created_at: '2026-11-01T12:00:00.1Z',
      message: { role: 'assistant', content: '', ...message },
      done: false,
      ...more,
    });
  const END = line({}, { done: true, done_reason: 'stop', ...METRICS });

  function read(lines: readonly string[]): { chunks: ChatChunk[]; decoder: ChatStreamDecoder } {
    const decoder = new ChatStreamDecoder(stream());
    const chunks: ChatChunk[] = [];
    for (const each of lines) decoder.event(each, '', chunks);
    decoder.end(chunks);
    return { chunks, decoder };
  }

  it("becomes openai's chunks", () => {
    const tool = { function: { index: 0, name: 'get_weather', arguments: { city: 'Oslo' } } };
    const { chunks, decoder } = read([
      line({ thinking: 'Need the tool.' }),
      line({ content: 'Checking.' }),
      line({ tool_calls: [{ id: 'call_q1', ...tool }] }),
      line({ tool_calls: [tool] }),
      END,
    ]);
    expect(chunks.map(({ choices }) => choices[0]?.delta)).toEqual([
      { role: 'assistant', reasoning_content: 'Need the tool.' },
      { content: 'Checking.' },
      {
        tool_calls: [
          { index: 0, id: 'call_q1', type: 'function', function: { name: 'get_weather', arguments: '{"city":"Oslo"}' } },
        ],
      },
      { tool_calls: [{ index: 1, id: expect.stringMatching(/^call_/), type: 'function', function: expect.anything() }] },
      {},
      undefined,
    ]);
    expect(chunks.map(({ choices }) => choices[0]?.finish_reason)).toEqual([null, null, null, null, 'tool_calls', undefined]);
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { prompt_tokens: 58, completion_tokens: 21, total_tokens: 79 } });
    expect(new Set(chunks.map(({ id, created, model }) => `${id} ${created} ${model}`)).size).toBe(1);
    expect(decoder).toMatchObject({ finished: true, done: true });
  });

  it('of nothing still has a role, an end and its usage', () => {
    const { chunks } = read([END]);
    expect(chunks.map(({ choices }) => choices[0]?.delta)).toEqual([{ role: 'assistant' }, undefined]);
    const tally = new ChatTally();
    expect(chunks.map((chunk) => tally.add(chunk))).toEqual([false, true]);
    expect(tally.hasContent).toBe(false);
  });

  it('may end with content in its last line', () => {
    const { chunks } = read([line({ content: 'all at once' }, { done: true, done_reason: 'length', ...METRICS })]);
    expect(chunks[0]?.choices[0]?.delta).toEqual({ role: 'assistant', content: 'all at once' });
    expect(chunks[1]?.choices[0]?.finish_reason).toBe('length');
  });

  it('is not finished without done', () => {
    const { chunks, decoder } = read([line({ content: 'half' })]);
    expect(decoder).toMatchObject({ finished: false, done: false });
    expect(chunks).toHaveLength(1);
  });

  it('with an error in it gives what came before, then the error', () => {
    const decoder = new ChatStreamDecoder(stream());
    const chunks: ChatChunk[] = [];
    decoder.event(line({ content: 'before' }), '', chunks);
    const error = { error: 'model runner has unexpectedly stopped' };
    expect(() => decoder.event(JSON.stringify(error), '', chunks)).toThrow(
      expect.objectContaining({ details: { body: error, status: undefined } }),
    );
    expect(chunks).toHaveLength(1);
    expect(decoder.finished).toBe(false);
  });

  it.each(['<html>', '{"model":"m"}', '[]', '"text"'])('with %s in it is not the protocol', (data) => {
    expect(() => new ChatStreamDecoder(stream()).event(data, '', [])).toThrow(
      expect.objectContaining({ kind: 'response_validation' }),
    );
  });

  it('takes a whole answer as chunks', () => {
    const decoder = new ChatStreamDecoder(stream());
    const chunks: ChatChunk[] = [];
    decoder.whole(WHOLE, chunks);
    decoder.end(chunks);
    expect(decoder.done).toBe(true);
    expect(chunks.map(({ choices }) => choices[0]?.delta.content)).toEqual(['Hello', undefined, undefined]);
  });

  it('carries log probabilities with their text', () => {
    const { chunks } = read([line({ content: 'a' }, { logprobs: [{ token: 'a', logprob: -1 }] }), END]);
    expect(chunks[0]?.choices[0]?.logprobs?.content?.[0]).toMatchObject({ token: 'a', logprob: -1 });
  });
});

describe('other answers', () => {
  it('embeddings, as numbers or base64 of float32', () => {
    const body = {
      model: 'nomic',
      embeddings: [
        [0.5, -1],
        [2, 0],
      ],
      prompt_eval_count: 4,
    };
    const call = (encoding_format: 'float' | 'base64') =>
      contextOf(callOf('embed', { input: ['a', 'b'], encoding_format }, target));
    expect(decodeEmbed(body, call('float'))).toEqual({
      object: 'list',
      model: 'nomic',
      data: [
        { object: 'embedding', index: 0, embedding: [0.5, -1] },
        { object: 'embedding', index: 1, embedding: [2, 0] },
      ],
      usage: { prompt_tokens: 4, total_tokens: 4 },
    });
    const packed = decodeEmbed(body, call('base64')).data[0]?.embedding as unknown as string;
    const bytes = Buffer.from(packed, 'base64');
    expect([bytes.readFloatLE(0), bytes.readFloatLE(4)]).toEqual([0.5, -1]);
    expect(() => decodeEmbed({ embeddings: [7] }, call('float'))).toThrow(
      expect.objectContaining({ kind: 'response_validation' }),
    );
    expect(() => decodeEmbed({}, call('float'))).toThrow(expect.objectContaining({ kind: 'response_validation' }));
  });

  it('models', () => {
    const context = contextOf(callOf('models', {}, target));
    const models = [
      { name: 'llama3.2:latest', model: 'llama3.2:latest', modified_at: '2026-01-02T03:04:05.6Z' },
      { name: 'someone/thing:7b' },
      'no model',
    ];
    expect(decodeModels({ models }, context).data).toEqual([
      { id: 'llama3.2:latest', object: 'model', created: Date.UTC(2026, 0, 2, 3, 4, 5) / 1000, owned_by: 'library' },
      { id: 'someone/thing:7b', object: 'model', created: 0, owned_by: 'someone' },
    ]);
    expect(() => decodeModels({ models: null }, context)).toThrow(expect.objectContaining({ kind: 'response_validation' }));
  });

  it('text completions', () => {
    const context = contextOf(callOf('complete', { prompt: 'Once' }, target));
    const body = { model: 'm', created_at: WHOLE.created_at, response: ' upon', done: true, done_reason: 'length', ...METRICS };
    const logprobs = [{ token: ' upon', logprob: -0.5, top_logprobs: [{ token: ' in', logprob: -2 }] }];
    expect(decodeCompletion({ ...body, logprobs }, context)).toMatchObject({
      object: 'text_completion',
      choices: [
        {
          text: ' upon',
          index: 0,
          finish_reason: 'length',
          logprobs: { tokens: [' upon'], token_logprobs: [-0.5], top_logprobs: [{ ' in': -2 }], text_offset: [0] },
        },
      ],
      usage: { total_tokens: 79 },
    });
    expect(() => decodeCompletion({ done: true }, context)).toThrow(expect.objectContaining({ kind: 'response_validation' }));
  });

  it('text completions in a stream', () => {
    const decoder = new CompletionStreamDecoder(contextOf(callOf('completeStream', { prompt: 'Once' }, target)));
    const chunks: Parameters<typeof decoder.end>[0] = [];
    decoder.event('{"model":"m","response":" upon","done":false,"logprobs":[{"token":" upon","logprob":-1}]}', '', chunks);
    decoder.event('{"model":"m","response":" a","done":false,"logprobs":[{"token":" a","logprob":-1}]}', '', chunks);
    expect(decoder.finished).toBe(false);
    decoder.event(JSON.stringify({ model: 'm', response: '', done: true, done_reason: 'stop', ...METRICS }), '', chunks);
    decoder.end(chunks);
    expect(chunks.map(({ choices }) => [choices[0]?.text, choices[0]?.finish_reason])).toEqual([
      [' upon', null],
      [' a', null],
      ['', 'stop'],
      [undefined, undefined],
    ]);
    expect(chunks.map(({ choices }) => choices[0]?.logprobs?.text_offset)).toEqual([[0], [5], undefined, undefined]);
    expect(chunks.at(-1)?.usage?.total_tokens).toBe(79);
    expect(() => decoder.event('{"error":"out of luck"}', '', chunks)).toThrow();
  });
});
