import { EventStreamCodec } from '@smithy/eventstream-codec';
import type { Framing, OnEvent } from '../../contract/codec.ts';
import { parseJSON } from '../json-text.ts';
import { decodeUTF8 } from '../text.ts';
import { EXCEPTION } from './aws-exceptions.ts';
import { FramingDamage } from './broken-frames.ts';
import { FrameAssembler } from './frame-assembler.ts';

const encoder = new TextEncoder();
const codec = new EventStreamCodec(decodeUTF8, (text) => encoder.encode(text));

type Headers = ReturnType<typeof codec.decode>['headers'];

/**
 * `application/vnd.amazon.eventstream`: binary frames, each with a checksum over its lengths and one over everything.
 * An event is its payload as text, named by `:event-type`; an exception is a JSON object named {@link EXCEPTION}.
 */
export class AWSEventStream implements Framing {
  readonly #frames = new FrameAssembler();

  feed(bytes: Uint8Array, onEvent: OnEvent): void {
    this.#frames.feed(bytes, (frame) => read(frame, onEvent, (payload, name) => onEvent(decodeUTF8(payload), name)));
  }

  flush(): void {
    this.#frames.flush();
  }
}

/** An event stream whose events (`PayloadPart`) are pieces of another protocol, cut anywhere. */
export class AWSPayloadParts implements Framing {
  readonly #frames = new FrameAssembler();
  readonly #inner: Framing;

  constructor(inner: Framing) {
    this.#inner = inner;
  }

  feed(bytes: Uint8Array, onEvent: OnEvent): void {
    this.#frames.feed(bytes, (frame) => read(frame, onEvent, (payload) => this.#inner.feed(payload, onEvent)));
  }

  flush(onEvent: OnEvent): void {
    this.#inner.flush(onEvent);
    this.#frames.flush();
  }
}

function read(frame: Uint8Array, onEvent: OnEvent, onPayload: (payload: Uint8Array, name: string) => void): void {
  const { headers, body } = opened(frame);
  const kind = textIn(headers, ':message-type');
  if (kind === 'exception') onEvent(exceptionJSON(textIn(headers, ':exception-type'), decodeUTF8(body)), EXCEPTION);
  else if (kind === 'error') {
    const message = textIn(headers, ':error-message');
    onEvent(JSON.stringify({ code: textIn(headers, ':error-code'), message }), EXCEPTION);
  } else onPayload(body, textIn(headers, ':event-type'));
}

function opened(frame: Uint8Array): ReturnType<typeof codec.decode> {
  try {
    return codec.decode(frame);
  } catch (cause) {
    throw new FramingDamage('a frame is damaged', cause);
  }
}

/** The payload with the exception's name as its `code`. */
function exceptionJSON(code: string, payload: string): string {
  const fields = parseJSON(payload);
  return JSON.stringify({ ...(typeof fields === 'object' ? fields : { message: payload }), code });
}

function textIn(headers: Headers, name: string): string {
  return Object.hasOwn(headers, name) ? String(headers[name]?.value ?? '') : '';
}
