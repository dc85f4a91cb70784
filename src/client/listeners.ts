import type { ClientEvent, ClientEventListeners, ClientEventName } from '../contract/events.ts';

type Listener = (event: ClientEvent) => unknown;

const ignore = (): void => {};
const NONE: readonly Listener[] = [];

/** Who listens to a client. What a listener throws or rejects with is dropped. */
export class Listeners {
  /** The lists are replaced, not changed: a listener may add and take off others, itself included, while it is told. */
  readonly #byName = new Map<ClientEventName, readonly Listener[]>();
  #count = 0;

  /** Nobody listens: no event need be built. */
  get none(): boolean {
    return this.#count === 0;
  }

  /** Returns what takes the listener off. */
  add(name: ClientEventName, listener: Listener): () => void {
    const entry: Listener = (event) => listener(event);
    this.#byName.set(name, [...this.#of(name), entry]);
    this.#count++;
    return () => {
      const entries = this.#of(name);
      if (!entries.includes(entry)) return;
      this.#byName.set(
        name,
        entries.filter((other) => other !== entry),
      );
      this.#count--;
    };
  }

  addAll(listeners: ClientEventListeners): void {
    for (const [name, listener] of Object.entries(listeners)) {
      if (listener !== undefined) this.add(name as ClientEventName, listener as Listener);
    }
  }

  emit(event: ClientEvent): void {
    for (const listener of this.#of(event.type)) {
      try {
        const returned = listener(event);
        if (returned instanceof Promise) returned.catch(ignore);
      } catch {
        // A listener that throws changes nothing.
      }
    }
  }

  #of(name: ClientEventName): readonly Listener[] {
    return this.#byName.get(name) ?? NONE;
  }
}
