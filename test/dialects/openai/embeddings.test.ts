import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EmbedReply, EmbedRequest, ModelList } from '../../../src/contract/vectors.ts';
import { decodeEmbeddings, embedEncoder, fromBase64, toBase64 } from '../../../src/dialects/openai/embeddings.ts';
import { decodeModels } from '../../../src/dialects/openai/models.ts';
import { callOf, contextOf } from '../../support/call.ts';

const decode = (body: unknown, request: Partial<EmbedRequest> = {}): EmbedReply =>
  decodeEmbeddings(body, contextOf(callOf('embed', { input: 'x', ...request }, { model: 'text-embedding-3-small' })));
const list = (body: unknown): ModelList => decodeModels(body, contextOf(callOf('models', {}, { provider: 'host' })));

const VECTOR = [0.5, -2, 1.25];
const BASE64 = Buffer.from(new Float32Array(VECTOR).buffer).toString('base64');

describe('embeddings', () => {
  it('travel as base64 unless the caller wants it otherwise', () => {
    const body = (request: Partial<EmbedRequest>, quirks = {}): object | undefined =>
      embedEncoder(quirks)(callOf('embed', { input: ['a', 'b'], ...request })).body;
    expect(body({})).toMatchObject({ model: 'gpt-5-mini', input: ['a', 'b'], encoding_format: 'base64' });
    expect(body({ encoding_format: 'float', dimensions: 3 })).toMatchObject({ encoding_format: 'float', dimensions: 3 });
    expect(body({}, { base64Vectors: false })).not.toHaveProperty('encoding_format');
  });

  it.each([
    ['base64 to numbers', BASE64, {}, VECTOR],
    ['numbers as they are', VECTOR, {}, VECTOR],
    ['base64 where float was wanted', BASE64, { encoding_format: 'float' as const }, VECTOR],
    ['base64 as it is', BASE64, { encoding_format: 'base64' as const }, BASE64],
    ['numbers where base64 was wanted', VECTOR, { encoding_format: 'base64' as const }, BASE64],
  ])('%s', (_, embedding, request, expected) => {
    expect(decode({ data: [{ embedding, index: 0 }] }, request).data[0]?.embedding).toEqual(expected);
  });

  it('fill what a host left out', () => {
    expect(decode({ data: [{ embedding: VECTOR }, { embedding: VECTOR }] })).toEqual({
      object: 'list',
      model: 'text-embedding-3-small',
      data: [
        { object: 'embedding', index: 0, embedding: VECTOR },
        { object: 'embedding', index: 1, embedding: VECTOR },
      ],
      usage: { prompt_tokens: 0, total_tokens: 0 },
    });
    expect(decode({ data: [], usage: { total_tokens: 4 } }).usage).toEqual({ prompt_tokens: 4, total_tokens: 4 });
  });

  it('raise on errors and on what is no vector', () => {
    expect(() => decode({ error: { message: 'x' } })).toThrow(expect.objectContaining({ kind: 'internal_server' }));
    expect(() => decode({ detail: 'x' })).toThrow(expect.objectContaining({ kind: 'internal_server' }));
    for (const body of [null, {}, { data: [null] }, { data: [{ embedding: 5 }] }]) {
      expect(() => decode(body)).toThrow(expect.objectContaining({ kind: 'response_validation' }));
    }
  });

  it('base64 is little-endian float32, there and back', () => {
    expect(toBase64(VECTOR)).toBe(BASE64);
    fc.assert(
      fc.property(fc.array(fc.float({ noNaN: true })), (vector) => {
        expect(fromBase64(toBase64(vector))).toEqual(vector);
      }),
    );
  });
});

describe('model lists', () => {
  it("OpenAI's", () => {
    const model = { id: 'gpt-5', object: 'model', created: 1, owned_by: 'openai' };
    expect(list({ object: 'list', data: [model] })).toEqual({ object: 'list', data: [model] });
  });

  it.each([
    ['a bare list', [{ id: 'm' }]],
    ['models', { models: [{ name: 'm' }] }],
    ['data without dates', { data: [{ model: 'm' }] }],
  ])('%s', (_, body) => {
    expect(list(body).data).toMatchObject([{ id: 'm', object: 'model', created: 0, owned_by: 'host' }]);
  });

  it.each([
    [{ context_length: 5 }, { context_window: 5 }],
    [
      { context_window: 5, max_completion_tokens: 3 },
      { context_window: 5, max_output_tokens: 3 },
    ],
    [{ max_model_len: 5 }, { context_window: 5 }],
    [{ meta: { n_ctx_train: 5 } }, { context_window: 5 }],
    [{ top_provider: { max_completion_tokens: 3 } }, { max_output_tokens: 3 }],
  ])('sizes from %o', (fields, sizes) => {
    expect(list({ data: [{ id: 'm', ...fields }] }).data[0]).toMatchObject(sizes);
  });

  it('raise on errors', () => {
    expect(() => list({ error: 'x' })).toThrow(expect.objectContaining({ kind: 'internal_server' }));
    expect(() => list([{ error: { message: 'x' } }])).toThrow(expect.objectContaining({ kind: 'internal_server' }));
    expect(() => list('x')).toThrow(expect.objectContaining({ kind: 'response_validation' }));
  });
});
