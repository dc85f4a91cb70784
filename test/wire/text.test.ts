import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { decodeText } from '../../src/wire/text.ts';

afterEach(() => {
  vi.unstubAllGlobals();
  vi.resetModules();
});

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('decodeText', () => {
  it('joins chunks before it decodes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.nat(), (text, cut) => {
        const whole = bytes(text);
        const at = cut % (whole.length + 1);
        expect(decodeText([whole.subarray(0, at), whole.subarray(at)])).toBe(text);
        expect(decodeText([Buffer.from(whole)])).toBe(text);
      }),
    );
  });

  it('takes one byte order mark off the start', () => {
    expect(decodeText([bytes('\uFEFFa\uFEFF')])).toBe('a\uFEFF');
    expect(decodeText([bytes('\uFEFF').subarray(0, 1), bytes('\uFEFF').subarray(1), bytes('a')])).toBe('a');
    expect(decodeText([])).toBe('');
  });

  it('marks what is not UTF-8', () => {
    expect(decodeText([new Uint8Array([0x61, 0xff, 0x62])])).toBe('a\uFFFDb');
  });
});

describe('without Buffer', () => {
  it('text, events and request bodies are the same', async () => {
    const long = 'A'.repeat(20_000);
    vi.stubGlobal('Buffer', undefined);
    vi.resetModules();
    const text = await import('../../src/wire/text.ts');
    const { SSEParser } = await import('../../src/wire/framing/sse.ts');
    const { encodeJSON, spliced } = await import('../../src/wire/json-body.ts');
    const events: string[] = [];
    const parser = new SSEParser();
    for (const byte of bytes('\uFEFFdata: höl\r\n\r\ndata: 😀')) parser.feed(new Uint8Array([byte]), (data) => events.push(data));
    parser.flush((data) => events.push(data));
    const found = [
      text.decodeText([bytes('\uFEFFhé'), bytes('llo')]),
      events,
      spliced(long) === long,
      encodeJSON({ a: spliced(long) }),
    ];
    vi.unstubAllGlobals();
    expect(found).toEqual(['héllo', ['höl', '😀'], true, JSON.stringify({ a: long })]);
  });
});
