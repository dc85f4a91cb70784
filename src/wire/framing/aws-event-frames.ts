import { EventStreamCodec } from '@smithy/eventstream-codec';
import { decodeUTF8 } from '../text.ts';

const encoder = new TextEncoder();
const codec = new EventStreamCodec(decodeUTF8, (text) => encoder.encode(text));

const JSON_TYPE = 'application/json';

/** An event as a service sends it. Text is sent as JSON, bytes as they are. */
export function eventFrame(eventType: string, payload: string | Uint8Array): Uint8Array {
  const isText = typeof payload === 'string';
  const type = isText ? JSON_TYPE : 'application/octet-stream';
  return frame({ ':event-type': eventType, ':content-type': type, ':message-type': 'event' }, payload);
}

/** An exception, which ends the stream. */
export function exceptionFrame(exceptionType: string, payload: string): Uint8Array {
  return frame({ ':exception-type': exceptionType, ':content-type': JSON_TYPE, ':message-type': 'exception' }, payload);
}

function frame(headers: Readonly<Record<string, string>>, payload: string | Uint8Array): Uint8Array {
  const typed = Object.entries(headers).map(([name, value]) => [name, { type: 'string' as const, value }]);
  return codec.encode({
    headers: Object.fromEntries(typed),
    body: typeof payload === 'string' ? encoder.encode(payload) : payload,
  });
}
