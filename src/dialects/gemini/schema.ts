import { isRecord } from '../chat-rules.ts';

/** What `responseJsonSchema` understands (ai.google.dev, GenerationConfig). */
const KEYWORDS: ReadonlySet<string> = new Set([
  '$id',
  '$defs',
  '$ref',
  '$anchor',
  'type',
  'format',
  'title',
  'description',
  'enum',
  'items',
  'prefixItems',
  'minItems',
  'maxItems',
  'minimum',
  'maximum',
  'anyOf',
  'oneOf',
  'properties',
  'additionalProperties',
  'required',
  'propertyOrdering',
]);

const SCHEMA_LISTS: ReadonlySet<string> = new Set(['anyOf', 'oneOf', 'prefixItems']);
const SCHEMA_MAPS: ReadonlySet<string> = new Set(['properties', '$defs']);

/**
 * A JSON Schema in the words that Gemini takes for structured output: unknown keywords are left out,
 * `const` becomes a list of one, `allOf` is folded in, `definitions` become `$defs`.
 */
export function geminiSchema(schema: unknown): unknown {
  if (!isRecord(schema)) return schema;
  const result: Record<string, unknown> = {};
  for (const [keyword, value] of Object.entries(folded(schema))) {
    if (keyword === 'const') result.enum = [value];
    else if (keyword === 'definitions') result.$defs = { ...mapValues(value), ...(result.$defs as object | undefined) };
    else if (keyword === '$ref' && typeof value === 'string') result.$ref = value.replace(/^#\/definitions\//, '#/$defs/');
    else if (KEYWORDS.has(keyword)) result[keyword] = translated(keyword, value, result[keyword]);
  }
  return result;
}

function translated(keyword: string, value: unknown, before: unknown): unknown {
  if (SCHEMA_MAPS.has(keyword)) return { ...(before as object | undefined), ...mapValues(value) };
  if (SCHEMA_LISTS.has(keyword)) return Array.isArray(value) ? value.map(geminiSchema) : value;
  return keyword === 'items' || keyword === 'additionalProperties' ? geminiSchema(value) : value;
}

const mapValues = (schemas: unknown): object =>
  isRecord(schemas) ? Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, geminiSchema(schema)])) : {};

function folded(schema: Record<string, unknown>): Record<string, unknown> {
  const { allOf, ...rest } = schema;
  if (!Array.isArray(allOf)) return schema;
  let result: Record<string, unknown> = rest;
  for (const member of allOf) {
    if (!isRecord(member)) continue;
    const other = folded(member);
    result = {
      ...other,
      ...result,
      ...union('properties', result, other),
      ...(Array.isArray(result.required) && Array.isArray(other.required)
        ? { required: [...new Set([...result.required, ...other.required])] }
        : {}),
    };
  }
  return result;
}

const union = (keyword: string, a: Record<string, unknown>, b: Record<string, unknown>): object =>
  isRecord(a[keyword]) && isRecord(b[keyword]) ? { [keyword]: { ...b[keyword], ...a[keyword] } } : {};
