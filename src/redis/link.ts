import type { MaybePromise, StoreContext } from '../contract/store.ts';
import type { Clock } from '../time/clock.ts';
import type { Connection, RedisClient } from './connection.ts';
import { ReplyLimit } from './reply-limit.ts';
import type { Script } from './script.ts';
import { script } from './script.ts';

export interface LinkOptions {
  readonly prefix: string;
  readonly time: 'server' | 'caller';
  readonly commandTimeout: number;
  readonly connectTimeout: number;
}

/** One step, as it is taken over there and, when that is out of reach, here. */
export interface Step<T> {
  readonly script: Script;
  readonly key: string;
  readonly args: readonly (string | number)[];
  read(reply: unknown): T;
  local(): MaybePromise<T>;
  /** Undoes what a reply has taken that came when nobody waited for it any more. */
  late?(reply: unknown): void;
}

const PROBE: Script = script('Probe', "redis.call('SET', KEYS[1], 'probe', 'PX', 1000)\nreturn 1\n");
const FIRST_WAIT = 250;
const LONGEST_WAIT = 5_000;
/** An outage sooner than this after the last one goes on where that one ended. */
const CALM = 60_000;

export const LINK_SCRIPTS: readonly Script[] = [PROBE];

/**
 * Takes steps in Redis while it answers, and in this process while it does not. Who finds it away says so, once; later calls probe
 * for it in passing, at growing intervals, and the first to be answered says that it is back.
 */
export class Link {
  readonly #connection: Connection;
  readonly #options: LinkOptions;
  readonly #clock: Clock;
  readonly #replies: ReplyLimit;
  readonly #openings: ReplyLimit;
  #opening: Promise<RedisClient> | undefined;
  /** When Redis is to be looked for; `undefined` while it answers. */
  #probeAt: number | undefined;
  #wait = 0;
  #restoredAt = Number.NEGATIVE_INFINITY;
  #probing = false;
  #closed = false;
  /** Grows with every outage: what was sent before one says nothing about the next. */
  #epoch = 0;

  /** @param clock real time: the limits hold for a real server, whatever clock the calls go by. */
  constructor(connection: Connection, options: LinkOptions, clock: Clock) {
    this.#connection = connection;
    this.#options = options;
    this.#clock = clock;
    this.#replies = new ReplyLimit(options.commandTimeout, clock);
    this.#openings = new ReplyLimit(options.connectTimeout, clock);
  }

  /** Whether steps are taken in Redis, as far as is known. */
  get shared(): boolean {
    return this.#probeAt === undefined && !this.#closed;
  }

  take<T>(step: Step<T>, context: StoreContext): MaybePromise<T> {
    if (this.#closed) return step.local();
    if (this.#probeAt === undefined) return this.#takeThere(step, context);
    if (this.#clock.now() >= this.#probeAt) this.#probe(context);
    return step.local();
  }

  /** A step whose end nobody waits for. Lost where Redis is away. */
  tell(script: Script, key: string, args: Step<unknown>['args'], context: StoreContext): void {
    const client = this.#connection.ready();
    if (client !== undefined) this.#send(client, script, key, args, context).catch(() => {});
  }

  close(): void {
    this.#closed = true;
    this.#connection.drop();
  }

  async #takeThere<T>(step: Step<T>, context: StoreContext): Promise<T> {
    const epoch = this.#epoch;
    try {
      const client = this.#connection.ready() ?? (await this.#open());
      const reply = this.#send(client, step.script, step.key, step.args, context);
      return step.read(await this.#replies.wait(reply, step.late));
    } catch (error) {
      if (epoch === this.#epoch && !this.#closed) this.#lose(error, context);
      return step.local();
    }
  }

  #send(
    client: RedisClient,
    { name }: Script,
    key: string,
    args: Step<unknown>['args'],
    context: StoreContext,
  ): Promise<unknown> {
    const { prefix, time } = this.#options;
    const now = time === 'caller' ? context.clock.now() : '';
    return (client as unknown as Record<string, Command>)[name]?.(prefix + key, now, ...args) ?? Promise.reject(new Error(name));
  }

  #open(): Promise<RedisClient> {
    const dropIfClosed = (): void => {
      if (this.#closed) this.#connection.drop();
    };
    this.#opening ??= this.#openings.wait(this.#connection.open(), dropIfClosed).finally(() => {
      this.#opening = undefined;
      dropIfClosed();
    });
    return this.#opening;
  }

  #lose(error: unknown, context: StoreContext): void {
    this.#epoch++;
    this.#connection.drop();
    if (this.#clock.now() - this.#restoredAt > CALM) this.#wait = 0;
    this.#probeLater();
    report(context, { type: 'store-degraded', store: 'redis', reason: reasonOf(error) });
  }

  #probe(context: StoreContext): void {
    if (this.#probing) return;
    this.#probing = true;
    this.#reach(context).then(
      () => {
        this.#probing = false;
        this.#probeAt = undefined;
        this.#restoredAt = this.#clock.now();
        if (!this.#closed) report(context, { type: 'store-restored', store: 'redis' });
      },
      () => {
        this.#probing = false;
        this.#connection.drop();
        this.#probeLater();
      },
    );
  }

  #probeLater(): void {
    this.#wait = Math.min(Math.max(FIRST_WAIT, this.#wait * 2), LONGEST_WAIT);
    this.#probeAt = this.#clock.now() + this.#wait;
  }

  async #reach(context: StoreContext): Promise<void> {
    const client = this.#connection.ready() ?? (await this.#open());
    await this.#replies.wait(this.#send(client, PROBE, 'probe', [], context));
  }
}

type Command = (key: string, ...args: readonly (string | number)[]) => Promise<unknown>;

/** State goes on whatever a listener does. */
function report({ report }: StoreContext, event: Parameters<StoreContext['report']>[0]): void {
  try {
    report(event);
  } catch {}
}

/** Codes, and texts that are fixed: what a server or the network says may hold an address or a password. */
function reasonOf(error: unknown): string {
  const { code, name, message } = error as { code?: unknown; name?: unknown; message?: unknown };
  if (typeof code === 'string') return code;
  if (typeof message !== 'string') return 'unknown';
  return name === 'ReplyError' ? (/^[A-Z]+/.exec(message)?.[0] ?? 'an error reply') : message;
}
