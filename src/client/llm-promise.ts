import { APIPromise } from 'openai/core/api-promise';
import { ChunkStream } from '../contract/stream.ts';
import type { Caller, Opened } from './opened.ts';
import { copyRoute } from './route.ts';

type Read<T> = (opened: Opened) => T | Promise<T>;

const Base: typeof APIPromise = Promise as unknown as typeof APIPromise;
const { then, catch: catchError, finally: andFinally } = Promise.prototype;

/**
 * openai's `APIPromise`: awaited it gives the result. All ways of reading share one call.
 *
 * It has openai's methods but is an ordinary promise of the result underneath. openai's own enters every promise into a
 * `WeakMap`, which the garbage collector would have to walk; and a promise whose `constructor` is `Promise` is awaited as it is,
 * without another one around it.
 */
export class LLMPromise<T> extends Base<T> {
  static {
    Object.setPrototypeOf(LLMPromise.prototype, APIPromise.prototype);
    const own = { constructor: Promise, then, catch: catchError, finally: andFinally };
    for (const [name, value] of Object.entries(own)) Object.defineProperty(LLMPromise.prototype, name, { value, writable: true });
  }

  readonly #reading: Reading;

  /** @internal Made by the client. */
  constructor(call: (caller: Caller) => unknown, read: Read<T>) {
    const reading = new Reading(read);
    super(((resolve: Settle, reject: Settle) => reading.begin(resolve, reject)) as never, undefined as never);
    this.#reading = reading;
    call(reading);
  }

  /**
   * The answer in OpenAI's shape, whatever the provider: JSON, or server-sent events for a stream.
   * A handler can return it to an OpenAI client as it is.
   */
  override async asResponse(): Promise<Response> {
    const { result, answer } = await this.#opened();
    const { sseResponse, wholeResponse } = await import('./responses.ts');
    return result instanceof ChunkStream ? sseResponse(result, answer) : wholeResponse(result, answer);
  }

  /** The result together with the provider's own response (its body consumed) and the provider's id for the request. */
  override async withResponse(): Promise<{ data: T; response: Response; request_id: string | null }> {
    const data = await this;
    const { answer } = await this.#opened();
    const { providerResponse } = await import('./responses.ts');
    const response = providerResponse(answer);
    await response.body?.cancel();
    return { data, response, request_id: answer?.requestId ?? null };
  }

  /** The provider's own response: status, headers, and the body as it came. Of a stream it is the one reading. */
  async rawResponse(): Promise<Response> {
    const { result, answer } = await this.#opened();
    const bytes = result instanceof ChunkStream ? result.raw() : undefined;
    const { providerResponse } = await import('./responses.ts');
    return providerResponse(answer, bytes);
  }

  override _thenUnwrap<U>(transform: (data: T, props: never) => U): LLMPromise<U> {
    const own = (caller: Caller): unknown =>
      this.#opened().then(
        (opened) => caller.opened(opened),
        (error) => caller.failed(error),
      );
    return new LLMPromise<U>(own, async (opened) => {
      const data = await this;
      const made = transform(data, opened as never);
      copyRoute(data, made);
      return made;
    });
  }

  /** The call's success, also where its reading has failed. */
  #opened(): Promise<Opened> {
    const opened = (error?: unknown): Opened => {
      const { success } = this.#reading;
      if (success === undefined) throw error;
      return success;
    };
    return this.then(() => opened(), opened);
  }
}

type Settle = (outcome: unknown) => void;

/** Settles the promise with what is read from the call. */
class Reading implements Caller {
  success: Opened | undefined;
  readonly #read: Read<unknown>;
  #resolve: Settle | undefined;
  #reject: Settle | undefined;

  constructor(read: Read<unknown>) {
    this.#read = read;
  }

  begin(resolve: Settle, reject: Settle): void {
    this.#resolve = resolve;
    this.#reject = reject;
  }

  opened(opened: Opened): void {
    this.success = opened;
    this.#resolve?.(this.#read(opened));
  }

  failed(error: unknown): void {
    this.#reject?.(error);
  }
}
