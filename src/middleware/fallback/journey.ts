import type { Call, OperationName, ResultOf } from '../../contract/call.ts';
import type { Next } from '../../contract/middleware.ts';
import { ChunkStream, whenSettled } from '../../contract/stream.ts';
import type { LLMError } from '../../errors/catalogue.ts';
import { isLLMError } from '../../errors/catalogue.ts';
import type { ErrorKind } from '../../errors/kinds.ts';
import type { Stop } from './chain.ts';
import { redirect } from './redirect.ts';
import type { Onward, Step as ResumeStep } from './resume.ts';
import type { Ways } from './route.ts';
import { Route } from './route.ts';

/** A call at one of its stops. */
interface Step<K extends OperationName> {
  readonly call: Call<K>;
  readonly stop: Stop;
}

/** A call on its way along targets. Made when it has to leave its first one, begins at a pool, or may have to mend a stream. */
export class Journey<K extends OperationName> {
  readonly #call: Call<K>;
  readonly #next: Next;
  readonly #route: Route;
  readonly #resume: boolean;
  #primaryError: LLMError | undefined;

  constructor(call: Call<K>, next: Next, ways: Ways) {
    this.#call = call;
    this.#next = next;
    this.#route = new Route(call, ways);
    this.#resume = ways.resume && call.operation === 'stream';
  }

  /** Begins at the call's own target. */
  async begin(): Promise<ResultOf<K>> {
    if (this.#call.target.pool === undefined) return this.#travel(this.#own());
    return this.#travel(this.#at(await this.#route.first()));
  }

  /** Goes on after the call's own target has failed. */
  async moveOn(error: LLMError): Promise<ResultOf<K>> {
    return this.#travel(await this.#after(error, this.#own()));
  }

  async #travel(first: Step<K>): Promise<ResultOf<K>> {
    for (let step = first; ; ) {
      let result: ResultOf<K>;
      try {
        result = await this.#ask(step);
      } catch (error) {
        if (!isLLMError(error)) throw error;
        step = await this.#after(error, step);
        continue;
      }
      return this.#resume && result instanceof ChunkStream ? this.#resumable(result, step) : result;
    }
  }

  /** @throws the error of the primary target when the way ends here. */
  async #after(error: LLMError, step: Step<K>): Promise<Step<K>> {
    this.#primaryError ??= error;
    if (UNASKED.has(this.#primaryError.kind) && !UNASKED.has(error.kind) && speaksFor(this.#call, step.stop)) {
      this.#primaryError = error;
    }
    const next = await this.#route.after(error, step.call, step.stop);
    if (next === undefined) throw this.#primaryError;
    return this.#at(next);
  }

  /** @param prepare changes the call before it is asked. */
  async #ask({ call, stop }: Step<K>, prepare?: (call: Call<K>) => Promise<Call<K>>): Promise<ResultOf<K>> {
    const turn = this.#route.begin(stop);
    if (turn === undefined) return this.#next(prepare === undefined ? call : await prepare(call));
    try {
      const result = await this.#next(prepare === undefined ? call : await prepare(call));
      turn.answered();
      whenSettled(result, (settlement) => turn.ended(typeof settlement === 'string' ? undefined : settlement));
      return result;
    } catch (error) {
      turn.ended(isLLMError(error) ? error : undefined);
      throw error;
    }
  }

  async #resumable(stream: ResultOf<K>, step: Step<K>): Promise<ResultOf<K>> {
    const { resumable } = await import('./resume.ts');
    const onward: Onward = {
      after: async (error, { call, stop }) => {
        const next = await this.#route.after(error, call, stop);
        return next && ({ call: redirect(this.#call, next), stop: next } as unknown as ResumeStep);
      },
      ask: (next, prepare) => this.#ask(next as unknown as Step<K>, prepare as never) as Promise<ResultOf<'stream'>>,
      leave: ({ stop }) => this.#route.leave(stop),
    };
    return resumable(stream as ResultOf<'stream'>, step as unknown as ResumeStep, onward) as ResultOf<K>;
  }

  /** The call itself: nothing of it is changed for its own target. */
  #own(): Step<K> {
    const { target } = this.#call;
    return { call: this.#call, stop: { target, entry: { model: target.model } } };
  }

  #at(stop: Stop): Step<K> {
    return { call: redirect(this.#call, stop), stop };
  }
}

/** Where the call's own target is a pool, a member that was asked speaks for it before one that was passed over. */
function speaksFor({ target }: Call, { seat }: Stop): boolean {
  return target.pool !== undefined && seat?.stop.target === target;
}

const UNASKED: ReadonlySet<ErrorKind> = new Set(['circuit_open', 'configuration', 'unsupported_params', 'unsupported_operation']);
