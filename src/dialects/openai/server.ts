import type { MockAnswer, MockAsk, MockDialect, MockFrame, MockReply, MockRequest } from '../../contract/mock.ts';
import { isRecord } from '../chat-rules.ts';
import { toBase64 } from './embeddings.ts';
import { openaiBatches } from './server-batches.ts';
import { openaiErrorFrame, openaiFailure, requestHeaders } from './server-failures.ts';

const CREATED = 1_767_323_045;

const ROUTES: ReadonlyMap<string, MockAsk['operation']> = new Map([
  ['/chat/completions', 'chat'],
  ['/completions', 'complete'],
  ['/embeddings', 'embed'],
  ['/rerank', 'rerank'],
  ['/models', 'models'],
]);

/** The dialect backwards, under `/v1` or at the root. */
export const openaiServer: MockDialect = {
  ask,
  authorized: (request) => {
    const key = keyOf(request);
    return key !== undefined && key !== '' && key !== 'wrong';
  },
  reply: (reply, asked) => ({ status: 200, headers: requestHeaders, body: wholeReply(reply, asked) }),
  stream: (reply, asked) => ({
    headers: { ...requestHeaders, 'content-type': 'text/event-stream; charset=utf-8' },
    frames: asked.operation === 'complete' ? completionFrames(reply, asked) : chatFrames(reply, asked),
  }),
  embeddings: (vectors, asked) => ({ status: 200, headers: requestHeaders, body: embeddingsBody(vectors, asked) }),
  rerank: (results, asked) => ({ status: 200, headers: requestHeaders, body: rerankBody(results, asked) }),
  models: (ids): MockAnswer => ({
    status: 200,
    headers: requestHeaders,
    body: { object: 'list', data: ids.map((id) => ({ id, object: 'model', created: CREATED, owned_by: 'mock' })) },
  }),
  batches: openaiBatches,
  failure: (name, _asked, { retryAfterSeconds }) => openaiFailure(name, retryAfterSeconds),
  errorFrame: openaiErrorFrame,
};

/** A server that asks for no key (vLLM, LM Studio, llama.cpp as they start). */
export const localOpenaiServer: MockDialect = { ...openaiServer, authorized: (request) => keyOf(request) !== 'wrong' };

function keyOf({ headers }: MockRequest): string | undefined {
  const bearer = headers.authorization?.replace(/^(Bearer|Api-Key)\s+/i, '');
  return bearer ?? headers['api-key'] ?? headers['x-portkey-api-key'];
}

function ask({ method, path, body }: MockRequest): MockAsk | undefined {
  const route = path.replace(/\?.*$/, '').replace(/^(?:\/v1)?(?:\/openai\/v1)?(?:\/beta)?/, '');
  const operation = ROUTES.get(route);
  if (operation === undefined || method !== (operation === 'models' ? 'GET' : 'POST')) return undefined;
  const fields = isRecord(body) ? body : {};
  const options = isRecord(fields.stream_options) ? fields.stream_options : {};
  return {
    operation,
    model: typeof fields.model === 'string' ? fields.model : '',
    stream: fields.stream === true,
    includeUsage: options.include_usage === true,
    ...(operation === 'embed' ? { inputs: inputsOf(fields.input) } : {}),
    ...(operation === 'rerank' ? { documents: inputsOf(fields.documents) } : {}),
    ...(typeof fields.top_n === 'number' ? { topN: fields.top_n } : {}),
    ...(fields.return_documents === true ? { returnDocuments: true } : {}),
    ...(typeof fields.dimensions === 'number' ? { dimensions: fields.dimensions } : {}),
    ...(fields.encoding_format === 'base64' || fields.encoding_format === 'float' ? { encoding: fields.encoding_format } : {}),
    n: typeof fields.n === 'number' ? fields.n : 1,
  };
}

function inputsOf(input: unknown): string[] {
  if (!Array.isArray(input)) return [String(input)];
  return typeof input[0] === 'number'
    ? [input.join(' ')]
    : input.map((item) => (Array.isArray(item) ? item.join(' ') : String(item)));
}

const indices = (asked: MockAsk): number[] => Array.from({ length: asked.n ?? 1 }, (_, index) => index);

const usageOf = ({ usage }: MockReply): object => ({
  prompt_tokens: usage.promptTokens,
  completion_tokens: usage.completionTokens,
  total_tokens: usage.promptTokens + usage.completionTokens,
  prompt_tokens_details: { cached_tokens: usage.cachedTokens ?? 0 },
  completion_tokens_details: { reasoning_tokens: usage.reasoningTokens ?? 0 },
});

const toolCallsOf = (reply: MockReply): object[] =>
  reply.toolCalls.map((call, index) => ({
    id: call.id ?? `call_mock_${index}`,
    type: 'function',
    function: { name: call.name, arguments: JSON.stringify(call.arguments) },
  }));

function wholeReply(reply: MockReply, asked: MockAsk): object {
  const finish = { logprobs: null, finish_reason: reply.finishReason };
  if (asked.operation === 'complete') {
    const choices = indices(asked).map((index) => ({ text: reply.text, index, ...finish }));
    return { ...head(asked, 'cmpl-mock', 'text_completion'), choices, usage: usageOf(reply) };
  }
  const calls = reply.toolCalls.length > 0 ? { tool_calls: toolCallsOf(reply) } : {};
  const reasoning = reply.reasoning === '' ? {} : { reasoning_content: reply.reasoning };
  const content = reply.text === '' && reply.toolCalls.length > 0 ? null : reply.text;
  const message = { role: 'assistant', content, refusal: null, ...reasoning, ...calls };
  const choices = indices(asked).map((index) => ({ index, message, ...finish }));
  return { ...head(asked, 'chatcmpl-mock', 'chat.completion'), choices, usage: usageOf(reply) };
}

const head = (asked: MockAsk, id: string, object: string): object => ({ id, object, created: CREATED, model: asked.model });

const frameOf = (body: object, content: boolean, terminal = false): MockFrame => ({
  text: `data: ${JSON.stringify(body)}\n\n`,
  content,
  terminal,
});

const DONE: MockFrame = { text: 'data: [DONE]\n\n', content: false, terminal: true };

function chatFrames(reply: MockReply, asked: MockAsk): MockFrame[] {
  const first = head(asked, 'chatcmpl-mock', 'chat.completion.chunk');
  const usage = asked.includeUsage ? { usage: null } : {};
  const frame = (delta: object, content: boolean, finish: string | null = null): MockFrame[] =>
    indices(asked).map((index) =>
      frameOf(
        { ...first, choices: [{ index, delta, logprobs: null, finish_reason: finish }], ...usage },
        content,
        finish !== null,
      ),
    );
  const calls = toolCallsOf(reply).flatMap((call, index) => toolCallDeltas(call, index));
  return [
    ...frame({ role: 'assistant', content: '', refusal: null }, false),
    ...(reply.reasoning === '' ? [] : frame({ reasoning_content: reply.reasoning }, true)),
    ...deltasOf(reply).flatMap((content) => frame({ content }, true)),
    ...calls.flatMap((call) => frame({ tool_calls: [call] }, true)),
    ...frame({}, false, reply.finishReason),
    ...(asked.includeUsage ? [frameOf({ ...first, choices: [], usage: usageOf(reply) }, false)] : []),
    DONE,
  ];
}

function toolCallDeltas(call: object, index: number): object[] {
  const whole = call as { readonly function: { readonly name: string; readonly arguments: string } };
  const { name, arguments: json } = whole.function;
  const middle = Math.ceil(json.length / 2);
  return [
    { index, ...call, function: { name, arguments: '' } },
    ...[json.slice(0, middle), json.slice(middle)].filter(Boolean).map((part) => ({ index, function: { arguments: part } })),
  ];
}

function completionFrames(reply: MockReply, asked: MockAsk): MockFrame[] {
  const first = head(asked, 'cmpl-mock', 'text_completion');
  const usage = asked.includeUsage ? { usage: null } : {};
  const frame = (text: string, content: boolean, finish: string | null = null): MockFrame[] =>
    indices(asked).map((index) =>
      frameOf(
        { ...first, choices: [{ text, index, logprobs: null, finish_reason: finish }], ...usage },
        content,
        finish !== null,
      ),
    );
  return [
    ...deltasOf(reply).flatMap((text) => frame(text, true)),
    ...frame('', false, reply.finishReason),
    ...(asked.includeUsage ? [frameOf({ ...first, choices: [], usage: usageOf(reply) }, false)] : []),
    DONE,
  ];
}

function deltasOf({ text, chunks }: MockReply): readonly string[] {
  if (typeof chunks === 'object') return chunks;
  if (text === '') return [];
  const size = Math.max(1, Math.ceil(text.length / Math.max(1, chunks)));
  return Array.from({ length: Math.ceil(text.length / size) }, (_, i) => text.slice(i * size, (i + 1) * size));
}

function rerankBody(results: Parameters<NonNullable<MockDialect['rerank']>>[0], asked: MockAsk): object {
  const { documents = [], returnDocuments } = asked;
  return {
    id: 'rerank-mock',
    model: asked.model,
    results: results.map(({ index, score }) => ({
      index,
      relevance_score: score,
      ...(returnDocuments === true ? { document: { text: documents[index] } } : {}),
    })),
    usage: { total_tokens: documents.join(' ').split(/\s+/).length },
  };
}

function embeddingsBody(vectors: readonly (readonly number[])[], asked: MockAsk): object {
  const data = vectors.map((vector, index) => ({
    object: 'embedding',
    index,
    embedding: asked.encoding === 'base64' ? toBase64(vector) : vector,
  }));
  const tokens = (asked.inputs ?? []).join(' ').split(/\s+/).length;
  return { object: 'list', model: asked.model, data, usage: { prompt_tokens: tokens, total_tokens: tokens } };
}
