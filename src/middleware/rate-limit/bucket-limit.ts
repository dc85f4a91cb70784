import { andThen } from '../../contract/maybe-promise.ts';
import type { BucketRule, BucketStore, BucketTake, MaybePromise } from '../../contract/store.ts';
import type { Place, Wait } from './place.ts';

/**
 * So many requests or tokens per minute. A call that must wait takes what it needs on credit and goes when the debt is paid: nobody
 * who comes later, in this process or another, can take it away again, however much it needs.
 */
export class BucketLimit {
  readonly name: 'requests' | 'tokens';
  readonly rule: BucketRule;
  readonly #buckets: BucketStore;

  constructor(name: 'requests' | 'tokens', perMinute: number, buckets: BucketStore) {
    this.name = name;
    this.rule = { capacity: perMinute, refillPerSecond: perMinute / 60 };
    this.#buckets = buckets;
  }

  /** Milliseconds in which so many come back by themselves. */
  timeFor(tokens: number): number {
    return (tokens / this.rule.refillPerSecond) * 1000;
  }

  /** @param returning how much running calls have reserved and may give back. */
  ask(place: Place, key: string, tokens: number, returning: number): MaybePromise<Wait | undefined> {
    if (place.claims[this.name] !== undefined) return this.#askForCredit(place, key, returning);
    const take = this.#buckets.take(this.#keyOf(key), this.rule, tokens, place.call);
    return andThen(take, (took) => this.#taken(took, place, key, tokens, returning));
  }

  /** Puts back what a call did not use; a negative number is what it used besides. */
  give(place: Place, key: string, tokens: number): MaybePromise<void> {
    if (tokens !== 0) return this.#buckets.give(this.#keyOf(key), this.rule, tokens, place.call);
  }

  #taken(take: BucketTake, place: Place, key: string, tokens: number, returning: number): MaybePromise<Wait | undefined> {
    if (take.taken) {
      place.claims[this.name] = { tokens, readyAt: Number.NEGATIVE_INFINITY };
      return undefined;
    }
    const wait = this.#wait(take.waitMs, returning);
    if (place.state === 'gone' || !place.canWait(wait.surelyIn)) return wait;
    // others may have taken credit since: how long it lasts is only known when it is taken
    place.claims[this.name] = { tokens, readyAt: Number.POSITIVE_INFINITY };
    const given = this.#buckets.give(this.#keyOf(key), this.rule, -tokens, place.call);
    return andThen(given, () => this.#askForCredit(place, key, returning));
  }

  /** Whether the debt is paid. A debt that others make later does not delay it. */
  #askForCredit(place: Place, key: string, returning: number): MaybePromise<Wait | undefined> {
    const claim = place.claims[this.name];
    if (claim === undefined || claim.readyAt === Number.NEGATIVE_INFINITY) return undefined;
    return andThen(this.#buckets.take(this.#keyOf(key), this.rule, 0, place.call), ({ taken, waitMs }) => {
      const now = place.call.clock.now();
      claim.readyAt = taken ? Number.NEGATIVE_INFINITY : Math.min(claim.readyAt, now + waitMs);
      return claim.readyAt <= now ? undefined : this.#wait(claim.readyAt - now, returning);
    });
  }

  #wait(readyIn: number, returning: number): Wait {
    return { limit: this.name, readyIn, surelyIn: Math.max(0, readyIn - this.timeFor(returning)) };
  }

  #keyOf(key: string): string {
    return `rateLimit:${this.name}:${key}`;
  }
}
