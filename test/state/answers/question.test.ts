import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Call, CallOptions, OperationName } from '../../../src/contract/call.ts';
import { canonicalJson } from '../../../src/state/answers/canonical-json.ts';
import { hashOf, questionOf } from '../../../src/state/answers/question.ts';
import { callOf } from '../../support/call.ts';

/** The same value with the names of every object in another order. */
function shuffled(value: unknown, seed: number): unknown {
  if (Array.isArray(value)) return value.map((item) => shuffled(item, seed));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([name, field]) => [name, shuffled(field, seed)] as const);
  const turned = [...entries.slice(seed % (entries.length || 1)), ...entries.slice(0, seed % (entries.length || 1))];
  return Object.fromEntries(seed % 2 === 0 ? turned : turned.reverse());
}

const json = fc.jsonValue({ maxDepth: 4 });

describe('canonical JSON', () => {
  it('is JSON of the value', () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(JSON.parse(canonicalJson(value) ?? '')).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('does not depend on the order of names', () => {
    fc.assert(
      fc.property(json, fc.nat(), (value, seed) => {
        expect(canonicalJson(shuffled(value, seed))).toBe(canonicalJson(value));
      }),
    );
  });

  it('differs when the value differs', () => {
    fc.assert(
      fc.property(json, json, (a, b) => {
        const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
        const equal = canonicalJson(a) === canonicalJson(b);
        if (equal) expect(plain(a)).toEqual(plain(b));
        else expect(plain(a)).not.toStrictEqual(plain(b));
      }),
      { numRuns: 500 },
    );
  });

  it('tells apart what only looks alike', () => {
    const alike = [
      [['a', 'b']],
      ['a,b'],
      ['a', 'b'],
      [['a'], 'b'],
      { a: 'b' },
      '{"a":"b"}',
      [1],
      ['1'],
      [null],
      [''],
      0,
      '0',
      false,
      null,
      {},
      [],
    ];
    expect(new Set(alike.map(canonicalJson)).size).toBe(alike.length);
  });

  it('leaves out what JSON leaves out', () => {
    expect(canonicalJson({ b: undefined, a: 1, c: () => 1 })).toBe('{"a":1}');
    expect(canonicalJson([undefined, Number.NaN, -0])).toBe('[null,null,0]');
    expect(canonicalJson({ at: new Date(0) })).toBe('{"at":"1970-01-01T00:00:00.000Z"}');
  });

  it('refuses what JSON does not tell in full', () => {
    const circle: { self?: unknown } = {};
    circle.self = circle;
    class Upload {
      bytes = 1;
    }
    const odd = [new Blob(['a']), new Uint8Array(2), new Map(), new Upload(), 1n, Symbol('s'), { toJSON: () => 1 }, circle];
    for (const value of odd) expect(canonicalJson({ deep: [value] })).toBeUndefined();
  });

  it('takes plain objects of any origin', () => {
    expect(canonicalJson(Object.assign(Object.create(null), { a: 1 }))).toBe('{"a":1}');
    expect(canonicalJson(JSON.parse('{"__proto__":{"polluted":1}}'))).toBe('{"__proto__":{"polluted":1}}');
  });
});

describe('what a call asks', () => {
  const messages = [{ role: 'user' as const, content: 'Hi' }];
  const asked = (
    request: object = {},
    changes: { operation?: OperationName; options?: CallOptions; provider?: string; model?: string; baseURL?: string } = {},
  ): string | undefined => {
    const { operation = 'chat', baseURL, ...rest } = changes;
    const call = callOf(operation, { messages, ...request } as never, rest) as Call;
    return questionOf(baseURL === undefined ? call : { ...call, target: { ...call.target, baseURL } });
  };
  const plain = asked();

  it.each<[string, string | undefined]>([
    ['who asks', asked({ user: 'ada', safety_identifier: 'x' })],
    ['notes for the provider', asked({ metadata: { job: '1' }, store: true, prompt_cache_key: 'k' })],
    ['how it is sent', asked({ stream_options: { include_usage: true } }, { operation: 'stream' })],
    ['streamed or whole', asked({}, { operation: 'stream' })],
    [
      'options of the caller',
      asked({}, { options: { timeout: 5, headers: { a: 'b' }, idempotencyKey: 'k', metadata: { a: 1 } } }),
    ],
    ['what is not set', asked({ temperature: undefined })],
  ])('is the same whatever %s', (_, question) => expect(question).toBe(plain));

  it.each<[string, string | undefined]>([
    ['the messages', asked({ messages: [{ role: 'user', content: 'Hi!' }] })],
    ['the order of messages', asked({ messages: [...messages, { role: 'user', content: '' }] })],
    ['the temperature', asked({ temperature: 0 })],
    ['the seed', asked({ seed: 1 })],
    ['the tools', asked({ tools: [] })],
    ['settings of a provider', asked({ providerOptions: { anthropic: { thinking: { type: 'disabled' } } } })],
    ['an unknown parameter', asked({ top_a: 1 })],
    ['the model', asked({}, { model: 'gpt-5' })],
    ['the provider', asked({}, { provider: 'azure' })],
    ['the address', asked({}, { baseURL: 'http://127.0.0.1:1' })],
    ['what is dropped', asked({}, { options: { unsupportedParams: 'drop' } })],
    ['the operation', questionOf(callOf('complete', { messages, prompt: 'Hi' } as never) as Call)],
  ])('differs with %s', (_, question) => {
    expect(question).toBeTypeOf('string');
    expect(question).not.toBe(plain);
  });

  it('is nothing for lists of models, and for what cannot be told', () => {
    expect(questionOf(callOf('models', {}) as Call)).toBeUndefined();
    expect(asked({ messages: [{ role: 'user', content: new Uint8Array(3) }] })).toBeUndefined();
  });

  it('is written once for a request, and anew for another target', () => {
    let looks = 0;
    const request = {
      get messages() {
        looks++;
        return messages;
      },
    };
    const call = callOf('chat', request);
    expect(questionOf(call)).toBe(questionOf({ ...call, correlationId: 'another layer' }));
    expect(looks).toBe(1);
    const elsewhere = { ...call, target: { ...call.target, model: 'gpt-5' } };
    expect(questionOf(elsewhere)).not.toBe(questionOf(call));
  });

  it('is hashed with SHA-256', async () => {
    expect(await hashOf('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  });
});
