import { ApiError, type GenerateContentResponse, GoogleGenAI } from '@google/genai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ChatChunk, ChatReply, ChatRequest } from '../../../src/contract/chat.ts';
import type { Operation } from '../../../src/contract/codec.ts';
import type { MockFailureName, MockReply, MockRequest } from '../../../src/contract/mock.ts';
import { geminiServer } from '../../../src/dialects/gemini/server.ts';
import { isLLMError } from '../../../src/errors/catalogue.ts';
import { callOf } from '../../support/call.ts';
import { type GeminiLoopback, said, startGeminiLoopback } from './gemini-loopback.ts';

const MODEL = 'gemini-3.6-flash';
const target = { provider: 'gemini', model: MODEL };
let loopback: GeminiLoopback;
let sdk: GoogleGenAI;

beforeAll(async () => {
  loopback = await startGeminiLoopback();
  // the SDK's own default is v1; previews, caches and new fields are in v1beta
  sdk = new GoogleGenAI({ apiKey: 'test-key', httpOptions: { baseUrl: loopback.baseURL, apiVersion: 'v1beta' } });
});
afterAll(() => loopback.close());

function operation<K extends 'chat' | 'stream' | 'embed' | 'models'>(name: K): Operation<K> {
  const found = loopback.provider.operations[name];
  if (found === undefined) throw new Error(`no ${name}`);
  return found as Operation<K>;
}

const request: ChatRequest = { messages: [{ role: 'user', content: 'Hello' }], stream_options: { include_usage: true } };
const ours = (): Promise<ChatReply> => operation('chat')(callOf('chat', request, target));

async function ourChunks(): Promise<ChatChunk[]> {
  const chunks: ChatChunk[] = [];
  for await (const chunk of await operation('stream')(callOf('stream', request, target))) chunks.push(chunk);
  return chunks;
}

const theirs = (): Promise<GenerateContentResponse> => sdk.models.generateContent({ model: MODEL, contents: 'Hello' });

async function theirChunks(): Promise<GenerateContentResponse[]> {
  const chunks: GenerateContentResponse[] = [];
  for await (const chunk of await sdk.models.generateContentStream({ model: MODEL, contents: 'Hello' })) chunks.push(chunk);
  return chunks;
}

const REPLIES: Readonly<Record<string, MockReply>> = {
  text: said({ text: 'Hello from Oslo.' }),
  'thoughts and counts': said({
    text: 'Four.',
    reasoning: 'Two and two.',
    usage: { promptTokens: 12, completionTokens: 34, cachedTokens: 5, reasoningTokens: 30 },
  }),
  'tool calls': said({
    toolCalls: [
      { id: 'a1', name: 'get_weather', arguments: { city: 'Oslo', days: [1, 2] } },
      { name: 'get_time', arguments: {} },
    ],
    finishReason: 'tool_calls',
  }),
  'text and a call': said({ text: 'One moment.', toolCalls: [{ name: 'f', arguments: { x: 1 } }], finishReason: 'tool_calls' }),
  cut: said({ text: 'Once upon', finishReason: 'length' }),
  filtered: said({ text: 'Once upon', finishReason: 'content_filter' }),
};

const THEIR_REASON = { stop: 'STOP', tool_calls: 'STOP', length: 'MAX_TOKENS', content_filter: 'SAFETY' } as const;

interface Seen {
  readonly text: string;
  readonly reasoning: string;
  readonly calls: readonly unknown[];
  readonly usage: readonly (number | undefined)[];
}

function seenBySDK(responses: readonly GenerateContentResponse[]): Seen {
  const parts = responses.flatMap((response) => response.candidates?.[0]?.content?.parts ?? []);
  const textOf = (thought: boolean) =>
    parts.flatMap((part) => (Boolean(part.thought) === thought ? (part.text ?? '') : '')).join('');
  const usage = responses.at(-1)?.usageMetadata;
  return {
    text: textOf(false),
    reasoning: textOf(true),
    calls: responses.flatMap((response) => response.functionCalls ?? []).map(({ name, args }) => [name, args]),
    usage: [
      usage?.promptTokenCount,
      (usage?.candidatesTokenCount ?? 0) + (usage?.thoughtsTokenCount ?? 0),
      usage?.totalTokenCount,
      usage?.cachedContentTokenCount,
      usage?.thoughtsTokenCount,
    ],
  };
}

const usageOf = (usage: ChatReply['usage'] | null): readonly (number | undefined)[] => [
  usage?.prompt_tokens,
  usage?.completion_tokens,
  usage?.total_tokens,
  usage?.prompt_tokens_details?.cached_tokens,
  usage?.completion_tokens_details?.reasoning_tokens,
];

const callsOf = (calls: readonly { function?: { name?: string; arguments?: string } }[]): unknown[] =>
  calls.map((call) => [call.function?.name, JSON.parse(call.function?.arguments ?? '')]);

describe.each(Object.entries(REPLIES))('%s', (_name, reply) => {
  it('whole: the SDK and we read the same', async () => {
    loopback.script = reply;
    const their = await theirs();
    const our = await ours();
    const [choice] = our.choices;
    const { message } = choice ?? {};
    expect({
      text: message?.content ?? '',
      reasoning: message?.reasoning_content ?? '',
      calls: callsOf((message?.tool_calls ?? []) as object[]),
      usage: usageOf(our.usage),
    }).toEqual(seenBySDK([their]));
    expect(choice?.finish_reason).toBe(reply.finishReason);
    expect(their.candidates?.[0]?.finishReason).toBe(THEIR_REASON[reply.finishReason]);
    expect([our.id, our.model]).toEqual([their.responseId, their.modelVersion]);
    expect([message?.content ?? '', message?.reasoning_content ?? '']).toEqual([reply.text, reply.reasoning]);
  });

  it('streamed: the SDK and we read the same', async () => {
    loopback.script = reply;
    const their = await theirChunks();
    const our = await ourChunks();
    const deltas = our.flatMap(({ choices }) => choices.map(({ delta }) => delta));
    expect({
      text: deltas.map(({ content }) => content ?? '').join(''),
      reasoning: deltas.map(({ reasoning_content: reasoning }) => reasoning ?? '').join(''),
      calls: callsOf(deltas.flatMap(({ tool_calls: calls }) => calls ?? [])),
      usage: usageOf(our.at(-1)?.usage),
    }).toEqual(seenBySDK(their));
    expect(our.flatMap(({ choices }) => choices.flatMap(({ finish_reason: reason }) => reason ?? []))).toEqual([
      reply.finishReason,
    ]);
    expect(their.at(-1)?.candidates?.[0]?.finishReason).toBe(THEIR_REASON[reply.finishReason]);
    expect(our.at(-1)?.choices).toEqual([]);
    expect(deltas[0]?.role).toBe('assistant');
  });
});

const FAILURES: readonly (readonly [MockFailureName, number, string, boolean])[] = [
  ['rateLimit', 429, 'rate_limit', true],
  ['quota', 402, 'insufficient_credits', false],
  ['overloaded', 503, 'service_unavailable', true],
  ['unavailable', 503, 'service_unavailable', true],
  ['contextWindow', 400, 'context_window_exceeded', false],
  ['auth', 400, 'authentication', false],
  ['notFound', 404, 'not_found', false],
  ['badRequest', 400, 'bad_request', false],
  ['internal', 500, 'internal_server', true],
];

async function errorOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => {
      throw new Error('no failure');
    },
    (error: unknown) => error,
  );
}

describe('failures', () => {
  it.each(FAILURES)('%s is %i for the SDK and %s for us', async (name, status, kind, retryable) => {
    loopback.script = (ask) => geminiServer.failure(name, ask, name === 'rateLimit' ? { retryAfterSeconds: 7 } : {});
    for (const their of [await errorOf(theirs()), await errorOf(theirChunks())]) {
      expect(their).toBeInstanceOf(ApiError);
      expect(their).toMatchObject({ status });
    }
    for (const our of [await errorOf(ours()), await errorOf(ourChunks())]) {
      expect(isLLMError(our)).toBe(true);
      expect(our).toMatchObject({ kind, retryable, ...(name === 'auth' ? {} : { status }) });
      expect((our as { retryAfterMs?: number }).retryAfterMs).toBe(name === 'rateLimit' ? 7000 : undefined);
    }
  });

  it('a blocked prompt has no candidates for the SDK and is a policy violation for us', async () => {
    loopback.script = (ask) => geminiServer.failure('contentPolicy', ask, {});
    for (const their of [await theirs(), ...(await theirChunks())]) {
      expect(their.candidates).toBeUndefined();
      expect(their.promptFeedback?.blockReason).toBe('PROHIBITED_CONTENT');
    }
    for (const our of [await errorOf(ours()), await errorOf(ourChunks())]) {
      expect(our).toMatchObject({ kind: 'content_policy_violation', status: 400, retryable: false });
      expect(our).toMatchObject({
        message: expect.stringContaining('PROHIBITED_CONTENT'),
        details: { filter: [{ category: 'HARM_CATEGORY_SEXUALLY_EXPLICIT' }] },
      });
    }
  });

  it('a wrong key is refused', async () => {
    const stranger = new GoogleGenAI({ apiKey: 'wrong', httpOptions: { baseUrl: loopback.baseURL } });
    const their = await errorOf(stranger.models.generateContent({ model: MODEL, contents: 'Hello' }));
    expect(their).toMatchObject({ status: 400, message: expect.stringContaining('API_KEY_INVALID') });
  });

  it('an error event breaks both streams', async () => {
    const { frames } = geminiServer.stream(REPLIES.text as MockReply, {
      operation: 'chat',
      model: MODEL,
      stream: true,
      includeUsage: true,
    });
    loopback.script = () => ({ frames: [frames[0]?.text ?? '', String(geminiServer.errorFrame('overloaded'))] });
    expect(await errorOf(theirChunks())).toMatchObject({ status: 503 });
    expect(await errorOf(ourChunks())).toMatchObject({
      kind: 'service_unavailable',
      status: 503,
      partial: { content: expect.stringMatching(/^Hello/) },
    });
  });

  it('a raw error and a missing end break ours', async () => {
    const { frames } = geminiServer.stream(REPLIES.text as MockReply, {
      operation: 'chat',
      model: MODEL,
      stream: true,
      includeUsage: true,
    });
    const raw = '{"error": {"code": 503, "message": "overloaded", "status": "UNAVAILABLE"}}\n';
    loopback.script = () => ({ frames: [frames[0]?.text ?? '', raw] });
    expect(await errorOf(ourChunks())).toMatchObject({ kind: 'service_unavailable' });
    loopback.script = () => ({ frames: frames.filter((frame) => !frame.terminal).map((frame) => frame.text) });
    expect(await errorOf(ourChunks())).toMatchObject({ kind: 'stream_interrupted' });
  });

  it('the list form of an answer is read as a stream', async () => {
    loopback.script = (ask) => {
      const whole = geminiServer.reply(REPLIES['thoughts and counts'] as MockReply, ask);
      return { ...whole, body: [whole.body] };
    };
    const chunks = await ourChunks();
    expect(chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('')).toBe('Four.');
    loopback.script = (ask) => {
      const { body, ...rest } = geminiServer.failure('overloaded', ask, {});
      return { ...rest, body: [body] };
    };
    expect(await errorOf(ourChunks())).toMatchObject({ kind: 'service_unavailable' });
  });
});

function lastTwo(): readonly [MockRequest, MockRequest] {
  const [first, second] = loopback.requests.slice(-2);
  if (first === undefined || second === undefined) throw new Error('fewer than two requests');
  return [first, second];
}

describe('other operations', () => {
  it('embeddings: the SDK and we read the same', async () => {
    loopback.script = said({});
    const model = 'gemini-embedding-001';
    const their = await sdk.models.embedContent({ model, contents: ['a', 'bcd'], config: { outputDimensionality: 9 } });
    const our = await operation('embed')(callOf('embed', { input: ['a', 'bcd'], dimensions: 9 }, { provider: 'gemini', model }));
    expect(our.data.map(({ embedding }) => embedding)).toEqual(their.embeddings?.map(({ values }) => values));
    expect(our.data[1]?.embedding).toEqual([3, 9, 0.5]);
    const [theirRequest, ourRequest] = lastTwo();
    expect(ourRequest.path).toBe(theirRequest.path);
    expect(ourRequest.headers['x-goog-api-key']).toBe('test-key');
  });

  it('models: the SDK and we read the same', async () => {
    loopback.script = said({});
    const names: (string | undefined)[] = [];
    for await (const model of await sdk.models.list()) names.push(model.name);
    const our = await operation('models')(callOf('models', {}, target));
    expect(our.data.map(({ id }) => `models/${id}`)).toEqual(names);
  });

  it('counting works for the SDK', async () => {
    loopback.script = said({});
    expect(await sdk.models.countTokens({ model: MODEL, contents: 'Hello' })).toMatchObject({ totalTokens: 12 });
  });

  it('an unknown route is a 404', async () => {
    expect(await errorOf(sdk.models.computeTokens({ model: MODEL, contents: 'x' }))).toBeInstanceOf(Error);
    expect(geminiServer.ask({ method: 'POST', path: '/v1beta/models/x:fly', headers: {}, body: {} })).toBeUndefined();
    expect(geminiServer.ask({ method: 'GET', path: '/v1beta/files', headers: {}, body: undefined })).toBeUndefined();
  });
});

describe('what the SDK would send', () => {
  it('for a second turn with a signed call is what we send', async () => {
    loopback.script = REPLIES['tool calls'] as MockReply;
    const their = await theirs();
    const { message } = (await ours()).choices[0] ?? {};
    if (message === undefined) throw new Error('no message');
    const parameters = { type: 'object', properties: { city: { type: 'string' } } };
    await sdk.models.generateContent({
      model: MODEL,
      contents: [
        { role: 'user', parts: [{ text: 'Hello' }] },
        their.candidates?.[0]?.content ?? {},
        { role: 'user', parts: [{ functionResponse: { id: 'a1', name: 'get_weather', response: { output: 'sunny' } } }] },
      ],
      config: {
        systemInstruction: { parts: [{ text: 'Be brief' }] },
        temperature: 0.5,
        maxOutputTokens: 99,
        stopSequences: ['END'],
        thinkingConfig: { includeThoughts: true, thinkingLevel: 'LOW' as never },
        responseMimeType: 'application/json',
        responseJsonSchema: { type: 'object' },
        tools: [{ functionDeclarations: [{ name: 'get_weather', description: 'Now', parametersJsonSchema: parameters }] }],
        toolConfig: { functionCallingConfig: { mode: 'ANY' as never, allowedFunctionNames: ['get_weather'] } },
        safetySettings: [{ category: 'HARM_CATEGORY_HARASSMENT' as never, threshold: 'OFF' as never }],
      },
    });
    await operation('chat')(
      callOf(
        'chat',
        {
          messages: [
            { role: 'system', content: 'Be brief' },
            { role: 'user', content: 'Hello' },
            message,
            { role: 'tool', tool_call_id: 'a1', content: 'sunny' },
          ],
          temperature: 0.5,
          max_completion_tokens: 99,
          stop: 'END',
          reasoning_effort: 'low',
          response_format: { type: 'json_schema', json_schema: { name: 'x', schema: { type: 'object' } } },
          tools: [{ type: 'function', function: { name: 'get_weather', description: 'Now', parameters } }],
          tool_choice: { type: 'function', function: { name: 'get_weather' } },
          providerOptions: { gemini: { safetySettings: [{ category: 'HARM_CATEGORY_HARASSMENT', threshold: 'OFF' }] } },
        },
        target,
      ),
    );
    const [theirRequest, ourRequest] = lastTwo();
    // the SDK gives the instruction a role, which is not read
    const { systemInstruction, contents, ...their2 } = theirRequest.body as Record<string, unknown>;
    const { systemInstruction: ourSystem, contents: ourContents, ...our2 } = ourRequest.body as Record<string, unknown>;
    expect(our2).toEqual(their2);
    expect(systemInstruction).toMatchObject(ourSystem as object);
    // the second call came without an id; ours has one of its own
    expect(JSON.stringify(ourContents).replace(/"id":"call_[^"]+",/, '')).toBe(
      JSON.stringify(
        (contents as { role: string; parts: unknown }[]).map(({ role, parts }) => ({ role, parts: inOurOrder(parts) })),
      ),
    );
    expect(ourRequest.path).toBe(theirRequest.path);
  });
});

const FIELD_ORDER = ['text', 'functionCall', 'functionResponse', 'thoughtSignature'];
const ID_FIRST = ['id', 'name', 'args', 'response'];

function inOurOrder(parts: unknown): unknown {
  return (parts as Record<string, unknown>[]).map((part) =>
    ordered(
      Object.fromEntries(
        Object.entries(part).map(([field, value]) => [
          field,
          typeof value === 'object' && value !== null ? ordered(value as Record<string, unknown>, ID_FIRST) : value,
        ]),
      ),
      FIELD_ORDER,
    ),
  );
}

const ordered = (value: Record<string, unknown>, order: readonly string[]): Record<string, unknown> =>
  Object.fromEntries(Object.entries(value).sort(([a], [b]) => order.indexOf(a) - order.indexOf(b)));
