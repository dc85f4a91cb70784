/** What the bytes of a stream may ask of their exchange. */
interface Tap {
  pause(): void;
  resume(): void;
  cancel(): void;
}

/** A stream's bytes as they came, for a reader who wants them undecoded. */
export class RawBytes {
  readonly stream: ReadableStream<Uint8Array>;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;

  /** @param kept What had come before anybody asked. */
  constructor(kept: readonly Uint8Array[], tap: Tap) {
    this.stream = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#controller = controller;
        for (const bytes of kept) controller.enqueue(bytes);
      },
      pull: () => tap.resume(),
      cancel: () => {
        this.#controller = undefined;
        tap.cancel();
      },
    });
    this.#pause = () => tap.pause();
  }

  readonly #pause: () => void;

  push(bytes: Uint8Array): void {
    this.#controller?.enqueue(bytes);
    if ((this.#controller?.desiredSize ?? 1) <= 0) this.#pause();
  }

  end(): void {
    this.#controller?.close();
    this.#controller = undefined;
  }

  fail(error: unknown): void {
    this.#controller?.error(error);
    this.#controller = undefined;
  }
}
