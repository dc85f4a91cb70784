import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JSONLinesParser } from '../../../src/wire/framing/json-lines.ts';
import { FramingOverflow } from '../../../src/wire/framing/line-assembler.ts';

function parse(reads: readonly Uint8Array[], maxBytes?: number): string[] {
  const lines: string[] = [];
  const parser = new JSONLinesParser(maxBytes);
  const collect = (data: string, event: string): void => {
    expect(event).toBe('');
    lines.push(data);
  };
  for (const read of reads) parser.feed(read, collect);
  parser.flush(collect);
  return lines;
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('JSON lines', () => {
  it.each<[string, string, string[]]>([
    ['lines', '{"a":1}\n{"a":2}\n', ['{"a":1}', '{"a":2}']],
    ['no newline at the end', '{"a":1}\n{"a":2}', ['{"a":1}', '{"a":2}']],
    ['CRLF', '{"a":1}\r\n{"a":2}\r\n', ['{"a":1}', '{"a":2}']],
    ['blank lines', '\n{"a":1}\n\n  \n{"a":2}\n\n', ['{"a":1}', '{"a":2}']],
    ['a byte order mark', '\uFEFF{"a":1}\n', ['{"a":1}']],
    ['nothing', '', []],
  ])('%s', (_name, text, expected) => {
    expect(parse([bytes(text)])).toEqual(expected);
  });

  it('returns each value whatever the cuts', () => {
    const values = fc.array(fc.oneof(fc.jsonValue(), fc.string({ unit: 'grapheme' })), { maxLength: 8 });
    fc.assert(
      fc.property(values, fc.constantFrom('\n', '\r\n'), fc.nat(), fc.nat(), (all, newline, one, two) => {
        const whole = bytes(all.map((value) => JSON.stringify(value)).join(newline));
        const [from, to] = [one % (whole.length + 1), two % (whole.length + 1)].sort((a, b) => a - b) as [number, number];
        const expected = all.map((value) => JSON.stringify(value));
        expect(parse([whole.subarray(0, from), whole.subarray(from, to), whole.subarray(to)])).toEqual(expected);
        expect(parse(Array.from(whole, (byte) => new Uint8Array([byte])))).toEqual(expected);
      }),
    );
  });

  it('refuses a line that is too long', () => {
    expect(() => parse([bytes('x'.repeat(101))], 100)).toThrow(FramingOverflow);
    expect(() => parse([bytes(`${'x'.repeat(101)}\n`)], 100)).toThrow(FramingOverflow);
  });
});
