import type { MaybePromise, SlotStore, StoreContext } from '../contract/store.ts';
import type { Link } from './link.ts';
import type { Script } from './script.ts';
import { script } from './script.ts';

/** ARGV: now, limit, lease, id. A sorted set of ids by the end of their leases. */
const TAKE = script(
  'TakeSlot',
  `
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', text(now))
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[2]) then return 0 end
redis.call('ZADD', KEYS[1], text(now + tonumber(ARGV[3])), ARGV[4])
keep(tonumber(redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2]) - now)
return 1
`,
);

/** ARGV: now, id. */
const RELEASE = script('ReleaseSlot', "return redis.call('ZREM', KEYS[1], ARGV[2])\n");

export const SLOT_SCRIPTS: readonly Script[] = [TAKE, RELEASE];

export class RedisSlots implements SlotStore {
  readonly #link: Link;
  readonly #local: SlotStore;
  /** Ids of this process begin with it; those of local slots do not. */
  readonly #process = `${crypto.randomUUID()}/`;
  #count = 0;

  constructor(link: Link, local: SlotStore) {
    this.#link = link;
    this.#local = local;
  }

  take(key: string, limit: number, leaseMs: number, context: StoreContext): MaybePromise<string | undefined> {
    const id = `${this.#process}${(++this.#count).toString(36)}`;
    return this.#link.take(
      {
        script: TAKE,
        key: `slots:${key}`,
        args: [limit, leaseMs, id],
        read: (reply) => (reply === 1 ? id : undefined),
        local: () => this.#local.take(key, limit, leaseMs, context),
        late: () => this.#link.tell(RELEASE, `slots:${key}`, [id], context),
      },
      context,
    );
  }

  release(key: string, slot: string, context: StoreContext): MaybePromise<void> {
    if (!slot.startsWith(this.#process)) return this.#local.release(key, slot, context);
    return this.#link.take({ script: RELEASE, key: `slots:${key}`, args: [slot], read: () => {}, local: () => {} }, context);
  }
}
