import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LLMClient } from '../../../src/index.ts';
import { createClient, NotFoundError, retry } from '../../../src/index.ts';
import type { MockServer } from '../../../src/testing/index.ts';
import { fault, reply, startMockServer } from '../../../src/testing/index.ts';
import { rejection } from '../../support/client.ts';
import { itExplains, row } from '../../support/failure-rows.ts';

const messages = [
  { role: 'system' as const, content: 'Be brief' },
  { role: 'user' as const, content: 'hi' },
  { role: 'assistant' as const, content: 'hello' },
  { role: 'user' as const, content: 'how are you?' },
];
const CHAT = 'palm/chat-bison-001';

let mock: MockServer;
let llm: LLMClient;
beforeEach(async () => {
  mock = await startMockServer();
  llm = createClient({ use: [], providers: { palm: { apiKey: 'palm-key-123', baseURL: mock.baseURL('palm') } } });
});
afterEach(async () => {
  await llm.close();
  await mock.close();
});

describe('without an address', () => {
  it.each([
    ['chat-bison-001', 'gemini/gemini-2.5-flash'],
    ['text-bison-001', 'gemini/gemini-2.5-flash'],
    ['code-bison', 'gemini/gemini-2.5-pro'],
    ['embedding-gecko-001', 'gemini/gemini-embedding-001'],
    ['textembedding-gecko@003', 'gemini/gemini-embedding-001'],
    ['gemini-2.5-pro', 'gemini/gemini-2.5-pro'],
    ['whatever', 'gemini/'],
  ])('%s is gone, use %s, nothing is sent, no key is asked for, nothing is repeated', async (name, advice) => {
    let sent = 0;
    const fetch = async (): Promise<Response> => {
      sent++;
      return new Response('{}');
    };
    const gone = createClient({ fetch, use: [retry()] });
    const model = `palm/${name}`;
    for (const call of [
      () => gone.chat.completions.create({ model, messages }),
      () => gone.chat.completions.create({ model, messages, stream: true }),
      () => gone.completions.create({ model, prompt: 'x' }),
      () => gone.embeddings.create({ model, input: 'x' }),
    ]) {
      const error = await rejection(call());
      expect(error).toBeInstanceOf(NotFoundError);
      expect(error).toMatchObject({ code: 'model_retired', status: 404, provider: 'palm', model: name, retryable: false });
      expect((error as Error).message).toContain(name);
      expect((error as Error).message).toContain(advice);
      expect((error as NotFoundError).attempts).toHaveLength(1);
    }
    expect(sent).toBe(0);
    await gone.close();
  });
});

describe('with an address', () => {
  it('chat models get messages', async () => {
    mock.enqueue('palm', 'fine', 'streamed whole');
    const whole = await llm.chat.completions.create({ model: CHAT, messages, temperature: 0.5, n: 1 });
    expect(whole).toMatchObject({
      object: 'chat.completion',
      choices: [{ finish_reason: 'stop', message: { content: 'fine' } }],
    });
    expect(mock.requests[0]).toMatchObject({
      path: '/v1beta2/models/chat-bison-001:generateMessage?key=[redacted]',
      body: {
        temperature: 0.5,
        prompt: {
          context: 'Be brief',
          messages: [
            { author: '0', content: 'hi' },
            { author: '1', content: 'hello' },
            { author: '0', content: 'how are you?' },
          ],
        },
      },
    });
    const chunks = [];
    for await (const chunk of await llm.chat.completions.create({ model: CHAT, messages, stream: true })) chunks.push(chunk);
    expect(chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('')).toBe('streamed whole');
    expect(chunks.at(-1)?.choices[0]?.finish_reason).toBe('stop');
  });

  it('text models get one text, for chat and for completions', async () => {
    mock.enqueue('palm', 'one', 'two', 'three');
    const model = 'palm/text-bison-001';
    const chat = await llm.chat.completions.create({ model, messages, max_tokens: 9, stop: 'END' });
    expect(chat.choices[0]?.message.content).toBe('one');
    expect(mock.requests[0]).toMatchObject({
      path: '/v1beta2/models/text-bison-001:generateText?key=[redacted]',
      body: {
        prompt: { text: expect.stringMatching(/^Be brief\nUser: hi\nAssistant: hello\n/) },
        maxOutputTokens: 9,
        stopSequences: ['END'],
      },
    });
    expect((await llm.completions.create({ model, prompt: 'Once' })).choices[0]?.text).toBe('two');
    let text = '';
    for await (const chunk of await llm.completions.create({ model, prompt: 'Once', stream: true }))
      text += chunk.choices[0]?.text ?? '';
    expect(text).toBe('three');
  });

  it('embeds one text or several', async () => {
    const model = 'palm/embedding-gecko-001';
    const several = await llm.embeddings.create({ model, input: ['a', 'b'] });
    const one = await llm.embeddings.create({ model, input: 'b' });
    expect(several.data[1]?.embedding).toEqual(one.data[0]?.embedding);
    expect(mock.requests.map(({ path }) => /:(\w+)/.exec(path)?.[1])).toEqual(['batchEmbedText', 'embedText']);
  });

  it('filters that left nothing are a policy violation', async () => {
    const nothing = reply({ text: '', finishReason: 'content_filter' });
    mock.enqueue('palm', nothing, nothing, fault.contentPolicy());
    for (const stream of [false, true, false]) {
      const error = await rejection(llm.chat.completions.create({ model: CHAT, messages, stream }));
      expect(error).toMatchObject({ kind: 'content_policy_violation', status: 400, message: expect.stringContaining('SAFETY') });
    }
  });

  it.each([
    { tools: [{ type: 'function' as const, function: { name: 'f' } }] },
    { max_tokens: 9 },
    { stop: 'x' },
    { seed: 1 },
    { response_format: { type: 'json_object' as const } },
  ])('refuses %j', async (params) => {
    expect(await rejection(llm.chat.completions.create({ model: CHAT, messages, ...params }))).toMatchObject({
      kind: 'unsupported_params',
    });
    expect(mock.requests).toEqual([]);
  });

  it('keeps the key to itself', async () => {
    mock.enqueue(
      'palm',
      fault.status(400, { error: { code: 400, message: 'see ?key=palm-key-123', status: 'INVALID_ARGUMENT' } }),
    );
    const error = await rejection(llm.chat.completions.create({ model: CHAT, messages }));
    expect(String(error) + JSON.stringify(error)).not.toContain('palm-key-123');
    const wrong = createClient({ use: [], providers: { palm: { apiKey: 'wrong', baseURL: mock.baseURL('palm') } } });
    expect(await rejection(wrong.chat.completions.create({ model: CHAT, messages }))).toMatchObject({ kind: 'authentication' });
    await wrong.close();
  });
});

const google = (code: number, status: string, message: string) => ({ error: { code, message, status } });

describe('failures of PaLM', () => {
  itExplains('palm', [
    row(400, google(400, 'INVALID_ARGUMENT', 'API key not valid. Please pass a valid API key.'), 'AuthenticationError'),
    row(400, google(400, 'INVALID_ARGUMENT', 'Invalid value at prompt'), 'BadRequestError'),
    row(400, google(400, 'FAILED_PRECONDITION', 'User location is not supported for the API use.'), 'PermissionDeniedError'),
    row(401, google(401, 'UNAUTHENTICATED', 'Request had invalid authentication credentials.'), 'AuthenticationError'),
    row(403, google(403, 'PERMISSION_DENIED', 'The caller does not have permission'), 'PermissionDeniedError'),
    row(404, google(404, 'NOT_FOUND', 'models/textembedding-gecko is not found for API version v1beta2'), 'NotFoundError'),
    row(429, google(429, 'RESOURCE_EXHAUSTED', 'Resource has been exhausted (e.g. check quota).'), 'RateLimitError'),
    row(500, google(500, 'INTERNAL', 'An internal error has occurred.'), 'InternalServerError'),
    row(503, google(503, 'UNAVAILABLE', 'The service is currently unavailable.'), 'ServiceUnavailableError'),
    row(504, google(504, 'DEADLINE_EXCEEDED', 'Deadline exceeded'), 'TimeoutError'),
  ]);
});
