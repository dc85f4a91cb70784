import type { RedisOptions } from 'ioredis';
import * as z from 'zod/mini';
import { checkOptions } from '../contract/check-options.ts';
import type { Store } from '../contract/store.ts';
import { ConfigurationError } from '../errors/setup-errors.ts';
import { MemoryAnswers } from '../state/memory-answers.ts';
import { MemoryBuckets } from '../state/memory-buckets.ts';
import { MemoryCircuits } from '../state/memory-circuits.ts';
import { MemoryCooldowns } from '../state/memory-cooldowns.ts';
import { MemorySlots } from '../state/memory-slots.ts';
import { MemorySpending } from '../state/memory-spending.ts';
import { systemClock } from '../time/clock.ts';
import type { Connection, RedisClient } from './connection.ts';
import { GivenConnection, OwnConnection } from './connection.ts';
import { Leases } from './leases.ts';
import { LINK_SCRIPTS, Link } from './link.ts';
import { ANSWER_SCRIPTS, RedisAnswers } from './redis-answers.ts';
import { BUCKET_SCRIPTS, RedisBuckets } from './redis-buckets.ts';
import { CIRCUIT_SCRIPTS, RedisCircuits } from './redis-circuits.ts';
import { COOLDOWN_SCRIPTS, RedisCooldowns } from './redis-cooldowns.ts';
import { RedisSlots, SLOT_SCRIPTS } from './redis-slots.ts';
import { RedisSpending, SPENDING_SCRIPTS } from './redis-spending.ts';
import type { Script } from './script.ts';

/** Where Redis is: a client of ioredis, a URL (`redis://…`, `rediss://…`), or the options of a client. */
export type RedisConnection = RedisClient | RedisOptions | string;

/** Names, clocks and time limits of a store in Redis. */
export interface RedisStoreOptions {
  /** Begins every key. Default `holdfast:`. */
  readonly prefix?: string | undefined;
  /**
   * Whose time counts: the Redis server's, on which all machines agree, or the clock of each call, for tests with a fake one.
   * Default `server`.
   */
  readonly time?: 'server' | 'caller' | undefined;
  /** Milliseconds that a step waits for Redis before it is taken in this process. Default 250. */
  readonly commandTimeout?: number | undefined;
  /** Milliseconds that a step waits for a connection to be made. Default 1 000. */
  readonly connectTimeout?: number | undefined;
  /**
   * Milliseconds until the slots and trials of a process that has died are free. While it lives it renews them, three times as often.
   * Default 15 000.
   */
  readonly lease?: number | undefined;
}

const POSITIVE = 'a number of milliseconds > 0';
const positive = z.number(POSITIVE).check(z.gt(0, POSITIVE));

const schema = z.strictObject({
  prefix: z._default(z.string(), 'holdfast:'),
  time: z._default(z.enum(['server', 'caller']), 'server'),
  commandTimeout: z._default(positive, 250),
  connectTimeout: z._default(positive, 1_000),
  lease: z._default(positive, 15_000),
});

const SCRIPTS: readonly Script[] = [
  ...LINK_SCRIPTS,
  ...BUCKET_SCRIPTS,
  ...SLOT_SCRIPTS,
  ...COOLDOWN_SCRIPTS,
  ...SPENDING_SCRIPTS,
  ...ANSWER_SCRIPTS,
  ...CIRCUIT_SCRIPTS,
];

/**
 * State that several processes share: budgets, limits, cooldowns, spending, cached answers and circuits in a Redis (5 or later,
 * or Valkey; a cluster too). Every step is one script, atomic there. While Redis is away every process goes on with state of its
 * own, at once, and says so with `store-degraded` and later `store-restored`: no call fails, none waits longer than a time limit.
 *
 * A client that is given stays the giver's; for a URL or options the store makes a connection at the first call, and `close()`
 * ends it.
 *
 * @throws ConfigurationError when an option is wrong.
 * @example
 * const store = redisStore('redis://localhost:6379');
 * const llm = createClient({ store });
 */
export function redisStore(redis: RedisConnection, options: RedisStoreOptions = {}): Store {
  const settings = checkOptions(schema, options, 'redisStore');
  const link = new Link(connectionTo(redis), settings, systemClock);
  // a clock of the caller's does not run by itself
  const leases = new Leases(settings.time === 'server' ? settings.lease : Number.POSITIVE_INFINITY, systemClock);
  const local = {
    buckets: new MemoryBuckets(),
    slots: new MemorySlots(),
    cooldowns: new MemoryCooldowns(),
    spending: new MemorySpending(),
    answers: new MemoryAnswers(),
    circuits: new MemoryCircuits(),
  };
  return {
    buckets: new RedisBuckets(link, local.buckets),
    slots: new RedisSlots(link, local.slots, leases),
    cooldowns: new RedisCooldowns(link, local.cooldowns),
    spending: new RedisSpending(link, local.spending),
    answers: new RedisAnswers(link, local.answers),
    circuits: new RedisCircuits(link, local.circuits, leases),
    close() {
      link.close();
      leases.clear();
      for (const part of Object.values(local)) part.clear();
    },
  };
}

function connectionTo(redis: RedisConnection): Connection {
  if (typeof redis === 'string' && /^(rediss?:\/\/|\/)/.test(redis)) return new OwnConnection(redis, SCRIPTS);
  if (typeof redis === 'object' && redis !== null) {
    if ('defineCommand' in redis) return new GivenConnection(redis, SCRIPTS);
    return new OwnConnection(redis, SCRIPTS);
  }
  // without the value, which may hold a password
  throw new ConfigurationError({
    message: 'redisStore: expected a client of ioredis, a URL such as "redis://localhost:6379", or the options of a client',
    code: 'wrong_option',
    param: 'redisStore',
  });
}
