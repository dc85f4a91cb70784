import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createClient } from '../../../src/index.ts';
import { openaiHost } from '../../../src/providers/openai-hosts/openai-hosts.ts';
import type { MockServer } from '../../../src/testing/index.ts';
import { startMockServer } from '../../../src/testing/index.ts';
import { rejection } from '../../support/client.ts';
import { itExplains, row } from '../../support/failure-rows.ts';
import { providerOn } from '../../support/recording-transport.ts';

const VECTORS = { data: [{ index: 0, embedding: 'AACAPwAAAD8=' }], model: 'm', usage: { total_tokens: 3 } };
const on = (id: string, answer: object) =>
  providerOn(openaiHost(id), { settings: { apiKey: 'k', baseURL: 'https://h.example/v1' }, answer });

describe('voyage', () => {
  it('names size and encoding in its own way, and counts a total only', async () => {
    const host = on('voyage', VECTORS);
    const { sent, result, warnings } = await host.run('embed', {
      input: ['a'],
      dimensions: 512,
      user: 'u',
      providerOptions: { voyage: { input_type: 'query', truncation: false } },
    });
    expect(sent.body).toEqual({
      model: 'some/model',
      input: ['a'],
      output_dimension: 512,
      encoding_format: 'base64',
      input_type: 'query',
      truncation: false,
    });
    expect(warnings).toHaveLength(1);
    expect(result).toMatchObject({ data: [{ embedding: [1, 0.5] }], usage: { prompt_tokens: 3, total_tokens: 3 } });
    const float = await host.run('embed', { input: 'a', encoding_format: 'float' });
    expect(float.sent.body).not.toHaveProperty('encoding_format');
    await expect(host.run('embed', { input: [1, 2] })).rejects.toThrow(/"input"/);
  });

  it('ranks with top_k and answers under data', async () => {
    const host = on('voyage', { data: [{ index: 1, relevance_score: 0.4 }], model: 'rerank-2', usage: { total_tokens: 26 } });
    const { sent, result } = await host.run('rerank', { query: 'q', documents: ['a', 'b'], top_n: 1, return_documents: true });
    expect(sent).toMatchObject({
      url: 'https://h.example/v1/rerank',
      body: { model: 'some/model', query: 'q', documents: ['a', 'b'], top_k: 1 },
    });
    expect(result).toEqual({
      model: 'rerank-2',
      results: [{ index: 1, relevance_score: 0.4, document: { text: 'b' } }],
      usage: { total_tokens: 26 },
    });
  });

  itExplains('voyage', [
    row(
      429,
      { detail: 'You have not yet added your payment method in the billing page and will have reduced rate limits of 3 RPM.' },
      'RateLimitError',
    ),
    row(400, { detail: 'The example at index 0 exceeds the context length of 32000 tokens.' }, 'ContextWindowExceededError'),
    row(400, { detail: 'Argument input_type is invalid' }, 'BadRequestError'),
    row(401, { detail: 'Provided API key is invalid.' }, 'AuthenticationError'),
  ]);
});

describe('jina', () => {
  it('names the encoding in its own way', async () => {
    const { sent, result } = await on('jina_ai', VECTORS).run('embed', {
      input: 'a',
      dimensions: 64,
      providerOptions: { jina_ai: { task: 'retrieval.query' } },
    });
    expect(sent.body).toEqual({
      model: 'some/model',
      input: 'a',
      dimensions: 64,
      embedding_type: 'base64',
      task: 'retrieval.query',
    });
    expect(result.data[0]?.embedding).toEqual([1, 0.5]);
  });

  it('does not have documents sent back', async () => {
    const host = on('jina_ai', { results: [{ index: 0, relevance_score: 1, document: { text: 'other' } }] });
    const { sent, result } = await host.run('rerank', { query: 'q', documents: ['a'], return_documents: true });
    expect(sent.body).toEqual({ model: 'some/model', query: 'q', documents: ['a'], return_documents: false });
    expect(result.results).toEqual([{ index: 0, relevance_score: 1, document: { text: 'a' } }]);
  });

  itExplains('jina_ai', [
    row(402, { detail: 'Insufficient account balance' }, 'InsufficientCreditsError'),
    row(401, { detail: 'Unauthorized' }, 'AuthenticationError'),
    row(422, { detail: [{ loc: ['body', 'input'], msg: 'field required', type: 'missing' }] }, 'UnprocessableEntityError'),
  ]);
});

describe('ai21', () => {
  const REPLY = {
    choices: [{ index: 0, message: { role: 'assistant', content: 'Hi', tool_calls: null }, finish_reason: 'stop' }],
  };

  it('reads plain text only', async () => {
    const text = [
      { type: 'text' as const, text: 'one' },
      { type: 'text' as const, text: 'two' },
    ];
    const host = on('ai21', REPLY);
    const { sent, result } = await host.run('chat', {
      messages: [
        { role: 'developer', content: text },
        { role: 'user', content: text },
      ],
      max_completion_tokens: 4,
    });
    expect(sent.body).toEqual({
      model: 'some/model',
      messages: [
        { role: 'system', content: 'one\ntwo' },
        { role: 'user', content: 'one\ntwo' },
      ],
      max_tokens: 4,
    });
    expect(result).toMatchObject({ object: 'chat.completion', model: 'some/model', created: expect.any(Number) });
    const image = [{ type: 'image_url' as const, image_url: { url: 'https://x.example/a.png' } }];
    await expect(host.run('chat', { messages: [{ role: 'user', content: image }] })).rejects.toThrow(/"image_url"/);
  });

  itExplains('ai21', [
    row(401, { detail: 'Forbidden: Bad or missing API token.' }, 'AuthenticationError'),
    row(402, { detail: 'no balance' }, 'InsufficientCreditsError'),
    row(422, { detail: 'The prompt exceeds the maximum number of tokens' }, 'ContextWindowExceededError'),
    row(400, { detail: 'Messages are too long' }, 'ContextWindowExceededError'),
    row(422, { detail: [{ loc: ['body', 'messages'], msg: 'field required', type: 'missing' }] }, 'UnprocessableEntityError'),
    row(400, { detail: 'max_tokens must be at most 4096' }, 'BadRequestError'),
    row(404, { detail: 'Not Found' }, 'NotFoundError'),
  ]);
});

describe('against the mock server', () => {
  let mock: MockServer;
  beforeEach(async () => {
    mock = await startMockServer();
  });
  afterEach(() => mock.close());

  it.each(['voyage', 'jina_ai'])('%s has no chat, refuses a wrong key, and asks for one', async (id) => {
    const make = (apiKey?: string) => createClient({ use: [], providers: { [id]: { apiKey, baseURL: mock.baseURL(id) } } });
    await using llm = make('test');
    const messages = [{ role: 'user' as const, content: 'hi' }];
    expect(await rejection(llm.chat.completions.create({ model: `${id}/m`, messages }))).toMatchObject({
      kind: 'unsupported_operation',
    });
    await using wrong = make('wrong');
    expect(await rejection(wrong.embeddings.create({ model: `${id}/m`, input: 'a' }))).toMatchObject({
      kind: 'authentication',
      status: 401,
    });
    await using keyless = make();
    expect(await rejection(keyless.embeddings.create({ model: `${id}/m`, input: 'a' }))).toMatchObject({ kind: 'configuration' });
  });

  it('knows jina and ai21_chat by their other names', async () => {
    await using llm = createClient({
      use: [],
      providers: {
        jina: { apiKey: 'test', baseURL: mock.baseURL('jina_ai') },
        ai21_chat: { apiKey: 'test', baseURL: mock.baseURL('ai21') },
      },
    });
    expect((await llm.embeddings.create({ model: 'jina/m', input: 'a' })).data).toHaveLength(1);
    const answer = await llm.chat.completions.create({ model: 'ai21_chat/m', messages: [{ role: 'user', content: 'hi' }] });
    expect(answer.choices[0]?.finish_reason).toBe('stop');
  });
});
