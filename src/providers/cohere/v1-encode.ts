import type { Call } from '../../contract/call.ts';
import type { WireMessage } from '../../contract/wire.ts';
import { isRecord } from '../../dialects/chat-rules.ts';
import { dropHint, refuseUnknown, unsupported } from '../../dialects/params.ts';
import { refuseModalities } from './encode.ts';
import { ownFields, refuseChoices, SAMPLING, sampling } from './options.ts';
import { encodeConversation } from './v1-messages.ts';

type ChatCall = Call<'chat' | 'stream'>;
type Fields = Readonly<Record<string, unknown>>;

const KNOWN: ReadonlySet<string> = new Set([
  ...SAMPLING,
  'messages',
  'providerOptions',
  'stream_options',
  'tools',
  'tool_choice',
  'parallel_tool_calls',
  'response_format',
  'logprobs',
  'modalities',
]);

/** Chat requests of Cohere's v1 API. */
export function v1ChatEncoder<K extends 'chat' | 'stream'>(streams: boolean): (call: Call<K>) => WireMessage {
  return (call) => {
    const { request } = call;
    refuseUnknown(call, request, KNOWN);
    refuseChoices(call, request.n);
    refuseModalities(call);
    if (request.logprobs === true) unsupported(call, 'logprobs');
    if (request.parallel_tool_calls === false) unsupported(call, 'parallel_tool_calls');
    const tools = encodeTools(call);
    const format = encodeFormat(call);
    const body = {
      model: call.target.model,
      ...encodeConversation(call),
      stream: streams,
      ...sampling(call, 'stop_sequences'),
      ...(tools === undefined ? {} : { tools }),
      ...(format === undefined ? {} : { response_format: format }),
      ...ownFields(call),
    };
    return { path: '/v1/chat', body };
  };
}

function encodeTools(call: ChatCall): object[] | undefined {
  const { tools, tool_choice: choice } = call.request;
  if (choice && choice !== 'auto' && choice !== 'none') {
    unsupported(
      call,
      'tool_choice',
      'Cohere\'s v1 chat lets the model choose: "auto" and "none" work, and all choices with cohere/…',
    );
  }
  if (!tools || tools.length === 0 || choice === 'none') return undefined;
  let strict = false;
  const encoded = tools.flatMap((tool) => {
    if (tool.type !== 'function') {
      unsupported(call, 'tools', 'Cohere knows function tools only');
      return [];
    }
    const { name, description = '', parameters } = tool.function;
    strict ||= tool.function.strict === true;
    return [{ name, description, parameter_definitions: parameterDefinitions(parameters) }];
  });
  if (strict) dropHint(call, 'tools.function.strict');
  return encoded.length === 0 ? undefined : encoded;
}

/** Cohere names types as Python does. */
const TYPES: Readonly<Record<string, string>> = {
  string: 'str',
  integer: 'int',
  number: 'float',
  boolean: 'bool',
  array: 'list',
  object: 'dict',
};

/** One level of a JSON schema is all that v1 has; what stands deeper is told in the description. */
function parameterDefinitions(schema: unknown): Record<string, object> {
  const fields: Fields = isRecord(schema) ? schema : {};
  const properties: Fields = isRecord(fields.properties) ? fields.properties : {};
  const required = Array.isArray(fields.required) ? fields.required : [];
  return Object.fromEntries(
    Object.entries(properties).map(([name, property]) => {
      const given: Fields = isRecord(property) ? property : {};
      const description = describe(given);
      const definition = {
        type: typeName(given.type),
        ...(description === '' ? {} : { description }),
        required: required.includes(name),
      };
      return [name, definition];
    }),
  );
}

function typeName(type: unknown): string {
  const first: unknown = Array.isArray(type) ? type.find((one) => one !== 'null') : type;
  return typeof first === 'string' && Object.hasOwn(TYPES, first) ? (TYPES[first] ?? 'str') : 'str';
}

function describe({ description, enum: values, items, properties }: Fields): string {
  const deeper = items ?? properties;
  return [
    typeof description === 'string' ? description : '',
    Array.isArray(values) ? `One of: ${values.map((value) => JSON.stringify(value)).join(', ')}.` : '',
    isRecord(deeper) ? `JSON schema: ${JSON.stringify(deeper)}` : '',
  ]
    .filter((line) => line !== '')
    .join('\n');
}

function encodeFormat(call: ChatCall): object | undefined {
  const { response_format: format } = call.request;
  if (!format || format.type === 'text') return undefined;
  if (format.type === 'json_object') return { type: 'json_object' };
  const { schema } = format.json_schema;
  return { type: 'json_object', ...(schema === undefined ? {} : { schema }) };
}
