import { describe, expect, it } from 'vitest';
import { alephAlpha } from '../../src/providers/aleph-alpha/aleph-alpha.ts';
import { itExplains, openai, row } from '../support/failure-rows.ts';
import { providerOn } from '../support/recording-transport.ts';

type Settings = NonNullable<Parameters<typeof providerOn>[1]>;

const on = (answer?: Settings['answer'], settings: object = { baseURL: 'https://inference-api.example.com/' }) =>
  providerOn(alephAlpha, { settings: { apiKey: 'token', ...settings }, ...(answer === undefined ? {} : { answer }) });
const messages = [{ role: 'user' as const, content: 'Hi' }];
const model = { model: 'pharia-1-llm-7b-control' };

describe('PhariaAI', () => {
  it('speaks OpenAI’s form for chat', async () => {
    const { sent } = await on().run('chat', { messages, max_completion_tokens: 5, stop: 'END' }, model);
    expect(sent).toMatchObject({
      url: 'https://inference-api.example.com/chat/completions',
      headers: { authorization: 'Bearer token' },
      body: { model: model.model, max_tokens: 5, stop: 'END' },
    });
    await expect(on().run('chat', { messages, seed: 1 }, model)).rejects.toMatchObject({ param: 'seed' });
  });

  it('completes natively', async () => {
    const answer = {
      model_version: '2026-01',
      completions: [
        { completion: ' time', finish_reason: 'maximum_tokens' },
        { completion: null, finish_reason: 'end_of_text' },
      ],
      num_tokens_prompt_total: 5,
      num_tokens_generated: 2,
    };
    const { sent, result } = await on(answer).run(
      'complete',
      { prompt: 'Once', max_tokens: 2, n: 2, stop: ['.'], logprobs: 0, providerOptions: { aleph_alpha: { minimum_tokens: 1 } } },
      model,
    );
    expect(sent.url).toBe('https://inference-api.example.com/complete');
    expect(sent.body).toEqual({
      model: model.model,
      prompt: [{ type: 'text', data: 'Once' }],
      maximum_tokens: 2,
      n: 2,
      stop_sequences: ['.'],
      log_probs: 0,
      minimum_tokens: 1,
    });
    expect(result).toMatchObject({
      choices: [
        { index: 0, text: ' time', finish_reason: 'length' },
        { index: 1, text: '', finish_reason: 'stop' },
      ],
      usage: { total_tokens: 7 },
    });
  });

  it('streams a completion, and knows when one broke off', async () => {
    const chunk = 'data: {"type":"stream_chunk","index":0,"completion":" Hello","log_probs":null}\n\n';
    const end =
      'data: {"type":"stream_summary","index":0,"finish_reason":"maximum_tokens"}\n\n' +
      'data: {"type":"completion_summary","num_tokens_prompt_total":5,"num_tokens_generated":1}\n\ndata: [DONE]\n\n';
    const texts = async (answer: string): Promise<string[]> => {
      const { result } = await on(answer).run('completeStream', { prompt: 'x' }, model);
      const seen: string[] = [];
      for await (const { choices } of result) seen.push(`${choices[0]?.text}|${choices[0]?.finish_reason}`);
      return [...seen, String(result.usage?.total_tokens)];
    };
    expect(await texts(chunk + end)).toEqual([' Hello|null', '|length', '6']);
    await expect(texts(chunk)).rejects.toMatchObject({ kind: 'stream_interrupted' });
    await expect(texts(`${chunk}data: {"error":"busy","code":"QUEUE_FULL"}\n\n`)).rejects.toMatchObject({
      kind: 'service_unavailable',
    });
  });

  it('reranks', async () => {
    const answer = { results: [{ index: 1, relevance_score: 0.9 }], usage: { total_tokens: 4 } };
    const { sent, result } = await on(answer).run('rerank', { query: 'q', documents: ['a', 'b'], top_n: 1 }, model);
    expect(sent).toMatchObject({
      url: 'https://inference-api.example.com/rerank',
      body: { query: 'q', documents: ['a', 'b'], top_n: 1 },
    });
    expect(result.results).toMatchObject([{ index: 1, relevance_score: 0.9 }]);
  });

  it('is gone from its public host', async () => {
    const homeless = on(undefined, {});
    await expect(homeless.run('chat', { messages }, model)).rejects.toMatchObject({
      kind: 'configuration',
      code: 'missing_setting',
    });
    await expect(homeless.run('chat', { messages }, { model: 'luminous-base' })).rejects.toMatchObject({
      kind: 'not_found',
      code: 'model_retired',
    });
    expect(homeless.sent).toEqual([]);
  });

  itExplains('aleph_alpha', [
    row(400, { error: 'prompt exceeds the maximum of 2048 tokens', code: 'X' }, 'ContextWindowExceededError'),
    row(400, { error: 'nonsense', code: 'VALIDATION' }, 'BadRequestError'),
    row(401, { error: 'InvalidToken' }, 'AuthenticationError'),
    row(402, { error: 'quota used up' }, 'InsufficientCreditsError'),
    row(403, { error: 'no', code: 'PERMISSION_DENIED' }, 'PermissionDeniedError'),
    row(404, { detail: 'Not Found' }, 'NotFoundError'),
    row(408, '', 'TimeoutError'),
    row(413, '', 'RequestTooLargeError'),
    row(422, openai('wrong', null), 'UnprocessableEntityError'),
    row(429, '', 'RateLimitError'),
    row(500, 'plain text', 'InternalServerError'),
    row(503, { error: 'queue is full', code: 'QUEUE_FULL' }, 'ServiceUnavailableError'),
    row(504, '', 'TimeoutError'),
  ]);
});
