import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock, Timer } from '../time/clock.ts';
import { Listener } from './listener.ts';
import { watchRefusals } from './refusals.ts';
import type { Script } from './script.ts';

/** Takes a request that came in on a listener; `owner` is the listener's provider, `undefined` where it serves all. */
export type Handler = (request: IncomingMessage, response: ServerResponse, listener: Listener, owner: string | undefined) => void;

const SPARE_PORTS = 4;

/** The ports of a mock server: which provider listens where, and who is refusing connections. */
export class Ports {
  readonly #handle: Handler;
  readonly #script: Script;
  readonly #clock: Clock;
  readonly #listeners = new Map<string, Listener>();
  readonly #owners = new Map<Listener, string>();
  readonly #spares: Listener[] = [];
  readonly #starting = new Set<Promise<unknown>>();
  /** Providers whose next item is a refusal, with the timer that ends it. */
  readonly #refusing = new Map<string, Timer | undefined>();
  readonly #unwatch: () => void;
  #shared: Listener | undefined;
  #closed = false;

  constructor(handle: Handler, script: Script, clock: Clock) {
    this.#handle = handle;
    this.#script = script;
    this.#clock = clock;
    this.#unwatch = watchRefusals((port) => this.#refusedAt(port));
  }

  /** Opens one port for all, or one for each and a few more for providers that are named later. */
  async open(providers: readonly string[], port: number | undefined): Promise<void> {
    if (port !== undefined) {
      this.#shared = await this.#listener().start(port);
      return;
    }
    for (let i = 0; i < providers.length + SPARE_PORTS; i++) this.#addSpare();
    await Promise.all(this.#starting);
    for (const provider of providers) this.of(provider);
  }

  /** The listener of a provider; a provider that is new gets a spare one. */
  of(provider: string): Listener {
    const known = this.#shared ?? this.#listeners.get(provider);
    if (known !== undefined) return known;
    const listener = this.#spares.shift();
    if (listener === undefined) {
      throw new Error(`no port for "${provider}": name new providers at the start, startMockServer({ providers: [...] })`);
    }
    this.#listeners.set(provider, listener);
    this.#owners.set(listener, provider);
    if (this.#spares.length < SPARE_PORTS) this.#addSpare();
    return listener;
  }

  /** Closes or opens the provider's port, as its script wants it. To be called whenever the head of its queue changed. */
  follow(provider: string): void {
    if (this.#closed) return;
    const refusal = this.#script.refusal(provider);
    if (refusal !== undefined && !this.#refusing.has(provider)) {
      const { forMs } = refusal;
      this.#refusing.set(provider, forMs === undefined ? undefined : this.#clock.timer(() => this.refused(provider), forMs));
      this.of(provider).refuse();
    } else if (refusal === undefined && this.#refusing.delete(provider)) {
      const listener = this.of(provider);
      if (![...this.#refusing.keys()].some((other) => this.of(other) === listener)) listener.accept();
    }
  }

  /** One refusal of the provider's has happened. */
  refused(provider: string): void {
    this.#refusing.get(provider)?.cancel();
    this.#script.dropRefusal(provider);
    if (this.#script.refusal(provider) !== undefined) this.#refusing.delete(provider);
    this.follow(provider);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#unwatch();
    for (const timer of this.#refusing.values()) timer?.cancel();
    await Promise.allSettled(this.#starting);
    const all = [...this.#listeners.values(), ...this.#spares, ...(this.#shared === undefined ? [] : [this.#shared])];
    await Promise.all(all.map((listener) => listener.close()));
  }

  #refusedAt(port: number): void {
    for (const provider of this.#refusing.keys()) {
      if (this.of(provider).port === port) return this.refused(provider);
    }
  }

  #listener(): Listener {
    const listener: Listener = new Listener((request, response) => {
      this.#handle(request, response, listener, this.#owners.get(listener));
    });
    return listener;
  }

  #addSpare(): void {
    if (this.#closed) return;
    const started = this.#listener().start(0);
    const added = started.then((listener) => this.#spares.push(listener)).finally(() => this.#starting.delete(added));
    this.#starting.add(added);
  }
}
