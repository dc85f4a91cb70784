import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import { createClient } from '../../src/index.ts';
import { textCompletionOpenAI } from '../../src/providers/text-completion-openai/text-completion-openai.ts';
import { reply, startMockServer } from '../../src/testing/index.ts';
import { explained } from '../support/explain.ts';
import { itExplains, openai, row } from '../support/failure-rows.ts';
import { providerOn } from '../support/recording-transport.ts';

type Settings = NonNullable<Parameters<typeof providerOn>[1]>;

const on = (answer: Settings['answer'], settings: object = {}) =>
  providerOn(textCompletionOpenAI, { settings: { apiKey: 'k', ...settings }, ...(answer === undefined ? {} : { answer }) });

const ANSWER = {
  id: 'cmpl-7',
  object: 'text_completion',
  created: 1690759702,
  model: 'gpt-3.5-turbo-instruct',
  system_fingerprint: 'fp_1',
  choices: [
    {
      text: '\n\nThis',
      index: 0,
      finish_reason: 'length',
      logprobs: { tokens: ['This'], token_logprobs: [-0.5], top_logprobs: [{ This: -0.5, That: -1.5 }], text_offset: [3] },
    },
  ],
  usage: { prompt_tokens: 5, completion_tokens: 1, total_tokens: 6 },
};
const model = { model: 'gpt-3.5-turbo-instruct' };
const user = (content: string) => ({ role: 'user' as const, content });

describe('chat over completions', () => {
  it('sends one message word for word and reads the text untrimmed', async () => {
    const { sent, result } = await on(ANSWER).run(
      'chat',
      {
        messages: [user(' Say this ')],
        max_completion_tokens: 7,
        logprobs: true,
        top_logprobs: 9,
        n: 1,
        stop: '',
        seed: 0,
        user: 'u',
      },
      model,
    );
    expect(sent).toMatchObject({ url: 'https://api.openai.com/v1/completions' });
    expect(sent.body).toEqual({ model: model.model, prompt: ' Say this ', max_tokens: 7, logprobs: 5, n: 1, seed: 0, user: 'u' });
    expect(result).toMatchObject({
      id: 'cmpl-7',
      object: 'chat.completion',
      system_fingerprint: 'fp_1',
      usage: { total_tokens: 6 },
      choices: [{ message: { role: 'assistant', content: '\n\nThis' }, finish_reason: 'length' }],
    });
    expect(result.choices[0]?.logprobs?.content).toEqual([
      {
        token: 'This',
        logprob: -0.5,
        bytes: null,
        top_logprobs: [
          { token: 'This', logprob: -0.5, bytes: null },
          { token: 'That', logprob: -1.5, bytes: null },
        ],
      },
    ]);
  });

  it('joins several messages, by default with a newline', async () => {
    const messages = [
      { role: 'system' as const, content: 'Rhyme.' },
      user('One'),
      { role: 'assistant' as const, content: null },
      user('Two'),
    ];
    expect((await on(ANSWER).run('chat', { messages }, model)).sent.body.prompt).toBe('Rhyme.\nOne\nTwo');
    expect((await on(ANSWER, { separator: ' ' }).run('chat', { messages }, model)).sent.body.prompt).toBe('Rhyme. One Two');
  });

  it('refuses what has no counterpart', async () => {
    const image = [{ type: 'image_url' as const, image_url: { url: 'data:image/png;base64,AA==' } }];
    const refused = (request: object) => on(ANSWER).run('chat', { messages: [user('x')], ...request }, model);
    await expect(refused({ messages: [{ role: 'user', content: image }] })).rejects.toMatchObject({ kind: 'unsupported_params' });
    await expect(refused({ response_format: { type: 'json_object' } })).rejects.toMatchObject({ param: 'response_format' });
    await expect(refused({ tools: [{ type: 'function', function: { name: 'f' } }] })).rejects.toMatchObject({ param: 'tools' });
  });

  it('reads the same as OpenAI’s SDK reads the completion', async () => {
    await using mock = await startMockServer();
    const baseURL = mock.baseURL('text-completion-openai');
    const said = reply({ text: 'Upon a time', usage: { promptTokens: 5, completionTokens: 3 } });
    mock.enqueue('text-completion-openai', said, said, said, said);
    const sdk = new OpenAI({ apiKey: 'k', baseURL });
    const llm = createClient({ use: [], providers: { 'text-completion-openai': { apiKey: 'k', baseURL } } });
    const official = await sdk.completions.create({ ...model, prompt: 'Once' });
    const chat = { model: `text-completion-openai/${model.model}`, messages: [user('Once')] };
    const ours = await llm.chat.completions.create(chat);
    expect(ours.choices[0]?.message.content).toBe(official.choices[0]?.text);
    expect(ours.usage).toEqual(official.usage);
    let theirs = '';
    for await (const chunk of await sdk.completions.create({ ...model, prompt: 'Once', stream: true }))
      theirs += chunk.choices[0]?.text ?? '';
    const stream = await llm.chat.completions.create({ ...chat, stream: true });
    const deltas = [];
    for await (const chunk of stream) deltas.push(chunk.choices[0]);
    expect(deltas.map((choice) => choice?.delta.content ?? '').join('')).toBe(theirs);
    expect(deltas[0]?.delta.role).toBe('assistant');
    expect(deltas.at(-1)).toMatchObject({ delta: {}, finish_reason: 'stop' });
    expect(stream.route.usage?.total_tokens).toBe(8);
    await llm.close();
  });

  it('fails with an error in mid-stream', async () => {
    const answer =
      'data: {"id":"c","object":"text_completion","created":1,"model":"m","choices":[{"text":"Hi","index":0,"logprobs":null,"finish_reason":null}]}\n\n' +
      'data: {"error":{"message":"The server had an error","type":"server_error","param":null,"code":null}}\n\n';
    const { result } = await on(answer).run('stream', { messages: [user('x')] }, model);
    await expect(
      (async () => {
        for await (const _ of result);
      })(),
    ).rejects.toMatchObject({ kind: 'internal_server', partial: { content: 'Hi' } });
  });

  it('points chat models to where they are', async () => {
    const text =
      'This is a chat model and not supported in the v1/completions endpoint. Did you mean to use v1/chat/completions?';
    const error = await explained('text-completion-openai', 404, openai(text));
    expect(error).toMatchObject({ kind: 'not_found', reason: expect.stringContaining('openai/<model>') });
  });

  itExplains('text-completion-openai', [
    row(404, openai('The model `text-davinci-003` has been deprecated, learn more here', 'model_not_found'), 'NotFoundError'),
    row(400, openai('you must provide a model parameter'), 'BadRequestError'),
    row(400, openai('Your request was rejected as a result of our safety system'), 'ContentPolicyViolationError'),
    row(429, openai('You exceeded your current quota', 'insufficient_quota', 'insufficient_quota'), 'InsufficientCreditsError'),
    row(429, openai('Rate limit reached', 'rate_limit_exceeded', 'tokens'), 'RateLimitError'),
    row(503, openai('The server is currently overloaded', null, 'server_error'), 'ServiceUnavailableError'),
  ]);
});
