import type { MaybePromise, SlotStore, StoreContext } from '../contract/store.ts';
import type { Leases } from './leases.ts';
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

/** ARGV: now, lease, id. */
const RENEW = script(
  'RenewSlot',
  `
if redis.call('ZSCORE', KEYS[1], ARGV[3]) then
  redis.call('ZADD', KEYS[1], text(now + tonumber(ARGV[2])), ARGV[3])
  keep(tonumber(redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2]) - now)
end
return 1
`,
);

/** ARGV: now, id. */
const RELEASE = script('ReleaseSlot', "return redis.call('ZREM', KEYS[1], ARGV[2])\n");

export const SLOT_SCRIPTS: readonly Script[] = [TAKE, RENEW, RELEASE];

export class RedisSlots implements SlotStore {
  readonly #link: Link;
  readonly #local: SlotStore;
  readonly #leases: Leases;
  /** Ids of this process begin with it; those of local slots do not. */
  readonly #process = `${crypto.randomUUID()}/`;
  #count = 0;

  constructor(link: Link, local: SlotStore, leases: Leases) {
    this.#link = link;
    this.#local = local;
    this.#leases = leases;
  }

  take(key: string, limit: number, leaseMs: number, context: StoreContext): MaybePromise<string | undefined> {
    const id = `${this.#process}${(++this.#count).toString(36)}`;
    return this.#link.take(
      {
        script: TAKE,
        key: `slots:${key}`,
        args: [limit, this.#leases.first(leaseMs), id],
        read: (reply) => {
          if (reply !== 1) return undefined;
          this.#leases.hold(id, leaseMs, (ms) => this.#link.tell(RENEW, `slots:${key}`, [ms, id], context));
          return id;
        },
        local: () => this.#local.take(key, limit, leaseMs, context),
        late: () => this.#link.tell(RELEASE, `slots:${key}`, [id], context),
      },
      context,
    );
  }

  release(key: string, slot: string, context: StoreContext): MaybePromise<void> {
    if (!slot.startsWith(this.#process)) return this.#local.release(key, slot, context);
    this.#leases.release(slot);
    return this.#link.take({ script: RELEASE, key: `slots:${key}`, args: [slot], read: () => {}, local: () => {} }, context);
  }
}
