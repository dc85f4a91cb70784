import type { ClientEvent, ClientEventListeners, ClientEventName } from '../contract/events.ts';

type Listener = (event: ClientEvent) => unknown;

const ignore = (): void => {};

/** Who listens to a client. What a listener throws or rejects with is dropped. */
export class Listeners {
  readonly #byName = new Map<ClientEventName, Set<Listener>>();
  #count = 0;

  /** Nobody listens: no event need be built. */
  get none(): boolean {
    return this.#count === 0;
  }

  /** Returns what takes the listener off. */
  add(name: ClientEventName, listener: Listener): () => void {
    const entry: Listener = (event) => listener(event);
    const entries = this.#byName.get(name) ?? new Set();
    this.#byName.set(name, entries.add(entry));
    this.#count++;
    return () => {
      if (entries.delete(entry)) this.#count--;
    };
  }

  addAll(listeners: ClientEventListeners): void {
    for (const [name, listener] of Object.entries(listeners)) {
      if (listener !== undefined) this.add(name as ClientEventName, listener as Listener);
    }
  }

  emit(event: ClientEvent): void {
    const entries = this.#byName.get(event.type);
    if (entries === undefined) return;
    for (const listener of entries) {
      try {
        const returned = listener(event);
        if (returned instanceof Promise) returned.catch(ignore);
      } catch {
        // A listener that throws changes nothing.
      }
    }
  }

  clear(): void {
    for (const entries of this.#byName.values()) entries.clear();
    this.#byName.clear();
    this.#count = 0;
  }
}
