import type { Call, OperationName, ResultOf } from '../../contract/call.ts';
import type { Next } from '../../contract/middleware.ts';
import { whenSettled } from '../../contract/stream.ts';
import type { LLMError } from '../../errors/catalogue.ts';
import { isLLMError } from '../../errors/catalogue.ts';
import type { ErrorKind } from '../../errors/kinds.ts';
import type { Stop } from './chain.ts';
import { redirect } from './redirect.ts';
import type { Ways } from './route.ts';
import { Route } from './route.ts';

/** A call on its way along targets. Made when it has to leave its first one, or begins at a pool. */
export class Journey<K extends OperationName> {
  readonly #call: Call<K>;
  readonly #next: Next;
  readonly #route: Route;
  #primaryError: LLMError | undefined;

  constructor(call: Call<K>, next: Next, ways: Ways) {
    this.#call = call;
    this.#next = next;
    this.#route = new Route(call, ways);
  }

  /** Begins at the call's own target. */
  async begin(): Promise<ResultOf<K>> {
    return this.#travel(await this.#route.first());
  }

  /** Goes on after the call's own target has failed. */
  async moveOn(error: LLMError): Promise<ResultOf<K>> {
    const { target } = this.#call;
    return this.#travel(await this.#after(error, this.#call, { target, entry: { model: target.model } }));
  }

  async #travel(first: Stop): Promise<ResultOf<K>> {
    for (let stop = first; ; ) {
      const call = redirect(this.#call, stop);
      try {
        return await this.#ask(call, stop);
      } catch (error) {
        if (!isLLMError(error)) throw error;
        stop = await this.#after(error, call, stop);
      }
    }
  }

  /** @throws the error of the primary target when the way ends here. */
  async #after(error: LLMError, call: Call, stop: Stop): Promise<Stop> {
    this.#primaryError ??= error;
    if (UNASKED.has(this.#primaryError.kind) && !UNASKED.has(error.kind) && speaksFor(this.#call, stop))
      this.#primaryError = error;
    const next = await this.#route.after(error, call, stop);
    if (next === undefined) throw this.#primaryError;
    return next;
  }

  async #ask(call: Call<K>, { seat }: Stop): Promise<ResultOf<K>> {
    if (seat === undefined) return this.#next(call);
    const turn = seat.pool.begin(seat.index, seat.ask);
    try {
      const result = await this.#next(call);
      turn.answered();
      whenSettled(result, (settlement) => turn.ended(typeof settlement === 'string' ? undefined : settlement));
      return result;
    } catch (error) {
      turn.ended(isLLMError(error) ? error : undefined);
      throw error;
    }
  }
}

/** Where the call's own target is a pool, a member that was asked speaks for it before one that was passed over. */
function speaksFor({ target }: Call, { seat }: Stop): boolean {
  return target.pool !== undefined && seat?.stop.target === target;
}

const UNASKED: ReadonlySet<ErrorKind> = new Set(['circuit_open', 'configuration', 'unsupported_params', 'unsupported_operation']);
