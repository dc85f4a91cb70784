import { attachAnswer, takeAnswer } from '../../contract/answer.ts';
import type { ChatChunk } from '../../contract/chat.ts';
import { ChatTally } from '../../contract/chat-tally.ts';
import { ChunkStream } from '../../contract/stream.ts';
import type { Wire } from '../../contract/wire.ts';
import type { LLMError } from '../../errors/catalogue.ts';
import { isLLMError } from '../../errors/catalogue.ts';
import { addPartial } from '../../errors/llm-error.ts';
import { wireTo } from '../../wire/other-address.ts';
import type { Steps } from '../../wire/steps.ts';
import type { Prediction } from './prediction.ts';
import { outputText, succeeded, usageOf } from './prediction.ts';
import { awaitPrediction, cancelPrediction, createPrediction, isOurs, isPredictionEnd, lookAt } from './run.ts';
import { chunkMaker, finishChunk, OutputDecoder } from './stream-decoder.ts';

type StreamSteps = Steps<'stream'>;

const STREAM_HEADERS = { accept: 'text/event-stream', 'cache-control': 'no-store' } as const;

/**
 * A prediction whose output is followed at the address that it names; without one it is waited for.
 *
 * @param ownOrigin The origin that the user's settings name: with it no other is contacted.
 */
export async function followedChat(
  wire: Wire,
  steps: StreamSteps,
  ownOrigin: string | undefined,
): Promise<ChunkStream<ChatChunk>> {
  const created = await createPrediction(steps);
  const url = streamURL(created, ownOrigin);
  if (succeeded(created)) return wholeAsStream(created, steps);
  if (url === undefined) return wholeAsStream(await awaitPrediction(wire, steps, created.id), steps);
  try {
    const opened = await steps.stream(wireTo(wire, url, STREAM_HEADERS), {
      encode: () => ({ method: 'GET', path: '' }),
      framing: 'sse',
      decoder: (context) => new OutputDecoder(context, created),
      tally: () => new ChatTally(),
    });
    return relayed(opened, created, wire, steps);
  } catch (error) {
    const ended = await endAfter(error, created, wire, steps);
    return wholeAsStream(ended, steps);
  }
}

/** An address of the service's own, or of the user's server. */
function streamURL({ urls }: Prediction, ownOrigin: string | undefined): URL | undefined {
  const stream = (urls as { readonly stream?: unknown } | null | undefined)?.stream;
  if (typeof stream !== 'string') return undefined;
  let url: URL;
  try {
    url = new URL(stream);
  } catch {
    return undefined;
  }
  if (ownOrigin !== undefined) return url.origin === ownOrigin ? url : undefined;
  return url.protocol === 'https:' && url.hostname.endsWith('.replicate.com') ? url : undefined;
}

/**
 * The stream broke: the prediction itself knows more. Returns it if it succeeded all the same.
 *
 * @throws what the prediction says of its end, else the given error.
 */
async function endAfter(error: unknown, { id }: Prediction, wire: Wire, steps: StreamSteps): Promise<Prediction> {
  if (isOurs(error)) {
    cancelPrediction(wire, steps.call, id);
    throw error;
  }
  let found: Prediction | undefined;
  try {
    found = await lookAt(steps, id);
  } catch (told) {
    if (isLLMError(told) && isPredictionEnd(told)) throw told;
    if (isOurs(told)) cancelPrediction(wire, steps.call, id);
    throw isLLMError(told, 'aborted') ? told : error;
  }
  if (succeeded(found)) return found;
  cancelPrediction(wire, steps.call, id);
  throw error;
}

function wholeAsStream(prediction: Prediction, { call }: StreamSteps): ChunkStream<ChatChunk> {
  const chunk = chunkMaker(prediction, call);
  const content = outputText(prediction.output);
  const chunks = [
    ...(content === ''
      ? []
      : [chunk([{ index: 0, delta: { role: 'assistant', content }, finish_reason: null, logprobs: null }])]),
    finishChunk(chunk, content === ''),
  ];
  const answer = takeAnswer(prediction);
  const source = { status: answer?.status ?? 200, headers: answer?.headers ?? {}, pause() {}, resume() {}, cancel() {} };
  const stream = new ChunkStream<ChatChunk>(source, chunks);
  if (answer !== undefined) attachAnswer(stream, { ...answer, text: '' });
  finish(stream, prediction, chunk, call.request.stream_options?.include_usage === true);
  return stream;
}

/** The good end, with the token counts if there are any. */
function finish(
  stream: ChunkStream<ChatChunk>,
  prediction: Prediction | undefined,
  chunk: ReturnType<typeof chunkMaker>,
  wanted: boolean,
): void {
  const usage = prediction === undefined ? undefined : usageOf(prediction);
  if (usage !== undefined) {
    stream.usage = usage;
    if (wanted) stream.push([{ ...chunk([]), usage }]);
  }
  stream.end();
}

/** Hands the chunks on; at the end the prediction is asked for what its stream does not tell: token counts, reasons. */
function relayed(inner: ChunkStream<ChatChunk>, created: Prediction, wire: Wire, steps: StreamSteps): ChunkStream<ChatChunk> {
  const { call } = steps;
  const answer = takeAnswer(inner);
  const source = {
    status: inner.source.status,
    headers: inner.source.headers,
    pause: () => inner.source.pause(),
    resume: () => inner.source.resume(),
    cancel: () => inner.cancel(),
  };
  const outer = new ChunkStream<ChatChunk>(source, []);
  if (answer !== undefined) attachAnswer(outer, answer);
  const left = new AbortController();
  inner.onSettled((settlement) => {
    if (settlement !== 'abandoned') return;
    left.abort();
    cancelPrediction(wire, call, created.id);
    outer.cancel();
  });
  void pump(inner, outer, left.signal, created, wire, steps);
  return outer;
}

async function pump(
  inner: ChunkStream<ChatChunk>,
  outer: ChunkStream<ChatChunk>,
  left: AbortSignal,
  created: Prediction,
  wire: Wire,
  steps: StreamSteps,
): Promise<void> {
  const chunk = chunkMaker(created, steps.call);
  const wanted = steps.call.request.stream_options?.include_usage === true;
  const tally = new ChatTally();
  try {
    for await (const piece of inner) {
      tally.add(piece);
      outer.push([piece]);
    }
    if (left.aborted) return;
    const prediction = await lookAt(steps, created.id).catch(() => undefined);
    finish(outer, prediction, chunk, wanted);
  } catch (error) {
    try {
      const prediction = await endAfter(error, created, wire, steps);
      const rest = restAfter(tally.partial().content ?? '', prediction);
      if (rest === undefined) throw error;
      if (rest !== '') outer.push([chunk([{ index: 0, delta: { content: rest }, finish_reason: null, logprobs: null }])]);
      outer.push([finishChunk(chunk, false)]);
      finish(outer, prediction, chunk, wanted);
    } catch (final) {
      if (final !== error) addPartial(final as LLMError, tally.partial());
      outer.fail(final as LLMError);
    }
  }
}

/** What the reader has not got yet; `undefined` where the output is not the continuation of what came. */
function restAfter(content: string, { output }: Prediction): string | undefined {
  const whole = outputText(output);
  return whole.startsWith(content) ? whole.slice(content.length) : undefined;
}
