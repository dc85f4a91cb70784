import type { AnswerStore, StoreContext } from '../contract/store.ts';
import { MOST_KEYS, Recent } from './recent.ts';

interface Kept {
  readonly answer: string;
  readonly ends: number;
}

/** 64 MiB at two bytes each. */
const MOST_CHARACTERS = 2 ** 25;

export class MemoryAnswers implements AnswerStore {
  readonly #answers = new Recent<Kept>(MOST_KEYS);
  #characters = 0;

  get(key: string, { clock }: StoreContext): string | undefined {
    const kept = this.#answers.get(key);
    if (kept === undefined) return undefined;
    if (kept.ends > clock.now()) return kept.answer;
    this.delete(key);
    return undefined;
  }

  set(key: string, answer: string, ttlMs: number, { clock }: StoreContext): void {
    this.delete(key);
    if (answer.length > MOST_CHARACTERS || !(ttlMs > 0)) return;
    this.#characters += answer.length;
    this.#lost(this.#answers.set(key, { answer, ends: clock.now() + ttlMs }));
    while (this.#characters > MOST_CHARACTERS) this.#lost(this.#answers.dropOldest());
  }

  delete(key: string): void {
    this.#lost(this.#answers.peek(key));
    this.#answers.delete(key);
  }

  clear(): void {
    this.#answers.clear();
    this.#characters = 0;
  }

  #lost(kept: Kept | undefined): void {
    this.#characters -= kept?.answer.length ?? 0;
  }
}
