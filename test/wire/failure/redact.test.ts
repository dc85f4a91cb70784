import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { withoutEchoes } from '../../../src/wire/failure/echoes.ts';
import { redact, withoutSecrets } from '../../../src/wire/failure/redact.ts';

const LONE = /\p{Surrogate}/u;
const nothing = { secrets: [], promptText: () => '' };

describe('secrets', () => {
  it('removes the keys that are known', () => {
    expect(redact('bad key my-odd-key-7', { ...nothing, secrets: ['my-odd-key-7', undefined, ''] })).toBe('bad key [redacted]');
  });

  it.each([
    'sk-proj-AbCd1234EfGh5678',
    'sk-ant-api03-AbCd-1234_EfGh',
    'gsk_AbCd1234EfGh5678',
    'xai-AbCd1234EfGh5678',
    'hf_AbCdEfGhIjKlMnOp',
    'r8_AbCdEfGhIjKlMnOp',
    'nvapi-AbCdEfGhIjKlMnOp',
    'pplx-AbCdEfGhIjKlMnOp',
    'AIzaSyA1234567890abcdefghij',
    'AKIAIOSFODNN7EXAMPLE',
    'ya29.a0AfH6SMBx-123456',
    'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc-def',
  ])('removes what looks like a key: %s', (key) => {
    const shown = withoutSecrets(`Incorrect API key provided: ${key}. Try another.`, []);
    expect(shown).toBe('Incorrect API key provided: [redacted]. Try another.');
  });

  it('removes credentials from headers and addresses that are repeated', () => {
    expect(withoutSecrets('sent Authorization: Bearer abcdefgh12345', [])).toBe('sent Authorization: Bearer [redacted]');
    expect(withoutSecrets('GET https://x.y/z?alt=sse&key=abc123&b=1', [])).toBe('GET https://x.y/z?alt=sse&key=[redacted]&b=1');
  });

  it.each([
    [
      'wrong',
      'Incorrect API key provided: wrong. Something went wrong.',
      'Incorrect API key provided: [redacted]. Something went wrong.',
    ],
    ['wrong', 'wrong is no valid api_key', '[redacted] is no valid api_key'],
    ['wrong', 'wrong', '[redacted]'],
    ['none', 'tool_choice must be auto, none or required', 'tool_choice must be auto, none or required'],
    [
      'test',
      'Unauthorized: "test" (test), not contest or test-key',
      'Unauthorized: "[redacted]" ([redacted]), not contest or test-key',
    ],
    ['k', 'token <k> k2', 'token <[redacted]> k2'],
    ['7', 'line 7 of 17', 'line 7 of 17'],
    ['x7Q2', 'x7Q2 crashed at x7Q2x', '[redacted] crashed at x7Q2x'],
    ['a.b!', 'crash of a.b!: a_b!', 'crash of [redacted]: a_b!'],
    ['$&(', 'crash of $&(', 'crash of [redacted]'],
    ['', 'no key', 'no key'],
  ])('removes a short key that is known, %j, where it stands alone: %s', (key, text, shown) => {
    expect(withoutSecrets(text, [key])).toBe(shown);
  });

  it('leaves model names and ordinary words alone', () => {
    const text =
      'The model `gpt-5-mini` and meta-llama/Llama-3.3-70B-Instruct, task-specific, risk-free hf_hub, Basic authentication, Bearer tokens only';
    expect(withoutSecrets(text, [])).toBe(text);
  });
});

describe('echoes of the prompt', () => {
  const prompt = 'Once upon a time there was a confidential merger between two companies.';

  it('removes what a message repeats of the prompt', () => {
    expect(withoutEchoes('Invalid input: "there was a confidential merger between two" is not allowed', prompt)).toBe(
      'Invalid input: "[…]" is not allowed',
    );
  });

  it('leaves short overlaps', () => {
    expect(withoutEchoes('a confidential merger', prompt)).toBe('a confidential merger');
  });

  it('leaves no run of 24 characters of the prompt behind', () => {
    const words = fc.array(fc.constantFrom('alpha ', 'beta ', 'gamma ', 'delta ', 'x', '7', 'é', '😀'), {
      minLength: 10,
      maxLength: 60,
    });
    fc.assert(
      fc.property(words, fc.nat(40), fc.nat(80), fc.string(), fc.string(), (parts, from, length, before, after) => {
        const source = parts.join('');
        const shown = withoutEchoes(before + source.slice(from, from + length) + after, source);
        for (let i = 0; i + 24 <= shown.length; i++) {
          const run = shown.slice(i, i + 24);
          if (!run.includes('[…]')) expect(source.includes(run)).toBe(false);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('does not ask for the prompt of a short message', () => {
    const asked = () => {
      throw new Error('asked');
    };
    expect(redact('Overloaded', { secrets: [], promptText: asked })).toBe('Overloaded');
  });
});

describe('length', () => {
  it('never exceeds the bound, nor splits a character', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 2000 }), fc.integer({ min: 2, max: 300 }), (text, length) => {
        const shown = redact(text, nothing, length);
        expect(shown.length).toBeLessThanOrEqual(length);
        expect(LONE.test(shown) && !LONE.test(text)).toBe(false);
      }),
    );
  });
});
