import { transformJSONSchema } from '@anthropic-ai/sdk/lib/transform-json-schema';
import { describe, expect, it } from 'vitest';
import { inputSchema, strictSchema } from '../../../src/dialects/anthropic/schema.ts';

describe('strictSchema', () => {
  it('closes objects and moves what is refused into the description', () => {
    expect(
      strictSchema({
        $schema: 'x',
        type: 'object',
        properties: {
          age: { type: 'integer', minimum: 0, maximum: 150, description: 'In years.' },
          tags: { type: 'array', items: { type: 'string', pattern: '^a' }, minItems: 2 },
          some: { type: 'array', items: { type: 'string' }, minItems: 1 },
          when: { type: 'string', format: 'date-time' },
          code: { type: 'string', format: 'iban' },
          kind: { type: 'string', enum: ['a', 'b'], default: 'a' },
        },
        required: ['age'],
      }),
    ).toEqual({
      type: 'object',
      properties: {
        age: { type: 'integer', description: 'In years.\n\n{minimum: 0, maximum: 150}' },
        tags: { type: 'array', items: { type: 'string', description: '{pattern: "^a"}' }, description: '{minItems: 2}' },
        some: { type: 'array', items: { type: 'string' }, minItems: 1 },
        when: { type: 'string', format: 'date-time' },
        code: { type: 'string', description: '{format: "iban"}' },
        kind: { type: 'string', enum: ['a', 'b'], default: 'a' },
      },
      required: ['age'],
      additionalProperties: false,
    });
  });

  it('turns oneOf into anyOf and the definitions of draft 7 into $defs', () => {
    expect(
      strictSchema({
        oneOf: [{ $ref: '#/definitions/a' }, { type: 'object' }],
        definitions: { a: { type: ['object', 'null'], properties: {} } },
      }),
    ).toEqual({
      anyOf: [{ $ref: '#/$defs/a' }, { type: 'object', properties: {}, additionalProperties: false }],
      $defs: { a: { type: ['object', 'null'], properties: {}, additionalProperties: false } },
    });
  });

  it('leaves the given schema as it was, whatever its property names', () => {
    const schema = JSON.parse(
      '{"type":"object","properties":{"__proto__":{"type":"string","maxLength":1},"items":{"type":"number"}}}',
    );
    const before = JSON.stringify(schema);
    const strict = strictSchema(schema);
    expect(JSON.stringify(schema)).toBe(before);
    expect(Object.keys(strict.properties as object)).toEqual(['__proto__', 'items']);
  });

  it('agrees with Anthropic’s SDK where both have a rule', () => {
    const schema = {
      type: 'object',
      title: 'T',
      properties: {
        a: { type: 'string', maxLength: 3, description: 'd' },
        b: { anyOf: [{ type: 'object', properties: { c: { type: 'number', multipleOf: 2 } } }, { type: 'null' }] },
        l: { type: 'array', items: { $ref: '#/$defs/x' }, minItems: 0 },
      },
      required: ['a'],
      additionalProperties: true,
      $defs: { x: { type: 'object', properties: { y: { type: 'string', format: 'uuid' } } } },
    };
    expect(strictSchema(schema)).toEqual(transformJSONSchema(structuredClone(schema) as never));
  });
});

describe('inputSchema', () => {
  it('is an object schema, whatever was given', () => {
    expect(inputSchema(undefined, false)).toEqual({ type: 'object', properties: {} });
    expect(inputSchema({ properties: { a: {} } }, false)).toEqual({ type: 'object', properties: { a: {} } });
    expect(inputSchema({ type: 'object', minProperties: 1 }, false)).toEqual({ type: 'object', minProperties: 1 });
  });
});
