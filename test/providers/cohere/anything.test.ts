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
const NAMES = `id type index delta message content text thinking tool_plan tool_calls function name arguments parameters citations
  finish_reason usage tokens billed_units error err event_type response meta generations embeddings float base64 results logprobs
  relevance_score score __proto__ constructor`.split(/\s+/);
const WORDS = `message-start content-start content-delta tool-plan-delta tool-call-start tool-call-delta tool-call-end message-end
  stream-start text-generation tool-calls-generation stream-end stream-error COMPLETE ERROR ERROR_LIMIT TOOL_CALL`.split(/\s+/);

/** JSON that looks like the protocol in places. */
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom<unknown>(null, true, 0, -1, 1.5, '', 'x', ...WORDS),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...NAMES), tie('value'), { maxKeys: 6 }),
  ),
}));

/** Whatever comes is read, or refused with an error of ours. */
function survives(read: (body: unknown) => void): void {
  fc.assert(
    fc.property(value, (body) => {
      try {
        read(JSON.parse(JSON.stringify(body)));
      } catch (error) {
        if (!isLLMError(error)) throw error;
      }
    }),
    { numRuns: 1500 },
  );
}

const chat = contextOf(callOf('chat', { messages }));
const stream = contextOf(callOf('stream', { messages }));
const completeStream = contextOf(callOf('completeStream', { prompt: 'p' }));
const embed = contextOf(callOf('embed', { input: 'a' }));
const rerank = contextOf(callOf('rerank', { query: 'q', documents: ['a', 'b'] }));

describe('whatever a service sends', () => {
  it.each<[string, (body: unknown) => void]>([
    ['a v2 answer', (body) => decodeChat(body, chat)],
    ['a v1 answer', (body) => decodeV1Chat(body, chat)],
    ['a completion', (body) => decodeCompletion(body, chat)],
    ['vectors', (body) => decodeEmbed(body, embed)],
    ['bare vectors', (body) => decodePipeline(body, embed)],
    ['ranks', (body) => decodeRerank(body, rerank)],
  ])('as %s never ends in a bare error', (_, read) => {
    survives(read);
  });

  it.each([
    ['v2', () => new ChatStreamDecoder(stream)],
    ['v1', () => new V1ChatStreamDecoder(stream)],
    ['completions', () => new CompletionStreamDecoder(completeStream)],
  ])('as events of %s never ends in a bare error', (_, make) => {
    survives((body) => {
      const decoder = make();
      const events = Array.isArray(body) ? body : [body];
      for (const event of events) decoder.event(JSON.stringify(event), '', []);
      decoder.end([]);
    });
  });
});
