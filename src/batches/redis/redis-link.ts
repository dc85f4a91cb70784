import type { Redis, RedisOptions } from 'ioredis';
import { ConfigurationError } from '../../errors/setup-errors.ts';

/** Where Redis is: a URL, or ioredis' options. */
export type RedisAddress = string | RedisOptions;

const MOST_TRIES = 5;
/** Longer than what Redis does in one step, shorter than for ever. */
const PATIENCE_MS = 10_000;

/** One connection of a batch store, and the names of its keys. */
export class RedisLink {
  readonly #address: RedisAddress;
  readonly #prefix: string;
  #redis: Redis | undefined;

  /** @param prefix of every key; its braces keep a store in one slot of a cluster. */
  constructor(address: RedisAddress, prefix: string) {
    this.#address = address;
    this.#prefix = `{${prefix}}:`;
  }

  async open(): Promise<void> {
    const { Redis } = await import('ioredis').catch((cause: unknown) => missingPackage('ioredis', cause));
    const ours = { maxRetriesPerRequest: MOST_TRIES, commandTimeout: PATIENCE_MS, replyMapping: 'legacy' as const };
    const redis = forgetful(new Redis({ ...optionsOf(this.#address), ...ours }));
    let reason = 'no answer';
    redis.on('error', (error: Error) => {
      reason = (error as NodeJS.ErrnoException).code ?? error.name;
    });
    try {
      await redis.ping();
    } catch (cause) {
      redis.disconnect();
      const message = `bullBatchEngine.connection: Redis can not be reached (${reason})`;
      throw new ConfigurationError({ message, code: 'store_unreachable', param: 'bullBatchEngine.connection', cause });
    }
    this.#redis = redis;
  }

  async close(): Promise<void> {
    const redis = this.#redis;
    this.#redis = undefined;
    await redis?.quit().catch(() => redis.disconnect());
  }

  get redis(): Redis {
    if (this.#redis === undefined) {
      throw new ConfigurationError({ message: 'the store of the batch engine is closed', code: 'store_closed' });
    }
    return this.#redis;
  }

  key(...parts: readonly (string | number)[]): string {
    return this.#prefix + parts.join(':');
  }

  /** A script whose steps happen together. */
  async run(script: string, keys: readonly string[], values: readonly (string | number)[]): Promise<unknown> {
    return this.redis.eval(script, keys.length, ...keys, ...values);
  }
}

interface Sent {
  readonly promise: Promise<unknown>;
}

/** ioredis puts a command that has failed into its error, with everything that it was given: the password, lines of a batch. */
function forgetful(redis: Redis): Redis {
  const send = redis.sendCommand.bind(redis) as (command: Sent, ...rest: unknown[]) => unknown;
  const sendAndForget = (command: Sent, ...rest: unknown[]): unknown => {
    command.promise.catch((error: { command?: unknown } | null) => {
      if (typeof error === 'object' && error !== null) delete error.command;
    });
    return send(command, ...rest);
  };
  return Object.assign(redis, { sendCommand: sendAndForget });
}

/** For a package that the program has not installed. */
export function missingPackage(name: string, cause: unknown): never {
  throw new ConfigurationError({
    message: `bullBatchEngine: the package "${name}" is not installed; npm install bullmq ioredis`,
    code: 'missing_package',
    cause,
  });
}

/** ioredis' options of a URL: host, port, name, password, database, TLS. */
export function optionsOf(address: RedisAddress): RedisOptions {
  if (typeof address !== 'string') return address;
  const { protocol, hostname, port, username, password, pathname } = new URL(address);
  const database = Number(pathname.slice(1));
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? 6379 : Number(port),
    ...(username === '' ? {} : { username: decodeURIComponent(username) }),
    ...(password === '' ? {} : { password: decodeURIComponent(password) }),
    ...(database > 0 ? { db: database } : {}),
    ...(protocol === 'rediss:' ? { tls: {} } : {}),
  };
}
