import { Buffer } from 'node:buffer';
import type { MockAnswer, MockAsk, MockDialect } from '../contract/mock.ts';
import type { Reply } from './reply.ts';

/** An answer as bytes. */
export interface RenderedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

export interface RenderedFrame {
  readonly bytes: Uint8Array;
  readonly content: boolean;
  readonly terminal: boolean;
}

export interface RenderedStream {
  readonly headers: Readonly<Record<string, string>>;
  readonly frames: readonly RenderedFrame[];
}

const CACHED_SHAPES = 64;
const streams = new WeakMap<Reply, Map<string, RenderedStream>>();

export function renderAnswer({ status, headers, body }: MockAnswer): RenderedAnswer {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const named = Object.keys(headers).some((name) => name.toLowerCase() === 'content-type');
  const type = typeof body === 'string' ? 'text/plain; charset=utf-8' : 'application/json';
  return { status, headers: named || text === '' ? headers : { 'content-type': type, ...headers }, body: Buffer.from(text) };
}

/** The frames of a streamed reply, made once for each kind of request that the same reply answers. */
export function renderStream(reply: Reply, provider: string, dialect: MockDialect, ask: MockAsk): RenderedStream {
  const shapes = streams.get(reply) ?? new Map<string, RenderedStream>();
  streams.set(reply, shapes);
  const shape = `${provider} ${ask.operation} ${ask.includeUsage} ${ask.n ?? 1} ${ask.model}`;
  const known = shapes.get(shape);
  if (known !== undefined) return known;
  const { headers, frames } = dialect.stream(reply.content, ask);
  const stream = { headers, frames: frames.map((frame) => ({ ...frame, bytes: frame.bytes ?? Buffer.from(frame.text) })) };
  if (shapes.size >= CACHED_SHAPES) shapes.clear();
  shapes.set(shape, stream);
  return stream;
}

/** Vectors that depend on nothing but text and size, so that equal texts have equal vectors. */
export function vectorOf(text: string, dimensions: number): number[] {
  let seed = 2166136261;
  for (let i = 0; i < text.length; i++) seed = Math.imul(seed ^ text.charCodeAt(i), 16777619);
  const raw = Array.from({ length: dimensions }, () => {
    seed = Math.imul(seed ^ (seed >>> 15), 2246822519) + 1;
    return (seed >>> 0) / 2 ** 31 - 1;
  });
  const norm = Math.hypot(...raw) || 1;
  return raw.map((x) => Math.fround(x / norm));
}
