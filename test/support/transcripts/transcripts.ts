import { readFileSync } from 'node:fs';
import type { MockAsk } from '../../../src/contract/mock.ts';
import { fault, reply } from '../../../src/testing/index.ts';
import { mockProvider } from '../../../src/testing/mock-dialects.ts';

/** The bytes of a streamed answer, as a provider sends them. */
export interface Transcript {
  readonly provider: string;
  readonly name: string;
  readonly framing: 'sse' | 'json-lines';
  readonly operation: 'chat' | 'complete';
  /** Line ends are `\n`. */
  readonly text: string;
  /** From how many characters on an end is a good end; `Infinity` for a transcript that ends badly. */
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

const DIALECTS = [
  { provider: 'openai', framing: 'sse', recordings: ['openai'] },
  { provider: 'deepseek', framing: 'sse', recordings: ['openai'] },
  { provider: 'anthropic', framing: 'sse', recordings: ['anthropic'] },
  { provider: 'gemini', framing: 'sse', recordings: ['gemini'] },
  { provider: 'ollama', framing: 'json-lines', recordings: ['ollama'] },
] as const;

export const TRANSCRIPTS: readonly Transcript[] = DIALECTS.flatMap(({ provider, framing, recordings }) => [
  ...recordings.map((name) => recorded(provider, framing, name)),
  mocked(provider, framing, 'chat'),
  broken(provider, framing),
  ...(['openai', 'ollama'].includes(provider) ? [mocked(provider, framing, 'complete')] : []),
]);

/** Whole answers, as JSON. */
export const WHOLE_ANSWERS: readonly { readonly provider: string; readonly text: string }[] = DIALECTS.map(({ provider }) => {
  const ask = { ...askFor('chat'), stream: false };
  return { provider, text: JSON.stringify(mockProvider(provider).dialect.reply(FULL.content, ask).body) };
});

function recorded(provider: string, framing: Transcript['framing'], name: string): Transcript {
  const text = readFileSync(new URL(`./${name}.txt`, import.meta.url), 'utf8');
  return { provider, framing, name: `${provider} as recorded`, operation: 'chat', text, finishedAt: finishOf(text) };
}

/** Where the event with the terminal sign is complete, with or without its line end. */
function finishOf(text: string): number {
  const sign = /"finish_reason":"|"type":"message_stop"|"finishReason":"|"done":true/.exec(text);
  if (sign === null) throw new Error('the transcript has no terminal sign');
  return text.indexOf('\n', sign.index);
}

function askFor(operation: Transcript['operation']): MockAsk {
  return {
    operation,
    model: 'm',
    stream: true,
    includeUsage: true,
    n: 1,
  };
}

function mocked(provider: string, framing: Transcript['framing'], operation: Transcript['operation']): Transcript {
  const { frames } = mockProvider(provider).dialect.stream((operation === 'chat' ? FULL : TALE).content, askFor(operation));
  const text = plain(frames.map((frame) => frame.text).join(''));
  return { provider, framing, name: `${provider}, a mocked ${operation}`, operation, text, finishedAt: finishOf(text) };
}

/** A stream that ends with the provider's own error event after some content. */
function broken(provider: string, framing: Transcript['framing']): Transcript {
  const { dialect } = mockProvider(provider);
  const { frames } = dialect.stream(TALE.content, askFor('chat'));
  const opening = frames.filter(({ terminal }) => !terminal).slice(0, 5);
  const { failure } = fault.overloaded() as { readonly failure: 'overloaded' };
  const text = plain(opening.map((frame) => frame.text).join('') + dialect.errorFrame(failure));
  return {
    provider,
    framing,
    name: `${provider}, an error event`,
    operation: 'chat',
    text,
    finishedAt: Number.POSITIVE_INFINITY,
  };
}

function plain(text: string): string {
  return text.replaceAll('\r\n', '\n');
}
