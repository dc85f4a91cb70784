import { describe, expect, it } from 'vitest';
import type { ChatRequest } from '../../../src/contract/chat.ts';
import { familyOf } from '../../../src/dialects/gemini/model-family.ts';
import { geminiSchema } from '../../../src/dialects/gemini/schema.ts';
import { thinkingConfigOf } from '../../../src/dialects/gemini/thinking.ts';
import { encoded, hello } from './encoded.ts';

const EFFORTS = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'] as const;

describe('reasoning_effort', () => {
  it.each([
    ['gemini-2.5-flash', [0, 512, 1024, 8192, 24576, 24576, 24576]],
    ['gemini-2.5-flash-lite', [0, 512, 1024, 8192, 24576, 24576, 24576]],
    ['models/gemini-2.5-pro', [128, 128, 1024, 8192, 32768, 32768, 32768]],
    ['gemini-3-pro-preview', ['LOW', 'LOW', 'LOW', 'MEDIUM', 'HIGH', 'HIGH', 'HIGH']],
    ['gemini-4-pro', ['LOW', 'LOW', 'LOW', 'MEDIUM', 'HIGH', 'HIGH', 'HIGH']],
    ['gemini-flash-latest', ['LOW', 'LOW', 'LOW', 'MEDIUM', 'HIGH', 'HIGH', 'HIGH']],
    ['gemini-3.7-flash', ['LOW', 'LOW', 'LOW', 'MEDIUM', 'HIGH', 'HIGH', 'HIGH']],
    ['gemini-3.10-flash', ['LOW', 'LOW', 'LOW', 'MEDIUM', 'HIGH', 'HIGH', 'HIGH']],
    ['gemini-3.6-flash', ['MINIMAL', 'MINIMAL', 'LOW', 'MEDIUM', 'HIGH', 'HIGH', 'HIGH']],
    ['gemini-3-flash-preview', ['MINIMAL', 'MINIMAL', 'LOW', 'MEDIUM', 'HIGH', 'HIGH', 'HIGH']],
    ['gemini-3.9-flash-lite', ['MINIMAL', 'MINIMAL', 'LOW', 'MEDIUM', 'HIGH', 'HIGH', 'HIGH']],
    ['gemini-flash-lite-latest', ['MINIMAL', 'MINIMAL', 'LOW', 'MEDIUM', 'HIGH', 'HIGH', 'HIGH']],
    ['gemini-4-hydrogen', ['LOW', 'LOW', 'LOW', 'MEDIUM', 'HIGH', 'xhigh', 'xhigh']],
    ['tunedModels/mine', ['LOW', 'LOW', 'LOW', 'MEDIUM', 'HIGH', 'HIGH', 'HIGH']],
  ])('of %s', (model, values) => {
    const family = familyOf(model);
    EFFORTS.forEach((effort, index) => {
      const value = values[index];
      const depth = typeof value === 'number' ? { thinkingBudget: value } : { thinkingLevel: value };
      expect(thinkingConfigOf(effort, family)).toEqual(effort === 'none' ? depth : { includeThoughts: true, ...depth });
    });
  });

  it.each(['gemini-2.0-flash', 'gemini-1.5-pro', 'gemini-2.5-flash-image', 'gemma-3-27b-it'])(
    '%s does not think',
    async (model) => {
      const request: ChatRequest = { messages: hello, reasoning_effort: 'low' };
      await expect(encoded(request, { model })).rejects.toMatchObject({ param: 'reasoning_effort' });
      const { body } = await encoded({ messages: hello, reasoning_effort: 'none' }, { model });
      expect(body.generationConfig).toBeUndefined();
    },
  );
});

describe('geminiSchema', () => {
  it('keeps what Gemini knows and rewrites what it says otherwise', () => {
    expect(
      geminiSchema({
        $schema: 'https://json-schema.org/draft/2020-12/schema',
        type: 'object',
        properties: {
          kind: { const: 'a' },
          size: { type: ['integer', 'null'], minimum: 1, exclusiveMaximum: 9, default: 2 },
          pattern: { type: 'string', pattern: '^x', format: 'date' },
          child: { $ref: '#/definitions/node' },
          list: { type: 'array', items: { anyOf: [{ type: 'string', minLength: 1 }, { type: 'null' }] }, minItems: 1 },
          pair: { prefixItems: [{ type: 'string', examples: ['a'] }] },
        },
        additionalProperties: false,
        required: ['kind'],
        definitions: { node: { type: 'object', additionalProperties: { type: 'string', maxLength: 3 } } },
      }),
    ).toEqual({
      type: 'object',
      properties: {
        kind: { enum: ['a'] },
        size: { type: ['integer', 'null'], minimum: 1 },
        pattern: { type: 'string', format: 'date' },
        child: { $ref: '#/$defs/node' },
        list: { type: 'array', items: { anyOf: [{ type: 'string' }, { type: 'null' }] }, minItems: 1 },
        pair: { prefixItems: [{ type: 'string' }] },
      },
      additionalProperties: false,
      required: ['kind'],
      $defs: { node: { type: 'object', additionalProperties: { type: 'string' } } },
    });
  });

  it('folds allOf', () => {
    expect(
      geminiSchema({
        title: 'T',
        properties: { a: { type: 'string' } },
        required: ['a'],
        allOf: [{ title: 'U', type: 'object', properties: { b: { const: 1 } }, required: ['b'] }],
      }),
    ).toEqual({
      title: 'T',
      type: 'object',
      properties: { a: { type: 'string' }, b: { enum: [1] } },
      required: ['a', 'b'],
    });
  });

  it('is not led astray by names of properties', () => {
    const schema = JSON.parse('{"type":"object","properties":{"__proto__":{"type":"string"},"pattern":{"const":1}}}');
    expect(JSON.stringify(geminiSchema(schema))).toBe(
      '{"type":"object","properties":{"__proto__":{"type":"string"},"pattern":{"enum":[1]}}}',
    );
    expect(geminiSchema(true)).toBe(true);
  });
});
