import type { Call } from '../../contract/call.ts';
import type { DecodeContext } from '../../contract/codec.ts';
import type { EmbedReply } from '../../contract/vectors.ts';
import type { WireMessage } from '../../contract/wire.ts';
import { isRecord } from '../chat-rules.ts';
import { unsupported } from '../params.ts';
import { notTheProtocol, refuseFailure } from './body-failure.ts';
import { bodyFinisher, modelName } from './encode.ts';
import type { Body } from './parameters.ts';
import type { Quirks } from './quirks.ts';

/** Vectors travel as base64 unless the caller wants it otherwise: a third of the bytes, no parsing of numbers. */
export function embedEncoder(quirks: Quirks): (call: Call<'embed'>) => WireMessage {
  const path = quirks.paths?.embed ?? '/embeddings';
  const finish = bodyFinisher(quirks, false);
  return (call) => {
    const body: Body = { model: modelName(call, quirks), ...(call.request as object) };
    if (quirks.plainText === true) refuseTokens(call);
    if (quirks.base64Vectors !== false) body.encoding_format ??= 'base64';
    if (quirks.base64Vectors === 'only' && body.encoding_format === 'float') body.encoding_format = undefined;
    finish(body, call);
    return { path, body };
  };
}

function refuseTokens(call: Call<'embed'>): void {
  const input: unknown = call.request.input;
  if (!Array.isArray(input) || !input.some((text) => typeof text === 'number' || Array.isArray(text))) return;
  unsupported(call, 'input', `${call.target.provider} reads text, not token numbers`);
}

export function decodeEmbeddings(body: unknown, context: DecodeContext<'embed'>): EmbedReply {
  if (!isRecord(body)) throw notTheProtocol(body, 'data', context);
  refuseFailure(body, context);
  const { data, usage } = body;
  if (!Array.isArray(data)) throw notTheProtocol(body, 'data', context);
  const wantsBase64 = context.call.request.encoding_format === 'base64';
  const vectors = data.map((entry: unknown, position) => {
    const embedding = isRecord(entry) ? entry.embedding : undefined;
    if (typeof embedding !== 'string' && !Array.isArray(embedding)) throw context.invalid('an entry of "data" without a vector');
    const index = isRecord(entry) && typeof entry.index === 'number' ? entry.index : position;
    const vector = wantsBase64 ? asBase64(embedding) : asNumbers(embedding);
    return { object: 'embedding' as const, index, embedding: vector as number[] };
  });
  const prompt = isRecord(usage) ? (usage.prompt_tokens ?? usage.total_tokens) : 0;
  const total = isRecord(usage) ? (usage.total_tokens ?? prompt) : 0;
  return {
    ...body,
    object: 'list',
    model: typeof body.model === 'string' && body.model !== '' ? body.model : context.call.target.model,
    data: vectors,
    usage: { ...(isRecord(usage) ? usage : {}), prompt_tokens: Number(prompt ?? 0), total_tokens: Number(total ?? 0) },
  };
}

const asNumbers = (vector: string | number[]): number[] => (typeof vector === 'string' ? fromBase64(vector) : vector);
const asBase64 = (vector: string | number[]): string => (typeof vector === 'string' ? vector : toBase64(vector));

/** Little-endian float32, as every host sends it. */
export function fromBase64(text: string): number[] {
  const bytes = bytesOf(text);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const numbers = new Array<number>(bytes.byteLength >> 2);
  for (let i = 0; i < numbers.length; i++) numbers[i] = view.getFloat32(i * 4, true);
  return numbers;
}

export function toBase64(numbers: readonly number[]): string {
  const bytes = new Uint8Array(numbers.length * 4);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < numbers.length; i++) view.setFloat32(i * 4, numbers[i] ?? 0, true);
  const node = globalThis.Buffer?.from(bytes.buffer).toString('base64');
  if (node !== undefined) return node;
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

function bytesOf(text: string): Uint8Array {
  const node = globalThis.Buffer?.from(text, 'base64');
  if (node !== undefined) return node;
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}
