import { readFileSync } from 'node:fs';
import type { Capabilities } from '../../../src/contract/capabilities.ts';
import type { MockAsk, MockFrame } from '../../../src/contract/mock.ts';
import type { ProviderSettings } from '../../../src/index.ts';
import { reply } from '../../../src/testing/index.ts';
import { mockProvider } from '../../../src/testing/mock-dialects.ts';
import { SUBJECTS } from '../conformance/bench.ts';

/** The bytes of a streamed answer, as a provider sends them. */
export interface Transcript {
  readonly provider: string;
  readonly name: string;
  readonly contentType: string;
  readonly operation: 'chat' | 'complete';
  readonly bytes: Uint8Array;
  /** Events in pieces of their own. */
  readonly frames: readonly Uint8Array[];
  /** From how many bytes on an end is a good end; `Infinity` for a transcript that ends badly. */
  readonly finishedAt: number;
}

const FULL = reply({
  chunks: ['Grüße, ', '世界 ', '👋: "quoted"', ' \\ and\n', 'lines\u2028.'],
  reasoning: 'Denk nach — 考える.',
  usage: { promptTokens: 21, completionTokens: 13, cachedTokens: 8, reasoningTokens: 4 },
  toolCalls: [
    { id: 'call_1', name: 'get_weather', arguments: { city: 'Tromsø', days: [1, 2] } },
    { id: 'call_2', name: 'get_time', arguments: {} },
  ],
});
const TALE = reply({ chunks: ['Once ', 'upon ', 'a tïme'], usage: { promptTokens: 5, completionTokens: 3 } });

/** A host whose chunks are mended, which those of the first of its dialect are not. */
const MENDED = 'deepseek';

/** One provider for each wire format, of those that answer with the first request. */
const SPEAKERS = SUBJECTS.filter(({ id, can }, at) => {
  const { settings, dialect } = mockProvider(id);
  if (settings !== undefined || dialect.jobs !== undefined || !can.operations.includes('chat')) return false;
  const first = SUBJECTS.findIndex((other) => other.can.dialect === can.dialect);
  return id === 'openai' || id === MENDED || (at === first && can.dialect !== 'openai');
});

export const DIALECTS: readonly string[] = SPEAKERS.map(({ id }) => id);

/** What a client must know to speak to these providers. */
export const settingsFor = (baseURL: string): Readonly<Record<string, ProviderSettings>> =>
  Object.fromEntries(SPEAKERS.map(({ id, can }) => [id, { ...keysOf(can), baseURL }]));

function keysOf({ keySettings = ['apiKey'] }: Capabilities): ProviderSettings {
  return Object.fromEntries(keySettings.map((name) => [name, 'test-key-123456']));
}

/** Streams as the wire sheets of the providers show them. */
const RECORDED: Readonly<Record<string, readonly [file: string, contentType: string]>> = {
  openai: ['openai', 'text/event-stream'],
  [MENDED]: ['openai', 'text/event-stream'],
  anthropic: ['anthropic', 'text/event-stream'],
  gemini: ['gemini', 'text/event-stream'],
  ollama: ['ollama', 'application/x-ndjson'],
};

/** Bare text has no events: what one read brings is a chunk. */
const isFramed = ({ contentType }: Transcript): boolean => !contentType.startsWith('text/plain');

export const TRANSCRIPTS: readonly Transcript[] = SPEAKERS.filter(({ can }) => can.streams !== false)
  .flatMap(({ id, can }) => [
    ...recorded(id),
    mocked(id, can, 'chat'),
    broken(id),
    ...(can.operations.includes('completeStream') && can.dialect !== 'deepseek' ? [mocked(id, can, 'complete')] : []),
  ])
  .filter(isFramed);

/** Whole answers, as JSON. */
export const WHOLE_ANSWERS: readonly { readonly provider: string; readonly text: string }[] = SPEAKERS.map(({ id, can }) => {
  const { body } = mockProvider(id).dialect.reply(fullFor(can), { ...askFor('chat'), stream: false });
  return { provider: id, text: typeof body === 'string' ? body : JSON.stringify(body) };
});

function recorded(provider: string): Transcript[] {
  const [file, contentType = ''] = RECORDED[provider] ?? [];
  if (file === undefined) return [];
  const text = readFileSync(new URL(`./${file}.txt`, import.meta.url), 'utf8');
  const sign = /"finish_reason":"|"type":"message_stop"|"finishReason":"|"done":true/.exec(text);
  if (sign === null) throw new Error('the transcript has no terminal sign');
  const separator = text.includes('\n\n') ? /(?<=\n\n)/ : /(?<=\n)/;
  return [
    {
      provider,
      name: `${provider} as recorded`,
      contentType,
      operation: 'chat',
      bytes: encode(text),
      frames: text.split(separator).map(encode),
      finishedAt: encode(text.slice(0, text.indexOf('\n', sign.index))).byteLength,
    },
  ];
}

function askFor(operation: Transcript['operation']): MockAsk {
  return { operation, model: 'm', stream: true, includeUsage: true, n: 1 };
}

function fullFor({ tools, reasoning }: Capabilities): (typeof FULL)['content'] {
  const { content } = FULL;
  if (tools && reasoning) return content;
  const toolCalls = tools ? content.toolCalls : [];
  return { ...content, toolCalls, finishReason: tools ? 'tool_calls' : 'stop', reasoning: reasoning ? content.reasoning : '' };
}

function mocked(provider: string, can: Capabilities, operation: Transcript['operation']): Transcript {
  const content = operation === 'chat' ? fullFor(can) : TALE.content;
  const { headers, frames } = mockProvider(provider).dialect.stream(content, askFor(operation));
  const sign = frames.findIndex(({ terminal }) => terminal);
  const before = joined(frames.slice(0, sign + 1).map(bytesOf));
  let finishedAt = before.byteLength;
  while (finishedAt > 0 && before[finishedAt - 1] === 0x0a) finishedAt--;
  return made(provider, `a mocked ${operation}`, operation, headers, frames.map(bytesOf), finishedAt);
}

/** A stream that ends with the provider's own error event after some content. */
function broken(provider: string): Transcript {
  const { dialect } = mockProvider(provider);
  const { headers, frames } = dialect.stream(TALE.content, askFor('chat'));
  let texts = 0;
  const second = frames.findIndex(({ content }) => content && ++texts === 2);
  const error = dialect.errorFrame('overloaded', askFor('chat'));
  const all = [...frames.slice(0, second + 1).map(bytesOf), typeof error === 'string' ? encode(plain(error)) : error];
  return made(provider, 'an error event', 'chat', headers, all, Number.POSITIVE_INFINITY);
}

function made(
  provider: string,
  what: string,
  operation: Transcript['operation'],
  headers: Readonly<Record<string, string>>,
  frames: readonly Uint8Array[],
  finishedAt: number,
): Transcript {
  const contentType = headers['content-type'] ?? '';
  return { provider, name: `${provider}, ${what}`, contentType, operation, bytes: joined(frames), frames, finishedAt };
}

function bytesOf({ bytes, text }: MockFrame): Uint8Array {
  return bytes ?? encode(plain(text));
}

export function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** Line ends are `\n`; other ones are made where they are wanted. */
function plain(text: string): string {
  return text.replaceAll('\r\n', '\n');
}
