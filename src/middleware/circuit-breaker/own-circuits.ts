import type { Call, Target } from '../../contract/call.ts';
import type { CircuitSnapshot, Store } from '../../contract/store.ts';
import { placeOf } from '../../contract/target.ts';

/** What a circuit is called: by its breaker, and in a store, where others are too. */
export interface CircuitName {
  readonly key: string;
  readonly id: string;
}

const MOST_STORES = 100;

/** The circuits of one breaker, in the stores that it has met. */
export class OwnCircuits {
  readonly #prefix: string;
  readonly #keyOf: ((call: Call) => string) | undefined;
  readonly #given: Store | undefined;
  readonly #byTarget = new WeakMap<Target, CircuitName>();
  readonly #stores = new Set<Store>();
  #latestStore: Store | undefined;
  #latestName: CircuitName | undefined;

  constructor(prefix: string, keyOf: ((call: Call) => string) | undefined, given: Store | undefined) {
    this.#prefix = prefix;
    this.#keyOf = keyOf;
    this.#given = given;
  }

  storeFor(call: Call): Store {
    const store = this.#given ?? call.store;
    if (store !== this.#latestStore) this.#meet(store);
    return store;
  }

  nameOf(call: Call): CircuitName {
    if (this.#keyOf !== undefined) return this.#named(this.#keyOf(call));
    let name = this.#byTarget.get(call.target);
    if (name === undefined) {
      name = this.#named(placeOf(call.target));
      this.#byTarget.set(call.target, name);
    }
    return name;
  }

  snapshot(): CircuitSnapshot[] {
    const all = [...this.#stores].flatMap(({ circuits }) => circuits.known(this.#prefix));
    return all.map((circuit) => ({ ...circuit, key: circuit.key.slice(this.#prefix.length) }));
  }

  forget(staying: Store | undefined): void {
    for (const store of this.#stores) {
      if (store !== this.#given && store !== staying) store.circuits.forget(this.#prefix);
    }
    this.#stores.clear();
    this.#latestStore = undefined;
  }

  #named(key: string): CircuitName {
    if (this.#latestName?.key !== key) this.#latestName = { key, id: this.#prefix + key };
    return this.#latestName;
  }

  #meet(store: Store): void {
    this.#latestStore = store;
    this.#stores.add(store);
    const [oldest] = this.#stores;
    if (this.#stores.size > MOST_STORES && oldest !== undefined) this.#stores.delete(oldest);
  }
}
