import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChatChunk, ChatToolCall } from '../../../src/contract/chat.ts';
import type { MockAsk, MockReply, MockRequest } from '../../../src/contract/mock.ts';
import { decodeGenerate } from '../../../src/dialects/gemini/decode.ts';
import { geminiServer } from '../../../src/dialects/gemini/server.ts';
import { GeminiStreamDecoder } from '../../../src/dialects/gemini/stream-decoder.ts';
import { callOf, contextOf } from '../../support/call.ts';

const ask: MockAsk = { operation: 'chat', model: 'gemini-3.6-flash', stream: false, includeUsage: true };
const target = { provider: 'gemini', model: 'gemini-3.6-flash' };
const post = (path: string, body: unknown = {}): MockRequest => ({ method: 'POST', path, headers: {}, body });

const counts = fc.nat(1_000_000);
const replies: fc.Arbitrary<MockReply> = fc
  .record({
    text: fc.string({ unit: 'grapheme' }),
    reasoning: fc.string({ unit: 'grapheme' }),
    toolCalls: fc.array(
      fc.record(
        {
          id: fc.stringMatching(/^[a-z0-9_]{1,12}$/),
          name: fc.stringMatching(/^[a-zA-Z_]\w{0,20}$/),
          arguments: fc.dictionary(fc.string(), fc.jsonValue()) as fc.Arbitrary<Record<string, unknown>>,
        },
        { requiredKeys: ['name', 'arguments'] },
      ),
      { maxLength: 4 },
    ),
    prompt: counts,
    thoughts: counts,
    candidates: counts,
    chunks: fc.integer({ min: 1, max: 9 }),
  })
  .map(({ prompt, thoughts, candidates, ...rest }) => ({
    ...rest,
    usage: { promptTokens: prompt, completionTokens: thoughts + candidates, reasoningTokens: thoughts },
    finishReason: rest.toolCalls.length > 0 ? 'tool_calls' : 'stop',
  }));

interface Told {
  readonly text: string;
  readonly reasoning: string;
  readonly calls: readonly ChatToolCall[];
  readonly finish: unknown;
  readonly usage: unknown;
}

function expectTold(told: Told, reply: MockReply): void {
  expect([told.text, told.reasoning, told.finish]).toEqual([reply.text, reply.reasoning, reply.finishReason]);
  expect(told.calls.map((call) => [call.function.name, JSON.parse(call.function.arguments)])).toEqual(
    reply.toolCalls.map((call) => [call.name, JSON.parse(JSON.stringify(call.arguments))]),
  );
  told.calls.forEach((call, index) => {
    expect(call.id).toBe(reply.toolCalls[index]?.id ?? call.id);
    expect(call.id).toMatch(/^[\w-]{1,40}$/);
  });
  const missing = reply.toolCalls.filter(({ id }) => id === undefined).length;
  expect(new Set(told.calls.filter((_, index) => reply.toolCalls[index]?.id === undefined).map(({ id }) => id)).size).toBe(
    missing,
  );
  expect(told.usage).toMatchObject({
    prompt_tokens: reply.usage.promptTokens,
    completion_tokens: reply.usage.completionTokens,
    total_tokens: reply.usage.promptTokens + reply.usage.completionTokens,
    completion_tokens_details: { reasoning_tokens: reply.usage.reasoningTokens },
  });
}

describe('what the server says, the decoder reads', () => {
  it('whole', () => {
    fc.assert(
      fc.property(replies, (reply) => {
        const { body } = geminiServer.reply(reply, ask);
        const { choices, usage } = decodeGenerate(
          JSON.parse(JSON.stringify(body)),
          contextOf(callOf('chat', { messages: [] }, target)),
        );
        const message = choices[0]?.message;
        expectTold(
          {
            text: message?.content ?? '',
            reasoning: message?.reasoning_content ?? '',
            calls: (message?.tool_calls ?? []) as ChatToolCall[],
            finish: choices[0]?.finish_reason,
            usage,
          },
          reply,
        );
      }),
    );
  });

  it('streamed', () => {
    fc.assert(
      fc.property(replies, (reply) => {
        const decoder = new GeminiStreamDecoder(contextOf(callOf('stream', { messages: [] }, target)));
        const chunks: ChatChunk[] = [];
        for (const { text } of geminiServer.stream(reply, { ...ask, stream: true }).frames) {
          decoder.event(text.replace(/^data: /, '').trimEnd(), '', chunks);
        }
        expect(decoder.finished).toBe(true);
        decoder.end(chunks);
        const deltas = chunks.flatMap(({ choices }) => choices.map(({ delta }) => delta));
        const calls = deltas.flatMap(({ tool_calls: parts }) => parts ?? []);
        expect(calls.map(({ index }) => index)).toEqual(calls.map((_, index) => index));
        expectTold(
          {
            text: deltas.map(({ content }) => content ?? '').join(''),
            reasoning: deltas.map(({ reasoning_content: reasoning }) => reasoning ?? '').join(''),
            calls: calls as unknown as ChatToolCall[],
            finish: chunks.at(-2)?.choices[0]?.finish_reason,
            usage: chunks.at(-1)?.usage,
          },
          reply,
        );
      }),
    );
  });
});

describe('routes', () => {
  it.each([
    ['/v1beta/models/g:generateContent', { operation: 'chat', stream: false }],
    ['/v1/models/g:generateContent', { operation: 'chat', stream: false }],
    ['/models/g:generateContent', { operation: 'chat', stream: false }],
    ['/v1beta/models/g:streamGenerateContent?alt=sse', { operation: 'chat', stream: true }],
    ['/v1beta/models/g:streamGenerateContent', { operation: 'chat', stream: false, asList: true }],
    ['/v1beta/models/g:countTokens', { operation: 'count' }],
    ['/v1beta/tunedModels/g:generateContent', { operation: 'chat' }],
  ])('%s', (path, expected) => {
    expect(geminiServer.ask(post(path))).toMatchObject({ model: 'g', ...expected });
  });

  it('counts candidates', () => {
    expect(geminiServer.ask(post('/models/g:generateContent', { generationConfig: { candidateCount: 2 } }))?.n).toBe(2);
  });

  it('reads both forms of embedding requests', () => {
    const content = { parts: [{ text: 'a' }, { text: 'b' }] };
    expect(geminiServer.ask(post('/models/g:embedContent', { content }))).toMatchObject({ inputs: ['ab'], single: true });
    expect(
      geminiServer.ask(post('/models/g:batchEmbedContents', { requests: [{ content, outputDimensionality: 2 }, 7] })),
    ).toMatchObject({ inputs: ['ab', ''], dimensions: 2 });
  });

  it('answers a list without alt=sse', () => {
    const asked = geminiServer.ask(post('/models/g:streamGenerateContent')) ?? ask;
    const reply: MockReply = {
      text: 'hi',
      toolCalls: [],
      reasoning: '',
      usage: { promptTokens: 1, completionTokens: 1 },
      finishReason: 'stop',
      chunks: 1,
    };
    expect(geminiServer.reply(reply, asked).body).toMatchObject([{ candidates: [{ finishReason: 'STOP' }] }]);
  });

  it.each([
    [{ 'x-goog-api-key': 'k' }, '/models', true],
    [{}, '/models?key=k', true],
    [{ 'x-goog-api-key': 'wrong' }, '/models', false],
    [{}, '/models', false],
  ])('keys %j %s', (headers, path, right) => {
    expect(geminiServer.authorized({ method: 'GET', path, headers: headers as Record<string, string>, body: undefined })).toBe(
      right,
    );
  });
});
