import { describe, expect, it } from 'vitest';
import type { EmbedRequest } from '../../../src/contract/vectors.ts';
import { embedCodec } from '../../../src/dialects/gemini/embeddings.ts';
import { modelPages } from '../../../src/dialects/gemini/models.ts';
import { developerAPI } from '../../../src/dialects/gemini/service-traits.ts';
import { callOf, contextOf } from '../../support/call.ts';

const codec = embedCodec(developerAPI);
const embedCall = (request: EmbedRequest) => callOf('embed', request, { provider: 'gemini', model: 'gemini-embedding-001' });
const decode = (body: unknown, request: EmbedRequest = { input: 'a' }) => codec.decode(body, contextOf(embedCall(request)));

describe('embeddings', () => {
  it('are one request per text', async () => {
    const call = embedCall({
      input: ['a', 'b'],
      dimensions: 256,
      user: 'u',
      providerOptions: { gemini: { taskType: 'RETRIEVAL_QUERY', title: 'T' } },
    });
    const shared = {
      model: 'models/gemini-embedding-001',
      outputDimensionality: 256,
      taskType: 'RETRIEVAL_QUERY',
      title: 'T',
    };
    expect(await codec.encode(call)).toEqual({
      path: '/models/gemini-embedding-001:batchEmbedContents',
      body: {
        requests: [
          { ...shared, content: { parts: [{ text: 'a' }] } },
          { ...shared, content: { parts: [{ text: 'b' }] } },
        ],
      },
    });
    expect(call.warnings).toEqual(['gemini has no "user"; sent without it']);
  });

  it('take one text too', async () => {
    expect((await codec.encode(embedCall({ input: 'a' }))).body).toEqual({
      requests: [{ model: 'models/gemini-embedding-001', content: { parts: [{ text: 'a' }] } }],
    });
  });

  it.each([[[1, 2]], [[[1], [2]]]])('refuse tokens: %j', (input) => {
    expect(() => codec.encode(embedCall({ input: input as number[] }))).toThrow(
      expect.objectContaining({ kind: 'unsupported_params', param: 'input' }),
    );
  });

  it('are read in order', () => {
    expect(decode({ embeddings: [{ values: [1, 0] }, { values: [0, 1] }], usageMetadata: { promptTokenCount: 4 } })).toEqual({
      object: 'list',
      model: 'gemini-embedding-001',
      data: [
        { object: 'embedding', index: 0, embedding: [1, 0] },
        { object: 'embedding', index: 1, embedding: [0, 1] },
      ],
      usage: { prompt_tokens: 4, total_tokens: 4 },
    });
    expect(decode({ embedding: { values: [0.5] } })).toMatchObject({
      data: [{ embedding: [0.5] }],
      usage: { prompt_tokens: 0, total_tokens: 0 },
    });
  });

  it('are base64 of little-endian floats when asked for', () => {
    const { data } = decode({ embeddings: [{ values: [1, -2.5] }] }, { input: 'a', encoding_format: 'base64' });
    const bytes = Buffer.from(data[0]?.embedding as unknown as string, 'base64');
    expect([bytes.readFloatLE(0), bytes.readFloatLE(4), bytes.length]).toEqual([1, -2.5, 8]);
  });

  it.each([[null], [[]], [{}], [{ embeddings: [{}] }], [{ embeddings: [{ values: 'x' }] }]])('%j is not the protocol', (body) => {
    expect(() => decode(body)).toThrow(expect.objectContaining({ kind: 'response_validation' }));
  });
});

describe('models', () => {
  const call = callOf('models', {}, { provider: 'gemini', model: '' });

  it('are asked for in large pages', () => {
    expect(modelPages.path(undefined)).toBe('/models?pageSize=1000');
    expect(modelPages.path('a/b')).toBe('/models?pageSize=1000&pageToken=a%2Fb');
  });

  it('are listed with their limits', () => {
    const body = {
      models: [
        { name: 'models/gemini-3.6-flash', inputTokenLimit: 1048576, outputTokenLimit: 65536 },
        { name: 'tunedModels/a' },
        7,
      ],
    };
    expect(modelPages.decode(body, contextOf(call), undefined)).toEqual({
      next: undefined,
      models: [
        {
          id: 'gemini-3.6-flash',
          object: 'model',
          created: 0,
          owned_by: 'google',
          context_window: 1048576,
          max_output_tokens: 65536,
        },
        { id: 'tunedModels/a', object: 'model', created: 0, owned_by: 'google' },
      ],
    });
    expect(modelPages.decode({}, contextOf(call), undefined).models).toEqual([]);
  });

  it.each(['', null, 7, undefined])('have no second page at %j', (nextPageToken) => {
    expect(modelPages.decode({ models: [], nextPageToken }, contextOf(call), undefined).next).toBeUndefined();
  });

  it.each([[[]], [{ models: 7 }], ['x']])('%j is not the protocol', (body) => {
    expect(() => modelPages.decode(body, contextOf(call), undefined)).toThrow(
      expect.objectContaining({ kind: 'response_validation' }),
    );
  });
});
