import fc from 'fast-check';
import { describe, it } from 'vitest';
import { isLLMError } from '../../../src/errors/catalogue.ts';
import { decodeChat } from '../../../src/providers/cohere/decode.ts';
import { decodeEmbed } from '../../../src/providers/cohere/embeddings.ts';
import { CompletionStreamDecoder, decodeCompletion } from '../../../src/providers/cohere/generate.ts';
import { ChatStreamDecoder } from '../../../src/providers/cohere/stream-decoder.ts';
import { decodeV1Chat, V1ChatStreamDecoder } from '../../../src/providers/cohere/v1-decode.ts';
import { decodePipeline, decodeRerank } from '../../../src/providers/huggingface/vectors.ts';
import { callOf, contextOf } from '../../support/call.ts';

const messages = [{ role: 'user' as const, content: 'Hi' }];
const ANYTHING = fc.oneof(
  fc.constantFrom<unknown>(null, true, 0, -1, 1.5, '', 'x', 'ERROR', 'ERROR_LIMIT', [], [null], [[]], {}, [{}]),
  fc.jsonValue({ maxDepth: 2 }),
);

/** Every place in a value, the value itself included. */
function placesIn(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, inner]) => placesIn(inner, [...path, key]))];
}

function replaced(value: unknown, [key, ...rest]: readonly string[], by: unknown): unknown {
  if (key === undefined || typeof value !== 'object' || value === null) return by;
  const copy = (Array.isArray(value) ? [...value] : { ...value }) as Record<string, unknown>;
  copy[key] = replaced(copy[key], rest, by);
  return copy;
}

/** A good answer with anything at all in one or two of its places is read, or refused with an error of ours. */
function survives(sample: unknown, read: (body: unknown) => void): void {
  const place = fc.tuple(fc.constantFrom(...placesIn(sample)), ANYTHING);
  fc.assert(
    fc.property(fc.array(place, { minLength: 1, maxLength: 2 }), (changes) => {
      const body = changes.reduce((value, [path, by]) => replaced(value, path, by), sample);
      try {
        read(JSON.parse(JSON.stringify(body)));
      } catch (error) {
        if (!isLLMError(error)) throw error;
      }
    }),
    { numRuns: 800 },
  );
}

const USAGE = { billed_units: { input_tokens: 1 }, tokens: { input_tokens: 1, output_tokens: 2 }, cached_tokens: 1 };
const CALL = { id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } };
const LOGPROBS = [{ text: 'x', token_ids: [1], logprobs: [-0.5] }];
const V2 = {
  id: 'c',
  finish_reason: 'TOOL_CALL',
  message: {
    content: [
      { type: 'thinking', thinking: 'Hm' },
      { type: 'text', text: 'Hi' },
    ],
    tool_plan: 'p',
    tool_calls: [CALL],
    citations: [{ start: 1 }],
  },
  usage: USAGE,
  logprobs: LOGPROBS,
};
const V1 = {
  text: 'Hi',
  generation_id: 'g',
  finish_reason: 'COMPLETE',
  tool_calls: [{ name: 'f', parameters: {} }],
  meta: USAGE,
};
const TEXTS = { id: 'g', generations: [{ text: 'x', finish_reason: 'COMPLETE' }], meta: USAGE };
const said = (type: string, message: object) => ({ type, index: 0, delta: { message } });
const V2_EVENTS = [
  { type: 'message-start', id: 'c', delta: { message: { role: 'assistant' } } },
  { ...said('content-delta', { content: { text: 'Hi', thinking: '' } }), logprobs: LOGPROBS[0] },
  said('tool-plan-delta', { tool_plan: 'p' }),
  said('tool-call-start', { tool_calls: CALL }),
  said('tool-call-delta', { tool_calls: { function: { arguments: '{}' } } }),
  { type: 'tool-call-end', index: 0 },
  said('citation-start', { citations: { start: 1 } }),
  { type: 'message-end', delta: { finish_reason: 'COMPLETE', usage: USAGE } },
];
const V1_EVENTS = [
  { event_type: 'stream-start', generation_id: 'g' },
  { event_type: 'text-generation', text: 'Hi', index: 0 },
  { event_type: 'tool-calls-generation', tool_calls: V1.tool_calls },
  { event_type: 'citation-generation', citations: [{}] },
  { event_type: 'stream-end', finish_reason: 'COMPLETE', response: { ...V1, ...TEXTS } },
];

const chat = contextOf(callOf('chat', { messages }));
const stream = contextOf(callOf('stream', { messages }));
const completeStream = contextOf(callOf('completeStream', { prompt: 'p' }));
const embed = contextOf(callOf('embed', { input: 'a' }));
const rerank = contextOf(callOf('rerank', { query: 'q', documents: ['a', 'b'] }));

describe('whatever a service sends', () => {
  it.each<[string, unknown, (body: unknown) => void]>([
    ['a v2 answer', V2, (body) => decodeChat(body, chat)],
    ['a v1 answer', V1, (body) => decodeV1Chat(body, chat)],
    ['a completion', TEXTS, (body) => decodeCompletion(body, chat)],
    ['vectors', { embeddings: { float: [[1, 2]] }, meta: USAGE }, (body) => decodeEmbed(body, embed)],
    ['bare vectors', [[1, 2]], (body) => decodePipeline(body, embed)],
    ['ranks', [{ index: 0, score: 1 }], (body) => decodeRerank(body, rerank)],
  ])('as %s never ends in a bare error', (_, sample, read) => {
    survives(sample, read);
  });

  it.each([
    ['v2', V2_EVENTS, () => new ChatStreamDecoder(stream)],
    ['v1', V1_EVENTS, () => new V1ChatStreamDecoder(stream)],
    ['completions', V1_EVENTS, () => new CompletionStreamDecoder(completeStream)],
  ])('as events of %s never ends in a bare error', (_, sample, make) => {
    survives(sample, (body) => {
      const decoder = make();
      const events = Array.isArray(body) ? body : [body];
      for (const event of events) decoder.event(JSON.stringify(event), '', []);
      decoder.end([]);
    });
  });
});
