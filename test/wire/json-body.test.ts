import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '../../src/errors/setup-errors.ts';
import { encodeJSON, spliced } from '../../src/wire/json-body.ts';

const text = (body: string | Uint8Array): string => (typeof body === 'string' ? body : Buffer.from(body).toString());
const base64 = Buffer.from(Array.from({ length: 30_000 }, (_, i) => i % 251)).toString('base64');

describe('spliced', () => {
  it('leaves short strings and those that need escaping alone', () => {
    for (const plain of ['', 'abc', 'x'.repeat(16 * 1024 - 1), `${base64}"`, `${base64}\\`, `${base64}é`]) {
      expect(spliced(plain)).toBe(plain);
    }
  });

  it('is a string to everyone else', () => {
    const image = spliced(base64);
    expect(image).not.toBe(base64);
    expect(image.length).toBe(base64.length);
    expect(image.slice(0, 8)).toBe(base64.slice(0, 8));
    expect(`${image}`).toBe(base64);
    expect(JSON.stringify({ image })).toBe(JSON.stringify({ image: base64 }));
    expect(spliced(image).length).toBe(base64.length);
  });
});

describe('encodeJSON', () => {
  it('writes what JSON.stringify writes', () => {
    const long = fc
      .tuple(fc.nat({ max: 40 }), fc.constantFrom('', '', '\n', '\u0001', '\u007f', '"', '\\', 'é', '😀'), fc.nat())
      .map(([extra, odd, at]) => {
        const plain = 'A'.repeat(16 * 1024 + extra);
        const cut = at % plain.length;
        return plain.slice(0, cut) + odd + plain.slice(cut);
      });
    const value = fc.letrec<{ node: unknown }>((tie) => ({
      node: fc.oneof(
        { maxDepth: 3 },
        fc.string({ unit: 'grapheme' }),
        long,
        fc.double(),
        fc.constantFrom(null, undefined, true),
        fc.array(tie('node'), { maxLength: 4 }),
        fc.dictionary(fc.string({ unit: 'grapheme' }), tie('node'), { maxKeys: 4 }),
      ),
    })).node;
    const splice = (node: unknown): unknown => {
      if (typeof node === 'string') return spliced(node);
      if (Array.isArray(node)) return node.map(splice);
      if (typeof node !== 'object' || node === null) return node;
      return Object.fromEntries(Object.entries(node).map(([key, member]) => [key, splice(member)]));
    };
    fc.assert(
      fc.property(value, (node) => {
        expect(text(encodeJSON({ node: splice(node) }))).toBe(
          JSON.stringify({ node: JSON.parse(JSON.stringify({ node })).node }),
        );
      }),
    );
  });

  it('is a string without long strings and bytes with them', () => {
    expect(encodeJSON({ a: 1 })).toBe('{"a":1}');
    expect(encodeJSON({ a: spliced(base64), ü: 'ü', b: [spliced(base64)] })).toBeInstanceOf(Uint8Array);
  });

  it('writes one text that stands in several places', () => {
    const image = spliced(base64);
    expect(text(encodeJSON([image, { image }, image]))).toBe(JSON.stringify([base64, { image: base64 }, base64]));
  });

  it('names the path of what cannot be written', () => {
    const message: Record<string, unknown> = { role: 'user' };
    message.content = [{ type: 'text', message }];
    expect(() => encodeJSON({ messages: [message] })).toThrow(ConfigurationError);
    expect(() => encodeJSON({ messages: [message] })).toThrow('circular at messages[0].content[0].message');
    expect(() => encodeJSON({ a: { 'b c': 1n } })).toThrow('BigInt at a["b c"]');
    const thrower = {
      get x(): never {
        throw new Error('secret');
      },
    };
    expect(() => encodeJSON({ thrower })).toThrow('threw at thrower');
    expect(() => encodeJSON({ thrower })).not.toThrow('secret');
  });

  it('writes again after a failure', () => {
    expect(() => encodeJSON({ a: spliced(base64), b: 1n })).toThrow(ConfigurationError);
    expect(JSON.stringify({ a: spliced(base64) })).toBe(JSON.stringify({ a: base64 }));
    expect(text(encodeJSON({ a: spliced(base64) }))).toBe(JSON.stringify({ a: base64 }));
  });
});
