import type { SlotStore, StoreContext } from '../contract/store.ts';
import { MOST_KEYS, Recent } from './recent.ts';

export class MemorySlots implements SlotStore {
  /** By key: when the lease of each slot ends. */
  readonly #leases = new Recent<Map<string, number>>(MOST_KEYS);
  #count = 0;

  take(key: string, limit: number, leaseMs: number, { clock }: StoreContext): string | undefined {
    const now = clock.now();
    let leases = this.#leases.get(key);
    if (leases === undefined) {
      leases = new Map();
      this.#leases.set(key, leases);
    }
    if (leases.size >= limit) {
      for (const [slot, ends] of leases) if (ends <= now) leases.delete(slot);
      if (leases.size >= limit) return undefined;
    }
    const slot = (++this.#count).toString(36);
    leases.set(slot, now + leaseMs);
    return slot;
  }

  release(key: string, slot: string): void {
    const leases = this.#leases.peek(key);
    if (leases?.delete(slot) && leases.size === 0) this.#leases.delete(key);
  }

  clear(): void {
    this.#leases.clear();
  }
}
