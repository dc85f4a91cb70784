import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TapeReader, TapeWriter } from '../../../src/state/answers/tape.ts';

const recorded = (chunks: readonly object[]): string[] => {
  const writer = new TapeWriter();
  return chunks.map((chunk) => writer.write(chunk));
};
const played = (lines: readonly string[]): object[] => {
  const reader = new TapeReader<object>();
  return lines.map((line) => reader.read(line));
};
const throughUtf8 = (lines: readonly string[]): string[] =>
  new TextDecoder().decode(new TextEncoder().encode(lines.join('\n'))).split('\n');

const text = fc.string({ unit: 'binary' });
const chunkLike = fc.record({
  id: fc.constantFrom('chatcmpl-1', 'chatcmpl-2'),
  choices: fc.array(
    fc.record({
      index: fc.nat(2),
      delta: fc.dictionary(text, fc.jsonValue({ stringUnit: 'binary' })),
      finish_reason: fc.constantFrom(null, 'stop'),
    }),
    { maxLength: 2 },
  ),
  usage: fc.option(fc.jsonValue()),
});

describe('a tape', () => {
  it('gives back any chunks as they were, through UTF-8 too', () => {
    fc.assert(
      fc.property(fc.array(chunkLike, { maxLength: 12, minLength: 1 }), (chunks) => {
        const plain: unknown = JSON.parse(JSON.stringify(chunks));
        expect(played(throughUtf8(recorded(chunks)))).toEqual(plain);
      }),
      { numRuns: 300 },
    );
  });

  it('keeps pairs of surrogates together where neighbours share a half', () => {
    const chunks = ['😀', '😁', '🤁', '😀😁', '', '😀', '\ud83d'].map((content) => ({ content }));
    expect(played(throughUtf8(recorded(chunks)))).toEqual(chunks);
  });

  it('takes little more room than the words', () => {
    const chunks = Array.from({ length: 500 }, (_, i) => ({
      id: 'chatcmpl-0123456789abcdef',
      object: 'chat.completion.chunk',
      created: 1_760_000_000,
      model: 'gpt-5-mini-2025-08-07',
      choices: [{ index: 0, delta: { content: ` word${i}` }, finish_reason: null, logprobs: null }],
    }));
    expect(recorded(chunks).join('\n').length).toBeLessThan(JSON.stringify(chunks).length / 8);
  });

  it('gives new objects each time', () => {
    const lines = recorded([{ a: { b: 1 } }, { a: { b: 2 } }]);
    expect(played(lines)[1]).not.toBe(played(lines)[1]);
  });

  it.each([
    '',
    'x',
    '0,0',
    '0,0,',
    '0,0,"a"',
    '0,0,[1]',
    '0,0,null',
    '5,0,{}',
    '0,9,{}',
    '-1,0,{}',
    '1e3,0,{}',
    '0,0,{',
    '99999999999,0,{}',
  ])('refuses %j', (line) => expect(() => played([line])).toThrow(SyntaxError));

  it('refuses a line that says more than the one before has', () => {
    expect(() => played(['0,0,{"a":1}', '7,7,{}'])).toThrow(SyntaxError);
  });

  it('touches no prototype', () => {
    const [chunk] = played(['0,0,{"__proto__":{"polluted":true}}']);
    expect(Object.keys(chunk ?? {})).toEqual(['__proto__']);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });
});
