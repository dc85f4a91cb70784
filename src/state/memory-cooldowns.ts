import type { CooldownStore, StoreContext } from '../contract/store.ts';
import { MOST_KEYS, Recent } from './recent.ts';

export class MemoryCooldowns implements CooldownStore {
  readonly #until = new Recent<number>(MOST_KEYS);

  start(key: string, ms: number, { clock }: StoreContext): void {
    const until = clock.now() + ms;
    if (until > (this.#until.peek(key) ?? clock.now())) this.#until.set(key, until);
  }

  left(key: string, { clock }: StoreContext): number {
    const until = this.#until.get(key);
    if (until === undefined) return 0;
    const left = until - clock.now();
    if (left > 0) return left;
    this.#until.delete(key);
    return 0;
  }

  end(key: string): void {
    this.#until.delete(key);
  }

  clear(): void {
    this.#until.clear();
  }
}
