import type { Call } from '../../contract/call.ts';
import type { ChatChunk, ChatReply } from '../../contract/chat.ts';
import type { DecodeContext, StreamDecoder } from '../../contract/codec.ts';
import type { WireMessage } from '../../contract/wire.ts';
import { isRecord } from '../../dialects/chat-rules.ts';
import { decodeChat } from '../../dialects/openai/decode.ts';
import { chatEncoder } from '../../dialects/openai/encode.ts';
import type { Body } from '../../dialects/openai/parameters.ts';
import type { Quirks } from '../../dialects/openai/quirks.ts';
import { hostQuirks } from '../../dialects/openai/quirks.ts';
import { ChatStreamDecoder } from '../../dialects/openai/stream-decoder.ts';
import { unsupported, warn } from '../../dialects/params.ts';
import type { WatsonxPlace } from './place.ts';
import { placed } from './place.ts';

/** The messages and most parameters are OpenAI's. */
export const CHAT_QUIRKS: Quirks = hostQuirks({
  lacks: ['user', 'parallel_tool_calls', 'verbosity', 'web_search_options', 'functions', 'function_call'],
  strictTools: 'drop',
  maxStops: 4,
  streamOptions: false,
});

/** `low`, `medium` and `high` are known; what lies beyond is the nearest of them. */
const EFFORTS: Readonly<Record<string, string>> = {
  minimal: 'low',
  low: 'low',
  medium: 'medium',
  high: 'high',
  xhigh: 'high',
  max: 'high',
};

const MAX_WARNING = 300;

export function chatEncoderOf<K extends 'chat' | 'stream'>(
  place: WatsonxPlace,
  streams: boolean,
): (call: Call<K>) => WireMessage {
  const encode = chatEncoder<K>(CHAT_QUIRKS, streams);
  const method = streams ? '/text/chat_stream' : '/text/chat';
  return (call) => {
    const { path, fields } = placed(place, call as Call, method);
    const { model: _model, stream: _stream, ...body } = encode(call).body as Body;
    return { path, body: { ...fields, ...translated(body, call as Call) } };
  };
}

function translated({ tool_choice: choice, tools, reasoning_effort: effort, stop, ...rest }: Body, call: Call): Body {
  return {
    ...rest,
    ...(Array.isArray(tools) ? { tools: tools.map(openTool) } : {}),
    ...(typeof choice === 'string' ? { tool_choice_option: choice } : choice ? { tool_choice: choice } : {}),
    ...(stop === undefined || stop === null ? {} : { stop: typeof stop === 'string' ? [stop] : stop }),
    ...reasoning(effort, call),
  };
}

function reasoning(effort: unknown, call: Call): object {
  if (effort === undefined || effort === null) return {};
  const known = typeof effort === 'string' && Object.hasOwn(EFFORTS, effort) ? EFFORTS[effort] : undefined;
  if (known !== undefined) return { reasoning_effort: known, include_reasoning: true };
  unsupported(call, 'reasoning_effort', 'it knows low, medium and high');
  return {};
}

/** Several models refuse schemas that say `additionalProperties`. */
function openTool(tool: unknown): unknown {
  if (!isRecord(tool) || !isRecord(tool.function) || !isRecord(tool.function.parameters)) return tool;
  return { ...tool, function: { ...tool.function, parameters: openSchema(tool.function.parameters) } };
}

function openSchema(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(openSchema);
  if (!isRecord(schema)) return schema;
  return Object.fromEntries(
    Object.entries(schema)
      .filter(([keyword]) => keyword !== 'additionalProperties')
      .map(([keyword, value]) => [keyword, NAMED.has(keyword) && isRecord(value) ? eachSchema(value) : openSchema(value)]),
  );
}

/** Keywords whose members are named by the caller. */
const NAMED: ReadonlySet<string> = new Set(['properties', '$defs', 'definitions', 'patternProperties']);

const eachSchema = (schemas: Record<string, unknown>): object =>
  Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, openSchema(schema)]));

export function decodeWatsonxChat(body: unknown, context: DecodeContext<'chat'>): ChatReply {
  const reply = decodeChat(body, context);
  passWarnings(body, context);
  return reply;
}

/** Deprecations and the like: `system.warnings[].message`. */
export function passWarnings(body: unknown, { call }: DecodeContext): void {
  const system = isRecord(body) ? body.system : undefined;
  const warnings = isRecord(system) && Array.isArray(system.warnings) ? system.warnings.slice(0, 8) : [];
  for (const warning of warnings) {
    if (isRecord(warning) && typeof warning.message === 'string')
      warn(call, `${call.target.provider}: ${warning.message.slice(0, MAX_WARNING)}`);
  }
}

/** OpenAI's chunks; the event named `close` brings the usage and is the last one. `[DONE]` need not come. */
export class WatsonxStreamDecoder implements StreamDecoder<ChatChunk> {
  readonly #inner: ChatStreamDecoder;
  readonly #context: DecodeContext<'stream'>;
  #closed = false;

  constructor(context: DecodeContext<'stream'>) {
    this.#context = context;
    this.#inner = new ChatStreamDecoder(context, CHAT_QUIRKS);
  }

  get finished(): boolean {
    return this.#inner.finished;
  }

  get done(): boolean {
    return this.#inner.done || (this.#closed && this.#inner.finished);
  }

  event(data: string, name: string, out: ChatChunk[]): void {
    if (name === 'close') this.#closed = true;
    if (data.includes('"errors"')) this.#refuse(data);
    if (data.includes('"warnings"')) passWarnings(parsed(data), this.#context);
    this.#inner.event(data, name, out);
  }

  end(out: ChatChunk[]): void {
    this.#inner.end(out);
  }

  whole(body: unknown, out: ChatChunk[]): void {
    this.#inner.whole(body, out);
  }

  #refuse(data: string): void {
    const body = parsed(data);
    if (!isRecord(body) || !Array.isArray(body.errors) || Array.isArray(body.choices)) return;
    throw this.#context.failure(body, statusOf(body));
  }
}

/** The status that an error inside a 200 names. */
export function statusOf({ status_code: status }: Record<string, unknown>): number | undefined {
  return typeof status === 'number' && status >= 400 && status < 600 ? status : undefined;
}

export function parsed(data: string): unknown {
  try {
    return JSON.parse(data);
  } catch {
    return undefined;
  }
}
