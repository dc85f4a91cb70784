import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import { createClient } from '../../../src/index.ts';
import { cloudflare } from '../../../src/providers/cloudflare/cloudflare.ts';
import { reply, startMockServer } from '../../../src/testing/index.ts';
import { explained } from '../../support/explain.ts';
import { itExplains, openai, row } from '../../support/failure-rows.ts';
import { providerOn } from '../../support/recording-transport.ts';

type Settings = NonNullable<Parameters<typeof providerOn>[1]>;

const MODEL = '@cf/meta/llama-3.3-70b-instruct-fp8-fast';
const messages = [{ role: 'user' as const, content: 'Hi' }];
const on = (settings: object, answer?: Settings['answer'], env: Record<string, string> = {}): ReturnType<typeof providerOn> =>
  providerOn(cloudflare, { settings: { apiKey: 'token', ...settings }, env, ...(answer === undefined ? {} : { answer }) });

const sentBy = async (settings: object, env: Record<string, string> = {}) =>
  (await on(settings, undefined, env).run('chat', { messages }, { model: MODEL })).sent;

const API = 'https://api.cloudflare.com/client/v4/accounts/acc/ai';
const GATEWAY = 'https://gateway.ai.cloudflare.com/v1/acc/gw';

describe('where requests go', () => {
  it.each([
    [{ accountId: 'acc' }, `${API}/v1/chat/completions`],
    [{ accountId: 'acc', baseURL: 'https://api.cloudflare.com/client/v4/' }, `${API}/v1/chat/completions`],
    [{ baseURL: API }, `${API}/v1/chat/completions`],
    [{ baseURL: `${API}/v1` }, `${API}/v1/chat/completions`],
    [{ accountId: 'acc', gatewayId: 'gw' }, `${GATEWAY}/compat/chat/completions`],
    [{ baseURL: `${GATEWAY}/compat` }, `${GATEWAY}/compat/chat/completions`],
    [{ baseURL: `${GATEWAY}/workers-ai/v1` }, `${GATEWAY}/workers-ai/v1/chat/completions`],
  ])('%j', async (settings, url) => {
    expect((await sentBy(settings)).url).toBe(url);
  });

  it('natively, the model in the path', async () => {
    const answer = { result: { response: 'Hi' }, success: true };
    const urls = [];
    for (const settings of [
      { accountId: 'acc', api: 'run' },
      { baseURL: `${API}/run/` },
      { accountId: 'acc', gatewayId: 'gw', api: 'run' },
    ]) {
      urls.push((await on(settings, answer).run('chat', { messages }, { model: MODEL })).sent.url);
    }
    expect(urls).toEqual([`${API}/run/${MODEL}`, `${API}/run/${MODEL}`, `${GATEWAY}/workers-ai/${MODEL}`]);
  });

  it('needs an account, a key, and settings that it knows', () => {
    expect(() => on({})).toThrow(/accountId/);
    expect(() => on({ apiKey: '', accountId: 'acc' })).toThrow(/CLOUDFLARE_API_KEY/);
    expect(() => on({ accountId: 'acc', api: 'v2' })).toThrow(/"v1" or "run"/);
  });
});

describe('credentials', () => {
  it('are a bearer, and at a gateway its own token beside the key of the provider behind it', async () => {
    expect((await sentBy({ accountId: 'acc' })).headers).toMatchObject({ authorization: 'Bearer token' });
    const both = await sentBy({ accountId: 'acc', gatewayId: 'gw', gatewayKey: 'gate' });
    expect(both.headers).toMatchObject({ authorization: 'Bearer token', 'cf-aig-authorization': 'Bearer gate' });
    const stored = await sentBy({ accountId: 'acc', gatewayId: 'gw', gatewayKey: 'gate', apiKey: undefined });
    expect(stored.headers).toMatchObject({ 'cf-aig-authorization': 'Bearer gate' });
    expect(stored.headers).not.toHaveProperty('authorization');
    const env = { CLOUDFLARE_ACCOUNT_ID: 'acc', CLOUDFLARE_GATEWAY_ID: 'gw', CF_AIG_TOKEN: 'from-env' };
    const fromEnv = await sentBy({ apiKey: undefined }, env);
    expect(fromEnv).toMatchObject({
      url: `${GATEWAY}/compat/chat/completions`,
      headers: { 'cf-aig-authorization': 'Bearer from-env' },
    });
  });
});

describe('the native form', () => {
  const run = (answer: Settings['answer']): ReturnType<typeof providerOn> => on({ accountId: 'acc', api: 'run' }, answer);
  const result = (result: unknown): object => ({ result, success: true, errors: [], messages: [] });

  it('takes text, the bare schema and its own fields', async () => {
    const { sent, warnings } = await run(result({ response: { a: 1 } })).run('chat', {
      messages: [
        {
          role: 'developer',
          content: [
            { type: 'text', text: 'Be ' },
            { type: 'text', text: 'short.' },
          ],
        },
        { role: 'assistant', content: null },
        ...messages,
      ],
      max_completion_tokens: 5,
      user: 'u',
      response_format: { type: 'json_schema', json_schema: { name: 'x', schema: { type: 'object' } } },
      providerOptions: { cloudflare: { lora: 'mine', top_k: 3 } },
    });
    expect(sent.body).toEqual({
      messages: [{ role: 'system', content: 'Be short.' }, { role: 'assistant', content: '' }, messages[0]],
      max_tokens: 5,
      response_format: { type: 'json_schema', json_schema: { type: 'object' } },
      lora: 'mine',
      top_k: 3,
    });
    expect(warnings.join()).toContain('"user"');
  });

  it('answers in three shapes', async () => {
    const usage = { prompt_tokens: 10, completion_tokens: 3, total_tokens: 13 };
    const chat = async (body: object) => (await run(body).run('chat', { messages })).result;
    expect(await chat(result({ response: { a: 1 }, usage }))).toMatchObject({
      choices: [{ message: { content: '{"a":1}' }, finish_reason: 'stop' }],
      usage,
    });
    const tools = await chat(result({ response: null, tool_calls: [{ name: 'f', arguments: { a: 1 } }], usage }));
    expect(tools.choices[0]).toMatchObject({
      finish_reason: 'tool_calls',
      message: { content: null, tool_calls: [{ type: 'function', function: { name: 'f', arguments: '{"a":1}' } }] },
    });
    const whole = {
      choices: [{ index: 0, message: { role: 'assistant', content: 'Hi', reasoning: 'Hm.' }, finish_reason: 'model_length' }],
    };
    expect((await chat(result(whole))).choices[0]).toMatchObject({
      finish_reason: 'length',
      message: { content: 'Hi', reasoning_content: 'Hm.' },
    });
    await expect(chat({ success: false, errors: [{ code: 5007, message: 'No such model' }] })).rejects.toMatchObject({
      kind: 'not_found',
    });
    await expect(chat({ success: false, errors: ['an old model says no'] })).rejects.toMatchObject({
      reason: 'an old model says no',
    });
    await expect(chat({ unexpected: true })).rejects.toMatchObject({ kind: 'response_validation' });
  });

  it('streams with padding, tools and a sentinel, or as OpenAI does, or not at all', async () => {
    const streamed = async (
      answer: Settings['answer'],
    ): Promise<{ text: string; calls: string[]; finish: string; usage: unknown }> => {
      const { result: stream } = await run(answer).run('stream', { messages });
      const said = { text: '', calls: [] as string[], finish: '', usage: undefined as unknown };
      for await (const { choices } of stream) {
        said.text += choices[0]?.delta.content ?? '';
        for (const call of choices[0]?.delta.tool_calls ?? [])
          said.calls.push(`${call.function?.name}${call.function?.arguments}`);
        said.finish = choices[0]?.finish_reason ?? said.finish;
      }
      return { ...said, usage: stream.usage };
    };
    const frames = (...bodies: object[]): string =>
      `${bodies.map((body) => `data: ${JSON.stringify(body)}\n\n`).join('')}data: [DONE]\n\n`;
    const usage = { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 };
    const native = frames(
      { response: 'Hel', p: 'abdefghij' },
      { response: 'lo', p: 'ab' },
      {
        response: '',
        tool_calls: [
          { name: 'f', arguments: { a: 1 } },
          { id: null, name: null, arguments: null },
        ],
      },
      { response: '', usage },
    );
    expect(await streamed(native)).toEqual({ text: 'Hello', calls: ['f{"a":1}'], finish: 'tool_calls', usage });
    const chunk = { id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm' };
    const openaiForm = frames(
      { ...chunk, choices: [{ index: 0, delta: { content: 'Hi' }, finish_reason: null }] },
      { ...chunk, choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] },
      { ...chunk, choices: [], usage },
    );
    expect(await streamed(openaiForm)).toMatchObject({ text: 'Hi', finish: 'stop', usage });
    expect(await streamed(result({ response: 'whole', usage }))).toMatchObject({ text: 'whole', finish: 'stop', usage });
    await expect(streamed('data: {"response":"Hel","p":"x"}\n\n')).rejects.toMatchObject({ kind: 'stream_interrupted' });
  });

  it('embeds', async () => {
    const vectors = result({ shape: [1, 2], data: [[0.5, 0.25]], pooling: 'mean' });
    const { result: embedded, sent } = await run(vectors).run('embed', { input: ['a'] }, { model: '@cf/baai/bge-m3' });
    expect(sent).toMatchObject({ url: `${API}/run/@cf/baai/bge-m3`, body: { text: ['a'] } });
    expect(embedded.data[0]?.embedding).toEqual([0.5, 0.25]);
  });
});

describe('the list of models', () => {
  it('is read to its last page', async () => {
    const page = { success: true, result: [{ name: MODEL, properties: [{ property_id: 'context_window', value: '24000' }] }] };
    const { result, sent } = await on({ accountId: 'acc' }, { ...page, result_info: { page: 1, total_pages: 1 } }).run(
      'models',
      {},
    );
    expect(sent).toMatchObject({ method: 'GET', url: `${API}/models/search?page=1&per_page=100` });
    expect(result.data).toMatchObject([{ id: MODEL, context_window: 24000, owned_by: 'cloudflare' }]);
  });
});

describe('the same answer', () => {
  it("through OpenAI's SDK, the compatible form and the native one", async () => {
    await using mock = await startMockServer();
    const said = reply({ text: 'Alike', usage: { promptTokens: 4, completionTokens: 2 } });
    mock.enqueue('cloudflare', said, said, said);
    const baseURL = mock.baseURL('cloudflare');
    const sdk = new OpenAI({ apiKey: 'k', baseURL });
    const official = await sdk.chat.completions.create({ model: MODEL, messages });
    for (const api of ['v1', 'run']) {
      const llm = createClient({ use: [], providers: { cloudflare: { apiKey: 'k', baseURL, api } } });
      const ours = await llm.chat.completions.create({ model: `cloudflare/${MODEL}`, messages });
      expect(ours.choices[0]?.message.content).toBe(official.choices[0]?.message.content);
      expect(ours.usage).toMatchObject({ total_tokens: official.usage?.total_tokens });
      expect(ours.choices[0]?.finish_reason).toBe(official.choices[0]?.finish_reason);
      await llm.close();
    }
  });
});

const rest = (code: number | undefined, message: string): object => ({
  success: false,
  errors: [{ code, message }],
  messages: [],
  result: null,
});
const gateway = (code: number, message: string): object => ({
  success: false,
  result: [],
  messages: [],
  error: [{ code, message }],
});

describe('how Cloudflare fails', () => {
  itExplains('cloudflare', [
    row(400, rest(5007, 'No such model @cf/x or task'), 'NotFoundError'),
    row(404, rest(3042, 'Invalid model ID'), 'NotFoundError'),
    row(400, rest(5004, 'Invalid data'), 'BadRequestError'),
    row(413, rest(3010, 'AiError: tokens exceeded this model context window limit (8192)'), 'ContextWindowExceededError'),
    row(400, rest(5021, 'AiError: 5021: too long'), 'ContextWindowExceededError'),
    row(400, rest(undefined, "AiError: 8007: This model's maximum context length is 8192 tokens"), 'ContextWindowExceededError'),
    row(413, rest(3006, 'Request too large'), 'RequestTooLargeError'),
    row(403, rest(5016, 'Model terms not accepted'), 'PermissionDeniedError'),
    row(405, rest(5005, 'LoRA unsupported'), 'BadRequestError'),
    row(408, rest(3007, 'Timeout'), 'TimeoutError'),
    row(408, rest(3008, 'Aborted'), 'TimeoutError'),
    row(429, rest(3040, 'Capacity temporarily exceeded'), 'ServiceUnavailableError'),
    row(429, rest(3036, 'Account limited'), 'RateLimitError', { retryable: false }),
    row(429, rest(4006, 'you have used up your daily free allocation of 10,000 neurons'), 'InsufficientCreditsError'),
    row(422, { error: '4006: you have used up your daily free allocation of 10,000 neurons' }, 'InsufficientCreditsError'),
    row(400, rest(9106, 'Authentication failed (status: 400)'), 'AuthenticationError'),
    row(401, rest(10000, 'Authentication error'), 'AuthenticationError'),
    row(400, rest(7003, 'Could not route to /accounts/x'), 'NotFoundError'),
    row(400, gateway(2001, 'Please configure AI Gateway in the Cloudflare dashboard'), 'NotFoundError'),
    row(429, gateway(2003, 'Rate limited'), 'RateLimitError'),
    row(401, gateway(2009, 'Unauthorized'), 'AuthenticationError'),
    row(424, gateway(2016, 'Prompt blocked due to security configurations'), 'ContentPolicyViolationError'),
    row(424, gateway(2017, 'Response blocked due to security configurations'), 'ContentPolicyViolationError'),
    row(400, gateway(2019, 'Chat completion bad format'), 'BadRequestError'),
    row(503, '<html><title>503</title></html>', 'ServiceUnavailableError'),
    row(524, '', 'TimeoutError'),
    row(429, openai('Rate limit reached', 'rate_limit_exceeded', 'requests'), 'RateLimitError'),
  ]);

  it('takes the ray for the request id', async () => {
    expect(await explained('cloudflare', 500, {}, { headers: { 'cf-ray': '9f-HAM' } })).toMatchObject({ requestID: '9f-HAM' });
  });
});
