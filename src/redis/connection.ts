import type { Redis, RedisOptions } from 'ioredis';
import type { Script } from './script.ts';

/** What the store needs of a client of ioredis: a `Redis` or a `Cluster` of version 5 or later. */
export interface RedisClient {
  readonly status: string;
  connect(): Promise<void>;
  defineCommand(name: string, definition: { readonly lua: string; readonly numberOfKeys?: number }): void;
  on(event: 'ready' | 'close', listener: () => void): unknown;
  off(event: 'ready' | 'close', listener: () => void): unknown;
}

/** A way to Redis that may be open or not. */
export interface Connection {
  /** The client while it can be spoken to. */
  ready(): RedisClient | undefined;
  /** Tries once to get there. */
  open(): Promise<RedisClient>;
  /** Lets go of a connection that does not answer. */
  drop(): void;
}

/** No queues, no retries of its own: the store goes on locally and tries again when it is asked. */
const OURS = {
  lazyConnect: true,
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  retryStrategy: () => null,
  replyMapping: 'legacy' as const,
};

/** A connection of the store's own: made when it is needed, never by a timer. */
export class OwnConnection implements Connection {
  readonly #where: RedisOptions | string;
  readonly #scripts: readonly Script[];
  #client: Redis | undefined;
  #cause: Error | undefined;

  constructor(where: RedisOptions | string, scripts: readonly Script[]) {
    this.#where = where;
    this.#scripts = scripts;
  }

  ready(): Redis | undefined {
    return this.#client?.status === 'ready' ? this.#client : undefined;
  }

  async open(): Promise<Redis> {
    this.drop();
    const { Redis } = await import('ioredis').catch(() => {
      throw new Error('the package ioredis is not installed');
    });
    const client = typeof this.#where === 'string' ? new Redis(this.#where, OURS) : new Redis({ ...this.#where, ...OURS });
    this.#client = client;
    this.#cause = undefined;
    client.on('error', (error: Error) => {
      this.#cause = error;
    });
    define(client, this.#scripts);
    try {
      await client.connect();
    } catch (error) {
      throw this.#cause ?? error;
    }
    return client;
  }

  drop(): void {
    this.#client?.disconnect();
    this.#client = undefined;
  }
}

/** A client of the user's, who also opens and closes it. */
export class GivenConnection implements Connection {
  readonly #client: RedisClient;

  constructor(client: RedisClient, scripts: readonly Script[]) {
    this.#client = client;
    define(client, scripts);
  }

  ready(): RedisClient | undefined {
    return this.#client.status === 'ready' ? this.#client : undefined;
  }

  async open(): Promise<RedisClient> {
    const client = this.#client;
    if (client.status === 'wait') await client.connect();
    else if (client.status === 'connecting' || client.status === 'connect') await untilReady(client);
    if (client.status !== 'ready') throw new Error('the client is not connected');
    return client;
  }

  drop(): void {}
}

function define(client: RedisClient, scripts: readonly Script[]): void {
  for (const { name, lua } of scripts) client.defineCommand(name, { numberOfKeys: 1, lua });
}

function untilReady(client: RedisClient): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      client.off('ready', done);
      client.off('close', done);
      resolve();
    };
    client.on('ready', done);
    client.on('close', done);
  });
}
