import { isRecord } from '../chat-rules.ts';

type Schema = Record<string, unknown>;

const KEPT: ReadonlySet<string> = new Set(['type', 'required', 'enum', 'const', '$ref', 'description', 'title', 'default']);
/** Say nothing about the value. */
const DROPPED: ReadonlySet<string> = new Set(['$schema', '$id', '$comment', 'examples']);
const FORMATS: ReadonlySet<unknown> = new Set([
  'date-time',
  'time',
  'date',
  'duration',
  'email',
  'hostname',
  'uri',
  'ipv4',
  'ipv6',
  'uuid',
]);

/**
 * A JSON schema as Anthropic's structured output accepts it: objects closed, `oneOf` as `anyOf`,
 * and every keyword that is refused told to the model in the description instead.
 */
export function strictSchema(schema: Readonly<Schema>): Schema {
  const strict: Schema = {};
  const told: string[] = [];
  const isObject = hasType(schema, 'object') || isRecord(schema.properties);
  for (const [keyword, value] of Object.entries(schema)) {
    if (value === undefined || DROPPED.has(keyword)) continue;
    if (KEPT.has(keyword)) strict[keyword] = keyword === '$ref' ? reference(value) : value;
    else if (keyword === 'properties' && isRecord(value)) strict.properties = each(value);
    else if ((keyword === '$defs' || keyword === 'definitions') && isRecord(value)) strict.$defs = each(value);
    else if (keyword === 'items' && isRecord(value)) strict.items = strictSchema(value);
    else if ((keyword === 'anyOf' || keyword === 'oneOf') && Array.isArray(value)) strict.anyOf = value.map(one);
    else if (keyword === 'allOf' && Array.isArray(value)) strict.allOf = value.map(one);
    else if (keyword === 'format' && FORMATS.has(value)) strict.format = value;
    else if (keyword === 'minItems' && (value === 0 || value === 1)) strict.minItems = value;
    else if (keyword !== 'additionalProperties' || isRecord(value)) told.push(`${keyword}: ${JSON.stringify(value)}`);
  }
  if (isObject) {
    strict.properties ??= {};
    strict.additionalProperties = false;
  }
  if (told.length > 0) {
    const { description } = schema;
    strict.description = `${typeof description === 'string' ? `${description}\n\n` : ''}{${told.join(', ')}}`;
  }
  return strict;
}

/** The schema of a tool's input: always an object, whatever was given. */
export function inputSchema(parameters: unknown, strict: boolean): Schema {
  if (!isRecord(parameters)) return { type: 'object', properties: {}, ...(strict ? { additionalProperties: false } : {}) };
  const schema = parameters.type === undefined ? { type: 'object', ...parameters } : parameters;
  return strict ? strictSchema(schema) : schema;
}

const one = (schema: unknown): unknown => (isRecord(schema) ? strictSchema(schema) : schema);

const each = (schemas: Schema): Schema =>
  Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, one(schema)]));

const reference = (ref: unknown): unknown => (typeof ref === 'string' ? ref.replace(/^#\/definitions\//, '#/$defs/') : ref);

const hasType = ({ type }: Schema, wanted: string): boolean => type === wanted || (Array.isArray(type) && type.includes(wanted));
