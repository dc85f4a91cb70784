import type { CooldownStore, MaybePromise, StoreContext } from '../contract/store.ts';
import type { Link } from './link.ts';
import type { Script } from './script.ts';
import { numberOf, script } from './script.ts';

/** ARGV: now, milliseconds. The key holds the moment it is over. */
const START = script(
  'StartCooldown',
  `
local ends, kept = now + tonumber(ARGV[2]), tonumber(redis.call('GET', KEYS[1]))
if ends > (kept or now) then
  redis.call('SET', KEYS[1], text(ends))
  keep(ends - now)
end
return 1
`,
);

const LEFT = script('CooldownLeft', "return text(math.max(0, (tonumber(redis.call('GET', KEYS[1])) or now) - now))\n");

const END = script('EndCooldown', "return redis.call('DEL', KEYS[1])\n");

export const COOLDOWN_SCRIPTS: readonly Script[] = [START, LEFT, END];

/** What this process starts it also remembers itself: it holds on when Redis goes away. */
export class RedisCooldowns implements CooldownStore {
  readonly #link: Link;
  readonly #local: CooldownStore;

  constructor(link: Link, local: CooldownStore) {
    this.#link = link;
    this.#local = local;
  }

  start(key: string, ms: number, context: StoreContext): MaybePromise<void> {
    this.#local.start(key, ms, context);
    return this.#link.take({ script: START, key: `cooldown:${key}`, args: [ms], read: () => {}, local: () => {} }, context);
  }

  left(key: string, context: StoreContext): MaybePromise<number> {
    return this.#link.take(
      { script: LEFT, key: `cooldown:${key}`, args: [], read: numberOf, local: () => this.#local.left(key, context) },
      context,
    );
  }

  end(key: string, context: StoreContext): MaybePromise<void> {
    this.#local.end(key, context);
    return this.#link.take({ script: END, key: `cooldown:${key}`, args: [], read: () => {}, local: () => {} }, context);
  }
}
