import type { MockAnswer, MockAsk, MockDialect, MockFrame, MockReply, MockRequest } from '../../contract/mock.ts';
import { isRecord } from '../../dialects/chat-rules.ts';
import { eventFrame } from '../../wire/framing/aws-event-frames.ts';
import { bedrockBatches } from './server-batches.ts';
import { bedrockErrorFrame, bedrockFailure, HEADERS } from './server-failures.ts';

const STOP_REASONS: Readonly<Record<MockReply['finishReason'], string>> = {
  stop: 'end_turn',
  length: 'max_tokens',
  tool_calls: 'tool_use',
  content_filter: 'content_filtered',
};
const SIGNATURE = 'RXFRbW9ja1NpZ25hdHVyZQ==';

/** Bedrock's runtime and its list of models, backwards. */
export const bedrockServer: MockDialect = {
  ask,
  authorized({ headers: { authorization = '' } }) {
    const key = /^Bearer (.+)$/.exec(authorization)?.[1] ?? /\bCredential=([^/]+)\//.exec(authorization)?.[1];
    return key !== undefined && key !== 'wrong';
  },
  reply: (reply) =>
    answer({
      output: { message: { role: 'assistant', content: blocksOf(reply) } },
      stopReason: STOP_REASONS[reply.finishReason],
      usage: usageOf(reply),
      metrics: { latencyMs: 321 },
    }),
  stream: (reply) => ({
    headers: { ...HEADERS, 'content-type': 'application/vnd.amazon.eventstream' },
    frames: framesOf(reply),
  }),
  embeddings: (vectors, asked) => answer(embeddingsBody(vectors, asked), { 'x-amzn-bedrock-input-token-count': '5' }),
  models: (ids) =>
    answer({
      modelSummaries: ids.map((id) => ({
        modelArn: `arn:aws:bedrock:us-east-1::foundation-model/${id}`,
        modelId: id,
        modelName: id,
        providerName: 'Mock',
        inputModalities: ['TEXT'],
        outputModalities: ['TEXT'],
        responseStreamingSupported: true,
        inferenceTypesSupported: ['ON_DEMAND'],
        modelLifecycle: { status: 'ACTIVE' },
      })),
    }),
  batches: bedrockBatches,
  failure: bedrockFailure,
  errorFrame: bedrockErrorFrame,
};

function ask({ method, path, body }: MockRequest): MockAsk | undefined {
  if (method === 'GET' && /^\/foundation-models(?:\?|$)/.test(path)) return askOf('models', '', false);
  const [, id = '', action] = /^\/model\/([^/?]+)\/([a-z-]+)$/.exec(path) ?? [];
  const model = decodeURIComponent(id);
  if (method !== 'POST' || action === undefined) return undefined;
  if (action === 'converse' || action === 'converse-stream') return askOf('chat', model, action === 'converse-stream');
  return action === 'invoke' && isRecord(body) ? embeddingAsk(model, body) : undefined;
}

const askOf = (operation: MockAsk['operation'], model: string, stream: boolean): MockAsk => ({
  operation,
  model,
  stream,
  includeUsage: true,
});

function embeddingAsk(model: string, body: Record<string, unknown>): MockAsk | undefined {
  const nova = isRecord(body.singleEmbeddingParams) ? body.singleEmbeddingParams : {};
  const text = body.inputText ?? (isRecord(nova.text) ? nova.text.value : undefined);
  const inputs = Array.isArray(body.texts) ? body.texts.map(String) : text === undefined ? undefined : [String(text)];
  if (inputs === undefined) return undefined;
  const dimensions = body.dimensions ?? body.output_dimension ?? nova.embeddingDimension;
  return { ...askOf('embed', model, false), inputs, ...(typeof dimensions === 'number' ? { dimensions } : {}) };
}

function embeddingsBody(vectors: readonly (readonly number[])[], { model }: MockAsk): object {
  if (/cohere\.embed-v4/.test(model)) return { id: 'mock', embeddings: { float: vectors }, response_type: 'embeddings_by_type' };
  if (/cohere\.embed/.test(model)) return { id: 'mock', embeddings: vectors, response_type: 'embeddings_floats' };
  if (/nova/.test(model)) return { embeddings: vectors.map((embedding) => ({ embeddingType: 'TEXT', embedding })) };
  return { embedding: vectors[0], inputTextTokenCount: 5 };
}

const answer = (body: object, headers: Readonly<Record<string, string>> = {}): MockAnswer => ({
  status: 200,
  headers: { ...HEADERS, 'content-type': 'application/json', ...headers },
  body,
});

const toolUses = ({ toolCalls }: MockReply): { toolUseId: string; name: string; input: unknown }[] =>
  toolCalls.map(({ id, name, arguments: input }, index) => ({ toolUseId: id ?? `tooluse_mock_${index}`, name, input }));

function blocksOf(reply: MockReply): object[] {
  const { text, reasoning } = reply;
  return [
    ...(reasoning === '' ? [] : [{ reasoningContent: { reasoningText: { text: reasoning, signature: SIGNATURE } } }]),
    ...(text === '' ? [] : [{ text }]),
    ...toolUses(reply).map((toolUse) => ({ toolUse })),
  ];
}

const usageOf = ({ usage: { promptTokens, completionTokens, cachedTokens } }: MockReply): object => ({
  inputTokens: promptTokens - (cachedTokens ?? 0),
  outputTokens: completionTokens,
  totalTokens: promptTokens + completionTokens,
  ...(cachedTokens === undefined ? {} : { cacheReadInputTokens: cachedTokens, cacheWriteInputTokens: 0 }),
});

function framesOf(reply: MockReply): MockFrame[] {
  const frames: MockFrame[] = [];
  const add = (name: string, payload: object, content = false, terminal = false): void => {
    // as the service does, against guessing from lengths
    const bytes = eventFrame(name, JSON.stringify({ ...payload, p: 'abcdefgh' }));
    frames.push({ text: '', bytes, content, terminal });
  };
  let index = 0;
  const block = (deltas: readonly object[], start?: object): void => {
    if (start !== undefined) add('contentBlockStart', { contentBlockIndex: index, start });
    for (const delta of deltas) add('contentBlockDelta', { contentBlockIndex: index, delta }, !isSignature(delta));
    add('contentBlockStop', { contentBlockIndex: index++ });
  };
  add('messageStart', { role: 'assistant' });
  const { reasoning } = reply;
  if (reasoning !== '') {
    block([{ reasoningContent: { text: reasoning } }, { reasoningContent: { signature: SIGNATURE } }]);
  }
  const texts = deltasOf(reply);
  if (texts.length > 0) block(texts.map((text) => ({ text })));
  for (const { toolUseId, name, input } of toolUses(reply)) {
    block(inputDeltas(input), { toolUse: { toolUseId, name } });
  }
  add('messageStop', { stopReason: STOP_REASONS[reply.finishReason] }, false, true);
  add('metadata', { usage: usageOf(reply), metrics: { latencyMs: 321 } });
  return frames;
}

const isSignature = (delta: object): boolean => JSON.stringify(delta).includes('"signature"');

/** A tool that takes nothing streams an empty input. */
function inputDeltas(input: unknown): object[] {
  const json = JSON.stringify(input);
  if (json === '{}') return [];
  const middle = Math.ceil(json.length / 2);
  return [json.slice(0, middle), json.slice(middle)].map((part) => ({ toolUse: { input: part } }));
}

function deltasOf({ text, chunks }: MockReply): readonly string[] {
  if (typeof chunks === 'object') return chunks;
  if (text === '') return [];
  const size = Math.max(1, Math.ceil(text.length / Math.max(1, chunks)));
  return Array.from({ length: Math.ceil(text.length / size) }, (_, i) => text.slice(i * size, (i + 1) * size));
}
