import { afterAll, describe, expect, it } from 'vitest';
import type { LLMError } from '../../src/index.ts';
import { createClient, isLLMError } from '../../src/index.ts';
import { systemClock } from '../../src/time/clock.ts';
import { CannedTransport } from '../support/canned-transport.ts';
import { rejection } from '../support/client.ts';
import type { Transcript } from '../support/transcripts/transcripts.ts';
import { encode, settingsFor, TRANSCRIPTS, WHOLE_ANSWERS } from '../support/transcripts/transcripts.ts';

const transport = new CannedTransport();
const llm = createClient({
  transport,
  use: [],
  clock: { ...systemClock, now: () => Date.UTC(2026, 0, 2) },
  providers: settingsFor('http://x.invalid/v1'),
});
afterAll(() => llm.close());

interface Outcome {
  readonly chunks: readonly unknown[];
  readonly content: string;
  readonly toolJSON: string;
  readonly usage: unknown;
  readonly error: LLMError | undefined;
}

interface AnyChunk {
  readonly choices: readonly {
    readonly index: number;
    readonly text?: string;
    readonly delta?: {
      readonly content?: string | null;
      readonly tool_calls?: readonly { readonly function?: { readonly arguments?: string } }[];
    };
  }[];
}

/** Serves the reads and tells everything that a reader can see. */
async function outcomeOf(
  { provider, contentType, operation }: Transcript,
  reads: readonly Uint8Array[],
  ending: 'end' | 'fail' = 'end',
): Promise<Outcome> {
  transport.answer = { headers: { 'content-type': contentType }, reads, ending };
  const model = `${provider}/m`;
  const chunks: AnyChunk[] = [];
  let usage: unknown;
  let error: unknown;
  try {
    const options = { correlationId: 'one' };
    const shared = { model, stream: true, stream_options: { include_usage: true } } as const;
    const stream =
      operation === 'chat'
        ? await llm.chat.completions.create({ ...shared, messages: [{ role: 'user', content: 'Hi' }] }, options)
        : await llm.completions.create({ ...shared, prompt: 'Hi' }, options);
    try {
      for await (const chunk of stream) chunks.push(chunk as AnyChunk);
    } finally {
      usage = stream.route.usage;
    }
  } catch (thrown) {
    error = thrown;
  }
  if (error !== undefined && !isLLMError(error)) throw error;
  const choices = chunks.flatMap((chunk) => chunk.choices);
  return {
    chunks,
    content: choices.map(({ text, delta }) => text ?? delta?.content ?? '').join(''),
    toolJSON: choices.flatMap(({ delta }) => delta?.tool_calls?.map((call) => call.function?.arguments ?? '') ?? []).join(''),
    usage,
    error,
  };
}

/** What must be the same however the bytes arrive. */
const visible = ({ error, ...rest }: Outcome): unknown => ({
  ...rest,
  error: error && { kind: error.kind, message: error.message, partial: (error as { partial?: unknown }).partial },
});

const singleBytes = (bytes: Uint8Array): Uint8Array[] => Array.from(bytes, (_, i) => bytes.subarray(i, i + 1));

/** Other ways to write the same stream. */
function variants({ bytes, contentType }: Transcript): Readonly<Record<string, string>> {
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
  if (!/ndjson|stream\+json|event-stream$/.test(contentType.replace(/;.*/, ''))) return {};
  const shared = { 'CR LF': text.replaceAll('\n', '\r\n'), 'a byte order mark': `\ufeff${text}` };
  if (/ndjson|stream\+json/.test(contentType)) return { ...shared, 'blank lines': text.replaceAll('\n', '\n\n \n') };
  return {
    ...shared,
    'CR alone': text.replaceAll('\n', '\r'),
    comments: `: hello\n\n${text.replaceAll('\n\n', '\n\n: keep-alive\n\n:\n')}`,
    'comments within events': text.replaceAll('\ndata:', '\n: ping\ndata:'),
    pings: text
      .replaceAll('\n\n', '\n\nevent: ping\ndata: {"type":"ping"}\n\n')
      .replace(/event: ping\ndata: \{"type":"ping"\}\n\n$/, ''),
    'ids and retries': text.replaceAll('data:', 'id: 7\nretry: 10\ndata:'),
    'no space after the colon': text.replaceAll('data: ', 'data:'),
    'no blank line at the end': text.trimEnd(),
  };
}

describe.each(TRANSCRIPTS)('$name', (transcript) => {
  const { bytes, finishedAt } = transcript;
  const uncut = outcomeOf.bind(undefined, transcript, [bytes]);

  it('is read as a whole', async () => {
    const { content, error, chunks } = await uncut();
    expect(content).not.toBe('');
    expect(chunks.length).toBeGreaterThan(1);
    if (Number.isFinite(finishedAt)) expect(error).toBeUndefined();
    else expect(error).toMatchObject({ kind: 'service_unavailable', partial: { content } });
  });

  it('says the same when cut in two anywhere', async () => {
    const expected = visible(await uncut());
    for (let at = 0; at <= bytes.byteLength; at++) {
      const outcome = await outcomeOf(transcript, [bytes.subarray(0, at), bytes.subarray(at)]);
      expect(visible(outcome), `cut at byte ${at}`).toEqual(expected);
    }
  });

  it('says the same in single bytes', async () => {
    expect(visible(await outcomeOf(transcript, singleBytes(bytes)))).toEqual(visible(await uncut()));
  });

  it.each(Object.entries(variants(transcript)))('says the same with %s', async (_, text) => {
    const expected = visible(await uncut());
    const written = encode(text);
    expect(visible(await outcomeOf(transcript, [written]))).toEqual(expected);
    expect(visible(await outcomeOf(transcript, singleBytes(written)))).toEqual(expected);
    for (let at = 1; at < written.byteLength; at += 17) {
      const outcome = await outcomeOf(transcript, [written.subarray(0, at), written.subarray(at)]);
      expect(visible(outcome), `cut at byte ${at}`).toEqual(expected);
    }
  });

  it.each([
    ['end', 1],
    ['fail', 5],
  ] as const)('is never taken for whole when it breaks off anywhere (%s)', async (ending, step) => {
    const whole = await uncut();
    const firstBrace = bytes.indexOf(0x7b);
    for (let at = 0; at < bytes.byteLength; at += step) {
      const { content, toolJSON, error } = await outcomeOf(transcript, [bytes.subarray(0, at)], ending);
      const where = `broken at byte ${at}: …${JSON.stringify(new TextDecoder().decode(bytes.subarray(Math.max(0, at - 30), at)))}`;
      expect(whole.content.startsWith(content), where).toBe(true);
      expect(whole.toolJSON.startsWith(toolJSON), where).toBe(true);
      if (at < finishedAt) expect(error, where).toBeDefined();
      if (error === undefined) continue;
      const kinds = ['connection', 'stream_interrupted', ...(whole.error === undefined ? [] : [whole.error.kind])];
      // before any JSON nothing tells a stream from something else
      if (at > firstBrace) expect(kinds, where).toContain(error.kind);
      const { partial } = error as { partial?: { content: string } };
      if (content !== '') expect(error.kind, where).not.toBe('connection');
      if (partial !== undefined) expect(partial.content, where).toBe(content);
      else expect(content, where).toBe('');
    }
  });
});

describe.each(WHOLE_ANSWERS)('a whole answer of $provider', ({ provider, text }) => {
  const bytes = encode(text);
  const ask = (reads: readonly Uint8Array[], ending: 'end' | 'fail' = 'end'): PromiseLike<unknown> => {
    transport.answer = { headers: { 'content-type': 'application/json' }, reads, ending };
    const params = { model: `${provider}/m`, messages: [{ role: 'user' as const, content: 'Hi' }] };
    return llm.chat.completions.create(params, { correlationId: 'one' });
  };

  it('says the same however it is cut, and with a byte order mark', async () => {
    const expected = await ask([bytes]);
    for (let at = 0; at <= bytes.byteLength; at++) {
      expect(await ask([bytes.subarray(0, at), bytes.subarray(at)]), `cut at byte ${at}`).toEqual(expected);
    }
    expect(await ask(singleBytes(encode(`\ufeff ${text}\r\n`)))).toEqual(expected);
  });

  it.each(['end', 'fail'] as const)('is never taken for whole when it breaks off anywhere (%s)', async (ending) => {
    for (let at = 0; at < bytes.byteLength; at++) {
      const error = await rejection(ask([bytes.subarray(0, at)], ending));
      expect(isLLMError(error, 'connection'), `broken at byte ${at}`).toBe(true);
    }
  });
});
