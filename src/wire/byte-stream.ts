import { attachAnswer } from '../contract/answer.ts';
import type { Call } from '../contract/call.ts';
import type { WireHeaders } from '../contract/headers.ts';
import type { StreamSource } from '../contract/stream.ts';
import { ChunkStream } from '../contract/stream.ts';
import type { Wire, WireMessage } from '../contract/wire.ts';
import type { LLMError } from '../errors/catalogue.ts';
import { openExchange } from './exchange.ts';
import { isLeft } from './faults.ts';
import type { ExchangeControl, Sink } from './sink.ts';

/** Reads that wait for their reader before the socket is paused; one is some tens of kilobytes. */
const HIGH_WATER = 16;

/** An answer's bytes as they come, whatever they are. Resolves with its head. */
export function byteStream(wire: Wire, call: Call, message: WireMessage): Promise<ChunkStream<Uint8Array>> {
  return new Promise((resolve, reject) => {
    openExchange(wire, call, message, (control) => new ByteSink(control, resolve, reject));
  });
}

class ByteSink implements Sink {
  readonly #control: ExchangeControl;
  readonly #resolve: (stream: ChunkStream<Uint8Array>) => void;
  readonly #reject: (error: LLMError) => void;
  #stream: ChunkStream<Uint8Array> | undefined;

  constructor(control: ExchangeControl, resolve: (stream: ChunkStream<Uint8Array>) => void, reject: (error: LLMError) => void) {
    this.#control = control;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  open(status: number, headers: WireHeaders): void {
    const control = this.#control;
    const source: StreamSource = {
      status,
      headers,
      pause: () => control.pause(),
      resume: () => control.resume(),
      cancel: () => control.cancel(),
    };
    const stream = new ChunkStream<Uint8Array>(source, [], HIGH_WATER);
    this.#stream = stream;
    attachAnswer(stream, { status, headers, requestId: control.wire.requestId(headers), text: '' });
    control.commit();
    this.#resolve(stream);
  }

  data(bytes: Uint8Array): void {
    // a read may be a view of a larger one, which must not live as long as its reader takes
    this.#stream?.push([bytes.slice()]);
  }

  end(): void {
    this.#stream?.end();
  }

  fail(error: LLMError): void {
    if (this.#stream === undefined) return this.#reject(error);
    if (isLeft(error, this.#control.call)) return this.#stream.cancel();
    this.#stream.fail(error);
  }
}
