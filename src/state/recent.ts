/** Entries that a part of a store keeps in memory. */
export const MOST_KEYS = 10_000;

/** A map with a bound: the entry that was used longest ago is given up. */
export class Recent<V> {
  readonly #most: number;
  readonly #byKey = new Map<string, V>();
  #latestKey: string | undefined;
  #latest: V | undefined;

  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    return this.#byKey.size;
  }

  /** Counts as a use. */
  get(key: string): V | undefined {
    if (key === this.#latestKey) return this.#latest;
    const value = this.#byKey.get(key);
    if (value === undefined) return undefined;
    this.#byKey.delete(key);
    this.#byKey.set(key, value);
    this.#latestKey = key;
    this.#latest = value;
    return value;
  }

  /** Does not count as a use. */
  peek(key: string): V | undefined {
    return key === this.#latestKey ? this.#latest : this.#byKey.get(key);
  }

  /** Returns what was given up for it. */
  set(key: string, value: V): V | undefined {
    this.#byKey.delete(key);
    this.#byKey.set(key, value);
    this.#latestKey = key;
    this.#latest = value;
    return this.#byKey.size > this.#most ? this.dropOldest() : undefined;
  }

  dropOldest(): V | undefined {
    for (const [key, value] of this.#byKey) {
      this.delete(key);
      return value;
    }
    return undefined;
  }

  delete(key: string): void {
    this.#byKey.delete(key);
    if (key !== this.#latestKey) return;
    this.#latestKey = undefined;
    this.#latest = undefined;
  }

  clear(): void {
    this.#byKey.clear();
    this.#latestKey = undefined;
    this.#latest = undefined;
  }

  /** The longest unused first. */
  entries(): IterableIterator<[string, V]> {
    return this.#byKey.entries();
  }
}
