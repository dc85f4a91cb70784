import type { Call, OperationName, ResultOf } from '../../contract/call.ts';
import type { Next } from '../../contract/middleware.ts';
import { ChunkStream } from '../../contract/stream.ts';
import { isLLMError } from '../../errors/catalogue.ts';
import { ownCopy } from '../../errors/own-copy.ts';
import { AbortError } from '../../errors/wire-errors.ts';
import type { BroadcastLimits, Reader } from './broadcast.ts';
import { Broadcast } from './broadcast.ts';

/** What a flight needs from the layer. */
export interface Tower<K extends OperationName> {
  readonly limits: BroadcastLimits;
  /** Nobody may join any more. */
  over(): void;
  /** Shares the call anew. */
  again(call: Call<K>): Promise<ResultOf<K>>;
}

interface Passenger<K extends OperationName> {
  readonly call: Call<K>;
  readonly leads: boolean;
  resolve(result: ResultOf<K> | Promise<ResultOf<K>>): void;
  reject(error: unknown): void;
  /** Takes the listener off the caller's signal. */
  unlisten(): void;
}

/** One call that several share. It ends when it is answered, or when the last of them has left. */
export class Flight<K extends OperationName> {
  readonly #tower: Tower<K>;
  readonly #aboard = new Set<Passenger<K>>();
  /** Absent where the first has no signal: it stays until the end. */
  readonly #controller: AbortController | undefined;
  readonly #leader: Call<K>;
  #deadline = Number.NEGATIVE_INFINITY;
  #broadcast: Broadcast<object> | undefined;

  constructor(leader: Call<K>, tower: Tower<K>) {
    this.#leader = leader;
    this.#tower = tower;
    this.#controller = leader.signal === undefined ? undefined : new AbortController();
  }

  /** Sends the call of the first, free of its signal, with the latest deadline of all. */
  start(next: Next): Promise<ResultOf<K>> {
    const joined = this.join(this.#leader, true);
    const latest = (): number => this.#deadline;
    const shared: Call<K> = {
      ...this.#leader,
      signal: this.#controller?.signal,
      get deadline() {
        return latest();
      },
      report: (event) => {
        this.#leader.report(event);
        if (event.type === 'resumed') this.#broadcast?.tellSeam(event);
      },
    };
    const send = async (): Promise<ResultOf<K>> => next(shared);
    send()
      .then((result) => this.#land(result))
      .catch((error: unknown) => this.#fail(error));
    return joined;
  }

  join(call: Call<K>, leads = false): Promise<ResultOf<K>> {
    this.#deadline = Math.max(this.#deadline, call.deadline);
    if (this.#broadcast !== undefined) return Promise.resolve(this.#tap(this.#broadcast, [{ call, leads }])[0] as ResultOf<K>);
    return new Promise((resolve, reject) => {
      const leave = (): void => this.#leave(passenger);
      const { signal } = call;
      const unlisten = (): void => signal?.removeEventListener('abort', leave);
      const passenger: Passenger<K> = { call, leads, resolve, reject, unlisten };
      this.#aboard.add(passenger);
      if (signal?.aborted === true) leave();
      else signal?.addEventListener('abort', leave);
    });
  }

  #leave(passenger: Passenger<K>): void {
    const { call, reject, unlisten } = passenger;
    const { provider, model } = call.target;
    unlisten();
    this.#aboard.delete(passenger);
    reject(new AbortError({ message: 'while it shared a call', provider, model, cause: call.signal?.reason }));
    const now = call.clock.now();
    for (const { call } of this.#aboard) if (now < call.deadline) return;
    this.#tower.over();
    this.#controller?.abort(call.signal?.reason);
  }

  #land(result: ResultOf<K>): void {
    if (!(result instanceof ChunkStream)) {
      this.#tower.over();
      for (const [i, { call, leads, resolve }] of this.#unload().entries()) {
        if (!leads) this.#tellShared(call);
        resolve(i === 0 ? result : copied(result));
      }
      return;
    }
    if (this.#aboard.size === 0) return result.cancel();
    const { clock, operation } = this.#leader;
    const source = result as unknown as ChunkStream<object>;
    this.#broadcast = new Broadcast(source, { ...this.#tower.limits, clock, operation, over: () => this.#tower.over() });
    const passengers = this.#unload();
    const streams = this.#tap(this.#broadcast, passengers);
    for (const [i, { resolve }] of passengers.entries()) resolve(streams[i] as ResultOf<K>);
  }

  #fail(error: unknown): void {
    this.#tower.over();
    const isDeadline = isLLMError(error, 'timeout') && error.phase === 'deadline';
    for (const { call, leads, resolve, reject } of this.#unload()) {
      if (isDeadline && call.clock.now() < call.deadline) resolve(this.#tower.again(call));
      else reject(leads || !isLLMError(error) ? error : ownCopy(error));
    }
  }

  #unload(): Passenger<K>[] {
    const aboard = [...this.#aboard];
    this.#aboard.clear();
    for (const { unlisten } of aboard) unlisten();
    return aboard;
  }

  #tap(broadcast: Broadcast<object>, readers: readonly Reader[]): ResultOf<K>[] {
    for (const { call, leads } of readers) if (!leads) this.#tellShared(call);
    return broadcast.tap(readers, this.#deadline) as unknown as ResultOf<K>[];
  }

  #tellShared({ report, target }: Call): void {
    report({ type: 'cache-hit', target: this.#leader.trail.winner ?? target, source: 'coalesced' });
  }
}

function copied<T>(result: T): T {
  try {
    return structuredClone(result);
  } catch {
    return result; // made of more than data, by a layer or provider of the user's own
  }
}
