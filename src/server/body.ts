import { envelope } from '../errors/envelope.ts';
import { invalid, Refusal } from './answers.ts';

export function tooLarge(limit: number): Refusal {
  const message = `The request is larger than the ${limit} bytes that this server accepts.`;
  return new Refusal(413, envelope(message, 'invalid_request_error', 'request_too_large'));
}

/** The pieces of a body, up to `limit` bytes. */
export async function* bounded(body: ReadableStream<Uint8Array> | null, limit: number): AsyncGenerator<Uint8Array, undefined> {
  if (body === null) return undefined;
  const reader = body.getReader();
  let read = 0;
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return undefined;
      read += value.byteLength;
      if (read > limit) throw tooLarge(limit);
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

/** The body as a JSON object. Refuses what is too large, no UTF-8, no JSON or no object. */
export async function jsonObject(request: Request, limit: number): Promise<Record<string, unknown>> {
  if (Number(request.headers.get('content-length') ?? 0) > limit) throw tooLarge(limit);
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let text = '';
  try {
    for await (const bytes of bounded(request.body, limit)) text += decoder.decode(bytes, { stream: true });
    text += decoder.decode();
  } catch (error) {
    if (error instanceof Refusal) throw error;
    throw invalid('The body of your request is not valid UTF-8.');
  }
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw invalid('We could not parse the JSON body of your request. The body must be a JSON object.');
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw invalid('The body of your request must be a JSON object.');
  }
  return body as Record<string, unknown>;
}
