import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { withKeyFor } from '../../src/contract/idempotency.ts';

const keyFor = (part: string, idempotencyKey: string): string => withKeyFor(part, { idempotencyKey }).idempotencyKey ?? '';

describe('the key of a request that follows from another', () => {
  it('begins with the call’s own, and is always the same', () => {
    expect(keyFor('foobar', 'order-7')).toBe('order-7-bf9cf968'); // FNV-1a's own test vector
  });

  it('leaves options without a key, and all others, as they are', () => {
    const options = { timeout: 5 };
    expect(withKeyFor('x', options)).toBe(options);
    expect(withKeyFor('x', { timeout: 5, idempotencyKey: 'k' })).toMatchObject({ timeout: 5 });
  });

  it('fits into a header and into 255 characters, and differs by part and by key, however long they are', () => {
    const key = fc.string({ minLength: 1, maxLength: 300, unit: fc.constantFrom('a', 'b', '7', '-') });
    fc.assert(
      fc.property(key, fc.string(), (given, part) => {
        const made = keyFor(part, given);
        expect(made).toMatch(/^[\x21-\x7e]+$/);
        expect(made.length).toBeLessThanOrEqual(255);
        expect(made).not.toBe(given);
        expect(made).not.toBe(keyFor(`${part}!`, given));
        expect(made).not.toBe(keyFor(part, `${given}-`));
      }),
    );
  });
});
