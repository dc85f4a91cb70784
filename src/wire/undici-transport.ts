import type { Agent, Dispatcher } from 'undici';
import type { ByteSource } from '../contract/byte-source.ts';
import { isByteSource } from '../contract/byte-source.ts';
import type { Flow, Receiver, Transport, WireRequest } from '../contract/wire.ts';
import { chosenDispatcher } from './global-dispatcher.ts';
import type { OwnAgent } from './undici-agent.node.ts';
import { agentWith, defaultAgent } from './undici-agent.node.ts';
import { UndiciExchange } from './undici-exchange.node.ts';

/** How `undiciTransport` is set up: options for an agent of its own, or a dispatcher that the caller keeps. */
export type UndiciTransportOptions = Agent.Options | { readonly dispatcher: Dispatcher };

/**
 * Sends through undici: no `Request`, `Response` or stream objects, and no time limits but the client's.
 *
 * Without options the dispatcher set by `setGlobalDispatcher` is used, if the application set one; otherwise an agent
 * of its own, through the proxy that `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` name. That agent speaks HTTP/1.1 with
 * one socket per running call; for HTTP/2 pass `{ allowH2: true }`.
 *
 * `close()` ends what runs on an agent of its own. A dispatcher that was given or set globally is never closed.
 *
 * @example
 * createClient({ transport: undiciTransport({ connections: 100, connect: { ca } }) });
 * createClient({ transport: undiciTransport({ dispatcher: new ProxyAgent('http://proxy:3128') }) });
 */
export function undiciTransport(options?: UndiciTransportOptions): Transport {
  if (options === undefined) return new UndiciTransport(undefined, defaultAgent, true);
  if ('dispatcher' in options) return new UndiciTransport(options.dispatcher, defaultAgent, false);
  const agent = agentWith(options);
  return new UndiciTransport(undefined, () => agent, false);
}

class UndiciTransport implements Transport {
  readonly #given: Dispatcher | undefined;
  readonly #createAgent: () => OwnAgent;
  readonly #followsGlobal: boolean;
  #own: OwnAgent | undefined;
  #closed = false;

  constructor(given: Dispatcher | undefined, createAgent: () => OwnAgent, followsGlobal: boolean) {
    this.#given = given;
    this.#createAgent = createAgent;
    this.#followsGlobal = followsGlobal;
  }

  dispatch(request: WireRequest, receiver: Receiver): Flow {
    if (isByteSource(request.body)) return this.#dispatchSource(request, request.body, receiver);
    const foreign = this.#followsGlobal ? chosenDispatcher() : this.#given;
    if (foreign !== undefined) {
      const exchange = new UndiciExchange(receiver, undefined);
      this.#start(foreign, { ...request, headersTimeout: 0, bodyTimeout: 0 } as Dispatcher.DispatchOptions, exchange);
      return exchange;
    }
    this.#own ??= this.#createAgent();
    const exchange = new UndiciExchange(receiver, this.#own.pending);
    this.#start(this.#own.dispatcher, request as Dispatcher.DispatchOptions, exchange);
    return exchange;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#own?.dispatcher.destroy();
  }

  #dispatchSource(request: WireRequest, source: ByteSource, receiver: Receiver): Flow {
    try {
      return this.dispatch({ ...request, body: source.open() as never }, receiver);
    } catch (cause) {
      const exchange = new UndiciExchange(receiver, undefined);
      exchange.onResponseError(undefined, cause);
      return exchange;
    }
  }

  #start(dispatcher: Dispatcher, options: Dispatcher.DispatchOptions, exchange: UndiciExchange): void {
    if (this.#closed) return exchange.onResponseError(undefined, new Error('the transport is closed'));
    try {
      dispatcher.dispatch(options, exchange);
    } catch (cause) {
      exchange.onResponseError(undefined, cause);
    }
  }
}
