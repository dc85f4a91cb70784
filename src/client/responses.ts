import type { WireAnswer } from '../contract/answer.ts';
import type { WireHeaders } from '../contract/headers.ts';
import type { ChunkStream } from '../contract/stream.ts';
import { isLLMError } from '../errors/catalogue.ts';
import { envelope, envelopeOf } from '../errors/envelope.ts';

/** Headers that describe bytes on the wire, which these responses no longer are. */
const OF_THE_WIRE: ReadonlySet<string> = new Set(['content-encoding', 'content-length', 'transfer-encoding', 'connection']);

function headersOf(wire: WireHeaders): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(wire)) {
    if (value === undefined || OF_THE_WIRE.has(name) || name.startsWith(':')) continue;
    for (const one of typeof value === 'string' ? [value] : value) headers.append(name, one);
  }
  return headers;
}

/** The provider's own answer; an empty 200 where a layer answered by itself. */
export function providerResponse(answer: WireAnswer | undefined, bytes?: ReadableStream<Uint8Array>): Response {
  if (answer === undefined) return new Response(null, { status: 200 });
  const empty = answer.text === '' || answer.status === 204;
  return new Response(bytes ?? (empty ? null : answer.text), { status: answer.status, headers: headersOf(answer.headers) });
}

const withRequestId = (type: string, answer: WireAnswer | undefined): Record<string, string> =>
  answer?.requestId === undefined ? { 'content-type': type } : { 'content-type': type, 'x-request-id': answer.requestId };

/** A whole result as OpenAI would send it. */
export function wholeResponse(result: unknown, answer: WireAnswer | undefined): Response {
  return new Response(JSON.stringify(result), { headers: withRequestId('application/json', answer) });
}

/** A stream as OpenAI would send it, with `[DONE]` at its end; a failure is an `error` event. */
export function sseResponse(chunks: ChunkStream<unknown>, answer: WireAnswer | undefined): Response {
  const encoder = new TextEncoder();
  const reader = chunks[Symbol.asyncIterator]();
  const line = (data: string): Uint8Array => encoder.encode(`data: ${data}\n\n`);
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { value, done } = await reader.next();
        controller.enqueue(line(done === true ? '[DONE]' : JSON.stringify(value)));
        if (done === true) controller.close();
      } catch (error) {
        controller.enqueue(line(JSON.stringify(errorBody(error))));
        controller.close();
      }
    },
    cancel: () => chunks.cancel(),
  });
  return new Response(body, { headers: withRequestId('text/event-stream', answer) });
}

function errorBody(error: unknown): object {
  return isLLMError(error) ? envelopeOf(error).body : envelope('the stream broke', 'server_error');
}
