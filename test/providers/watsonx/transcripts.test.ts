import { describe, expect, it } from 'vitest';
import type { ChatChunk } from '../../../src/contract/chat.ts';
import { watsonx } from '../../../src/providers/watsonx/watsonx.ts';
import { providerOn } from '../../support/recording-transport.ts';

const settings = { token: 'a-token-123456', projectId: 'p' };
const run = (answer: string | object) => providerOn(watsonx, { settings, answer });
const stream_options = { include_usage: true };
const request = { messages: [{ role: 'user' as const, content: 'hi' }], stream_options };

/** As IBM's service sent it (wire sheet). */
const TRANSCRIPT = `id: 1
event: message
data: {"id":"chatcmpl-5d","object":"chat.completion.chunk","model_id":"ibm/granite-4-h-small","model":"ibm/granite-4-h-small","choices":[{"index":0,"finish_reason":null,"delta":{"role":"assistant","content":""}}],"created":1749736055,"model_version":"3.3.0","created_at":"2025-06-12T13:47:35.541Z","system":{"warnings":[{"message":"This model is deprecated","id":"w1"}]}}

id: 2
event: message
data: {"id":"chatcmpl-5d","object":"chat.completion.chunk","model_id":"ibm/granite-4-h-small","model":"ibm/granite-4-h-small","choices":[{"index":0,"finish_reason":null,"delta":{"content":"Hello"}}],"created":1749736055}

id: 3
event: message
data: {"id":"chatcmpl-5d","object":"chat.completion.chunk","model_id":"ibm/granite-4-h-small","choices":[{"index":0,"finish_reason":"FINISH","delta":{"content":""}}],"created":1749736055}

`;
const CLOSE = `id: 4
event: close
data: {"id":"chatcmpl-5d","object":"chat.completion.chunk","model_id":"ibm/granite-4-h-small","choices":[],"created":1749736055,"usage":{"completion_tokens":2,"prompt_tokens":12,"total_tokens":14}}

`;

async function chunksOf(transcript: string): Promise<{ chunks: ChatChunk[]; warnings: readonly string[] }> {
  const { result, warnings } = await run(transcript).run('stream', request);
  const chunks: ChatChunk[] = [];
  for await (const chunk of result) chunks.push(chunk);
  return { chunks, warnings };
}

describe('a recorded stream', () => {
  it.each([
    ['close', CLOSE],
    ['message, as older hosts send it', CLOSE.replace('event: close', 'event: message')],
    ['[DONE] after it', `${CLOSE}data: [DONE]\n\n`],
  ])('ends with the usage in an event named %s', async (_, close) => {
    const { chunks, warnings } = await chunksOf(TRANSCRIPT.replace('FINISH', 'stop') + close);
    expect(chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('')).toBe('Hello');
    expect(chunks.flatMap(({ choices }) => choices[0]?.finish_reason ?? [])).toEqual(['stop']);
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { prompt_tokens: 12, completion_tokens: 2, total_tokens: 14 } });
    expect(new Set(chunks.map(({ model }) => model))).toEqual(new Set(['ibm/granite-4-h-small']));
    expect(warnings).toEqual(['watsonx: This model is deprecated']);
  });

  it.each([
    ['time_limit', 'length'],
    ['length', 'length'],
    ['cancelled', 'stop'],
  ])('%s is %s', async (raw, reason) => {
    const { chunks } = await chunksOf(TRANSCRIPT.replace('FINISH', raw) + CLOSE);
    expect(chunks.flatMap(({ choices }) => choices[0]?.finish_reason ?? [])).toEqual([reason]);
  });

  it('without a finish reason is interrupted, even after close', async () => {
    await expect(chunksOf(TRANSCRIPT.replace('"FINISH"', 'null') + CLOSE)).rejects.toMatchObject({ kind: 'stream_interrupted' });
  });

  it.each([
    ['error as a finish reason', TRANSCRIPT.replace('FINISH', 'error'), 'internal_server', 500],
    ['plain words', 'id: 1\nevent: error\ndata: error\n\n', 'internal_server', 500],
    [
      'the envelope',
      'event: error\ndata: {"errors":[{"code":"token_quota_reached","message":"no"}],"trace":"t","status_code":403}\n\n',
      'insufficient_credits',
      403,
    ],
    [
      'the envelope in an event without that name',
      'data: {"errors":[{"code":"consumption_limit_reached","message":"no"}],"trace":"t","status_code":429}\n\n',
      'rate_limit',
      429,
    ],
  ])('%s is a failure', async (_, transcript, kind, status) => {
    await expect(chunksOf(transcript)).rejects.toMatchObject({ kind, status });
  });
});

describe('text generation', () => {
  const piece = (fields: object) => `data: ${JSON.stringify({ model_id: 'm', results: [fields] })}\n\n`;

  it('takes the largest count of the prompt and the last of the answer', async () => {
    const transcript =
      piece({ generated_text: '', input_token_count: 7, generated_token_count: 0, stop_reason: 'not_finished' }) +
      piece({ generated_text: 'Once', generated_token_count: 1, input_token_count: 0, stop_reason: 'not_finished' }) +
      piece({ generated_text: ' more', generated_token_count: 2, input_token_count: 0, stop_reason: 'max_tokens' });
    const { result } = await run(transcript).run('completeStream', { prompt: 'x', stream_options });
    const chunks = [];
    for await (const chunk of result) chunks.push(chunk);
    expect(chunks.map(({ choices }) => choices[0]?.text ?? '').join('')).toBe('Once more');
    expect(chunks.at(-2)?.choices[0]?.finish_reason).toBe('length');
    expect(chunks.at(-1)?.usage).toMatchObject({ prompt_tokens: 7, completion_tokens: 2 });
  });

  it('tells of moderations, and fails only when they took all of the text', async () => {
    const moderations = { hap: [{ score: 0.9, input: false }] };
    const body = (generated_text: string) => ({
      model_id: 'm',
      results: [{ generated_text, generated_token_count: 3, input_token_count: 1, stop_reason: 'eos_token', moderations }],
    });
    const { result } = await run(body('mild')).run('complete', { prompt: 'x' });
    expect(result.choices[0]).toMatchObject({ text: 'mild', finish_reason: 'stop', moderations });
    await expect(run(body('')).run('complete', { prompt: 'x' })).rejects.toMatchObject({ kind: 'content_policy_violation' });
  });

  it.each([
    ['seed', { seed: 3 }, { random_seed: 3, decoding_method: 'sample' }],
    ['temperature', { temperature: 0.5, top_p: 0.9 }, { temperature: 0.5, top_p: 0.9, decoding_method: 'sample' }],
    ['nothing', {}, undefined],
  ])('sends %s', async (_, params, parameters) => {
    const answer = { results: [{ generated_text: 'x', stop_reason: 'eos_token' }] };
    const { sent } = await run(answer).run('complete', { prompt: 'x', ...params });
    expect(sent.body.parameters).toEqual(parameters);
  });

  it.each([{ n: 2 }, { echo: true }, { logprobs: 1 }, { frequency_penalty: 0.5 }, { suffix: 'x' }])(
    'refuses %j',
    async (params) => {
      await expect(run({}).run('complete', { prompt: 'x', ...params })).rejects.toMatchObject({ kind: 'unsupported_params' });
    },
  );
});

describe('what is no answer', () => {
  it.each(['chat', 'complete', 'embed', 'rerank', 'models'] as const)('%s: a typed failure', async (operation) => {
    const requests = {
      chat: request,
      complete: { prompt: 'x' },
      embed: { input: 'x' },
      rerank: { query: 'x', documents: ['y'] },
      models: {},
    };
    for (const answer of [
      {},
      { results: 7 },
      { results: [null] },
      { choices: [1] },
      [],
      { errors: [{ code: 'x', message: 'y' }] },
    ]) {
      const outcome = await run(answer)
        .run(operation, requests[operation] as never)
        .catch((error: unknown) => error);
      if (outcome instanceof Error) expect(outcome).toHaveProperty('kind');
    }
  });
});
