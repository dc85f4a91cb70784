import { EventStreamCodec } from '@smithy/eventstream-codec';
import { mockProvider } from '../../src/testing/mock-dialects.ts';
import { reply } from '../../src/testing/reply.ts';
import type { RawAnswer } from '../support/raw-server.ts';
import type { Entry } from './corpus-entries.ts';

/** Sent without any framing, in the middle of server-sent events. */
const BARE = new Set(['chutes-stream-1']);

/** Sent as `event: error`. */
const NAMED = new Set(['groq-bad-tool-stream-1', 'lmstudio-ctx-stream-1']);

const SSE = 'text/event-stream';
const LINES = 'application/x-ndjson';
const AWS = 'application/vnd.amazon.eventstream';

/** How a provider frames an event of a stream. */
interface Framed {
  readonly type: string;
  readonly frame: string | Uint8Array;
}

/** The failing event of a stream as it travels. */
export function framed({ id, body, provider }: Entry): Framed {
  if (typeof body === 'string') return { type: SSE, frame: body };
  if (provider === 'bedrock') return { type: AWS, frame: exception(body) };
  const json = JSON.stringify(body);
  if (provider === 'ollama') return { type: LINES, frame: `${json}\n` };
  if (isV1(body)) return { type: 'application/stream+json', frame: `${json}\n` };
  if (BARE.has(id)) return { type: SSE, frame: `${json}\n` };
  const name = NAMED.has(id) || (body as { type?: unknown }).type === 'error' ? 'event: error\n' : '';
  return { type: SSE, frame: `${name}data: ${json}\n\n` };
}

/** What opens a stream at this provider, up to its third piece of text: `one two three`. */
export function opening(id: string, model: string): (string | Uint8Array)[] {
  const { dialect } = mockProvider(id);
  const ask = { operation: 'chat', model, stream: true, includeUsage: false } as const;
  const { frames } = dialect.stream(reply({ chunks: ['one', ' two', ' three', ' four'] }).content, ask);
  let texts = 0;
  const third = frames.findIndex(({ content }) => content && ++texts === 3);
  return frames.slice(0, third + 1).map(({ text, bytes }) => bytes ?? text);
}

/** The answer of an entry over HTTP. */
export function answerOf(entry: Entry, before: readonly (string | Uint8Array)[] = []): RawAnswer {
  const { status, surface, body, headers = {} } = entry;
  if (status === null) throw new Error(`${entry.id} has no answer`);
  if (surface === 'stream' && status === 200) {
    const { type, frame } = framed(entry);
    return { status, headers: { 'content-type': type }, body: [...before, frame] };
  }
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const named = Object.keys(headers).some((name) => name.toLowerCase() === 'content-type');
  const type = named || text === '' ? {} : { 'content-type': typeof body === 'string' ? 'text/plain' : 'application/json' };
  return { status, headers: { ...type, ...headers }, body: text };
}

/** Cohere's first chat: its own fields at the top level. */
export const isV1 = (body: unknown): boolean =>
  typeof body === 'object' && body !== null && ('event_type' in body || ('text' in body && 'finish_reason' in body));

/** AWS: `{ "<name>": payload }` of the corpus is a frame of that name with that payload. */
function exception(body: unknown): Uint8Array {
  const [[name = '', payload] = []] = Object.entries(body as Record<string, unknown>);
  const encoder = new TextEncoder();
  const codec = new EventStreamCodec(
    (bytes) => new TextDecoder().decode(bytes as Uint8Array),
    (text) => encoder.encode(text),
  );
  const text = (value: string) => ({ type: 'string' as const, value });
  return codec.encode({
    headers: {
      ':exception-type': text(name),
      ':content-type': text('application/json'),
      ':message-type': text('exception'),
    },
    body: encoder.encode(JSON.stringify(payload)),
  });
}
