import type { BucketRule, BucketStore, BucketTake, MaybePromise, StoreContext } from '../contract/store.ts';
import { waitFor } from '../state/memory-buckets.ts';
import type { Link, Step } from './link.ts';
import type { Script } from './script.ts';
import { numberOf, partsOf, script } from './script.ts';

/** ARGV: now, capacity, tokens per second, tokens, `take` or `give`. A full bucket is no key. */
const BUCKET = script(
  'Bucket',
  `
local capacity, refill, tokens = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local kept = redis.call('HMGET', KEYS[1], 'left', 'at')
local left, at = tonumber(kept[1]), tonumber(kept[2])
if left then
  local elapsed = math.max(0, now - at)
  left, at = math.min(capacity, left + elapsed / 1000 * refill), at + elapsed
else
  left, at = capacity, now
end
if ARGV[5] == 'give' then
  left = math.min(capacity, left + tokens)
elseif left + 1e-6 < tokens then
  return {0, text(left)}
else
  left = math.max(0, left - tokens)
end
if left >= capacity then
  redis.call('DEL', KEYS[1])
else
  redis.call('HSET', KEYS[1], 'left', text(left), 'at', text(at))
  keep((capacity - left) / refill * 1000 + 1000)
end
return {1, text(left)}
`,
);

export const BUCKET_SCRIPTS: readonly Script[] = [BUCKET];

export class RedisBuckets implements BucketStore {
  readonly #link: Link;
  readonly #local: BucketStore;

  constructor(link: Link, local: BucketStore) {
    this.#link = link;
    this.#local = local;
  }

  take(key: string, rule: BucketRule, tokens: number, context: StoreContext): MaybePromise<BucketTake> {
    return this.#link.take(
      {
        ...step(key, rule, tokens, 'take'),
        read(reply) {
          const [taken, text] = partsOf(reply);
          const left = numberOf(text);
          return taken === 1 ? { taken: true, left, waitMs: 0 } : { taken: false, left, waitMs: waitFor(tokens, left, rule) };
        },
        local: () => this.#local.take(key, rule, tokens, context),
      },
      context,
    );
  }

  give(key: string, rule: BucketRule, tokens: number, context: StoreContext): MaybePromise<void> {
    return this.#link.take(
      {
        ...step(key, rule, tokens, 'give'),
        read: () => {},
        local: () => this.#local.give(key, rule, tokens, context),
      },
      context,
    );
  }
}

function step(
  key: string,
  { capacity, refillPerSecond }: BucketRule,
  tokens: number,
  way: 'take' | 'give',
): Pick<Step<unknown>, 'script' | 'key' | 'args'> {
  return { script: BUCKET, key: `bucket:${key}`, args: [capacity, refillPerSecond, tokens, way] };
}
