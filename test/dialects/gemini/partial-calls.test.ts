import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChatChunk } from '../../../src/contract/chat.ts';
import { GeminiStreamDecoder } from '../../../src/dialects/gemini/stream-decoder.ts';
import { callOf, contextOf } from '../../support/call.ts';

function decoded(...candidates: readonly object[]): ChatChunk[] {
  const call = callOf('stream', { messages: [] }, { provider: 'vertex_ai', model: 'gemini-3.6-flash' });
  const decoder = new GeminiStreamDecoder(contextOf(call));
  const out: ChatChunk[] = [];
  for (const candidate of candidates) decoder.event(JSON.stringify({ candidates: [candidate], responseId: 'v-1' }), '', out);
  return out;
}

const callsOf = (chunks: readonly ChatChunk[]) =>
  chunks.flatMap(({ choices }) => choices.flatMap(({ delta }) => delta.tool_calls ?? []));
const part = (functionCall: object, more: object = {}) => ({ content: { role: 'model', parts: [{ functionCall, ...more }] } });
const argsOf = (chunks: readonly ChatChunk[]) =>
  callsOf(chunks).map((call) => JSON.parse(call.function?.arguments ?? '') as unknown);

describe('calls in pieces', () => {
  it('are put together as the wire sheet shows them', () => {
    const chunks = decoded(
      part({ name: 'get_weather', willContinue: true }, { thoughtSignature: 'Cg' }),
      part({ partialArgs: [{ jsonPath: '$.city', stringValue: 'Os', willContinue: true }], willContinue: true }),
      part({ partialArgs: [{ jsonPath: '$.city', stringValue: 'lo' }], willContinue: true }),
      { ...part({}), finishReason: 'STOP' },
    );
    expect(callsOf(chunks)).toMatchObject([
      {
        index: 0,
        type: 'function',
        function: { name: 'get_weather', arguments: '{"city":"Oslo"}' },
        extra_content: { google: { thought_signature: 'Cg' } },
      },
    ]);
    expect(chunks.at(-1)?.choices[0]?.finish_reason).toBe('tool_calls');
  });

  it('have values of every kind, at any depth', () => {
    const chunks = decoded(
      part({ name: 'f', willContinue: true }),
      part({
        willContinue: true,
        partialArgs: [
          { jsonPath: '$.n', numberValue: 2.5 },
          { jsonPath: '$.yes', boolValue: false },
          { jsonPath: '$.none', nullValue: 'NULL_VALUE' },
          { jsonPath: '$.list[0].name', stringValue: 'a' },
          { jsonPath: '$.list[1].name', stringValue: 'b' },
          { jsonPath: '$.list[]' },
          { jsonPath: '$.empty[]' },
          { jsonPath: "$['odd key']", stringValue: 'c' },
        ],
      }),
      part({}),
    );
    expect(argsOf(chunks)).toEqual([
      { n: 2.5, yes: false, none: null, list: [{ name: 'a' }, { name: 'b' }], empty: [], 'odd key': 'c' },
    ]);
  });

  it('end with the next call, with a piece that does not go on, or with the answer', () => {
    const chunks = decoded(
      part({ name: 'a', willContinue: true }),
      part({ name: 'b', partialArgs: [{ jsonPath: '$.x', numberValue: 1 }] }),
      part({ name: 'c', args: { whole: true } }),
      part({ name: 'd', willContinue: true }),
      { finishReason: 'STOP' },
    );
    expect(callsOf(chunks).map((call) => [call.index, call.function?.name, call.function?.arguments])).toEqual([
      [0, 'a', '{}'],
      [1, 'b', '{"x":1}'],
      [2, 'c', '{"whole":true}'],
      [3, 'd', '{}'],
    ]);
  });

  it('mean nothing by names of prototypes, and never throw', () => {
    const [args] = argsOf(
      decoded(
        part({ name: 'f', willContinue: true }),
        part({ partialArgs: [{ jsonPath: '$.__proto__.polluted', boolValue: true }] }),
      ),
    );
    expect({}).not.toHaveProperty('polluted');
    expect(JSON.stringify(args)).toContain('polluted');
    fc.assert(
      fc.property(
        fc.array(fc.record({ jsonPath: fc.string(), stringValue: fc.string(), willContinue: fc.boolean() })),
        (partialArgs) => {
          expect(() =>
            decoded(part({ name: 'f', willContinue: true }), part({ partialArgs, willContinue: true }), part({})),
          ).not.toThrow();
        },
      ),
    );
  });
});
