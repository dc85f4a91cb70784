import { describe, expect, it } from 'vitest';
import * as z from 'zod/mini';
import { callback, checkOptions, count, milliseconds, nearest } from '../../src/contract/check-options.ts';
import { ConfigurationError } from '../../src/errors/setup-errors.ts';

const schema = z.strictObject({
  retries: z._default(count, 2),
  wait: z.optional(milliseconds),
  name: z.optional(z.string().check(z.minLength(2))),
  mode: z.optional(z.enum(['fast', 'slow'])),
  on: z.optional(callback<() => void>()),
  apiKey: z.optional(z.number()),
  headers: z.optional(z.record(z.string(), z.number())),
  list: z.optional(z.array(z.union([z.string(), z.strictObject({ model: z.string(), size: z.optional(z.number()) })]))),
  nested: z.optional(z.strictObject({ deep: z.optional(z.boolean()) })),
});

function refusal(value: unknown): ConfigurationError {
  try {
    checkOptions(schema, value, 'demo');
  } catch (error) {
    if (error instanceof ConfigurationError) return error;
  }
  throw new Error('expected a ConfigurationError');
}

describe('checkOptions', () => {
  it('fills in defaults and returns a copy', () => {
    const given = { list: ['a'], nested: { deep: true } };
    const checked = checkOptions(schema, given, 'demo');
    expect(checked).toEqual({ retries: 2, list: ['a'], nested: { deep: true } });
    expect(checked.list).not.toBe(given.list);
    expect(checked.nested).not.toBe(given.nested);
    expect(given).toEqual({ list: ['a'], nested: { deep: true } });
  });

  it.each<[unknown, string]>([
    [{ retries: '3' }, 'demo.retries: expected a whole number ≥ 0, got "3"'],
    [{ wait: -1 }, 'demo.wait: expected a number of milliseconds ≥ 0, got -1'],
    [{ wait: Number.POSITIVE_INFINITY }, 'demo.wait: expected a number of milliseconds ≥ 0, got Infinity'],
    [{ name: 'x' }, 'demo.name: expected at least 2 characters, got "x"'],
    [{ name: null }, 'demo.name: expected a string, got null'],
    [{ mode: 'quick' }, 'demo.mode: expected "fast" or "slow", got "quick"'],
    [{ on: 'x' }, 'demo.on: expected a function, got "x"'],
    [{ nested: { deep: 1 } }, 'demo.nested.deep: expected true or false, got 1'],
    [{ nested: { dep: true } }, 'demo.nested.dep: unknown option; did you mean "deep"?'],
    [{ nested: { zzzzzz: 1 } }, 'demo.nested.zzzzzz: unknown option; known are "deep"'],
    [{ list: ['a', 3] }, 'demo.list[1]: expected a string or an object, got 3'],
    [{ list: [{ modle: 'x' }] }, 'demo.list[0].modle: unknown option; did you mean "model"?'],
    [{ list: {} }, 'demo.list: expected a list, got an object'],
    [{ headers: { 'x y': 'z' } }, 'demo.headers["x y"]: expected a number, got a string'],
    [undefined, 'demo: expected an object, got nothing'],
    [() => {}, 'demo: expected an object, got a function'],
  ])('%j', (value, message) => {
    expect(refusal(value).reason).toContain(message);
  });

  it('names every wrong option, and the first as param', () => {
    const error = refusal({ retries: 'x', wat: 1 });
    expect(error.reason).toBe(
      'demo.retries: expected a whole number ≥ 0, got "x"; demo.wat: unknown option; did you mean "wait"?',
    );
    expect(error.param).toBe('demo.retries');
  });

  it('never shows a secret or a long text', () => {
    expect(refusal({ apiKey: 'sk-123456' }).message).not.toContain('sk-123456');
    expect(refusal({ headers: { authorization: 'Bearer abc' } }).message).not.toContain('Bearer abc');
    expect(refusal({ mode: 'x'.repeat(100) }).message).not.toContain('xxx');
  });

  it('is not led astray by the names of Object.prototype', () => {
    expect(refusal({ toString: 1, constructor: 2 }).reason).toContain('demo.toString: unknown option');
    expect(refusal(JSON.parse('{"__proto__": {"retries": "3"}}')).reason).toContain('demo.__proto__: unknown option');
  });
});

describe('nearest', () => {
  it.each([
    ['anthropci', 'anthropic'],
    ['OPENAI', 'openai'],
    ['gemni', 'gemini'],
    ['something-else', undefined],
    ['', undefined],
  ])('%s → %s', (word, expected) => {
    expect(nearest(word, ['openai', 'anthropic', 'gemini'])).toBe(expected);
  });
});
