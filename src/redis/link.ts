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

interface Outage {
  readonly probeAt: number;
  readonly wait: number;
}

const PROBE: Script = script('Probe', "redis.call('SET', KEYS[1], 'probe', 'PX', 1000)\nreturn 1\n");
const FIRST_WAIT = 250;
const LONGEST_WAIT = 5_000;

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
  #outage: Outage | undefined;
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
    return this.#outage === undefined && !this.#closed;
  }

  take<T>(step: Step<T>, context: StoreContext): MaybePromise<T> {
    if (this.#closed) return step.local();
    if (this.#outage === undefined) return this.#takeThere(step, context);
    this.#probe(this.#outage, context);
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
    this.#opening ??= this.#openings.wait(this.#connection.open()).finally(() => {
      this.#opening = undefined;
      if (this.#closed) this.#connection.drop();
    });
    return this.#opening;
  }

  #lose(error: unknown, context: StoreContext): void {
    this.#epoch++;
    this.#connection.drop();
    this.#outage = { probeAt: this.#clock.now() + FIRST_WAIT, wait: FIRST_WAIT };
    report(context, { type: 'store-degraded', store: 'redis', reason: reasonOf(error) });
  }

  #probe(outage: Outage, context: StoreContext): void {
    if (this.#probing || this.#clock.now() < outage.probeAt) return;
    this.#probing = true;
    this.#reach(context).then(
      () => {
        this.#probing = false;
        this.#outage = undefined;
        if (!this.#closed) report(context, { type: 'store-restored', store: 'redis' });
      },
      () => {
        this.#probing = false;
        this.#connection.drop();
        const wait = Math.min(outage.wait * 2, LONGEST_WAIT);
        this.#outage = { probeAt: this.#clock.now() + wait, wait };
      },
    );
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

/** Codes and our own words only: messages may hold addresses and passwords. */
function reasonOf(error: unknown): string {
  const { code, name, message } = error as { code?: unknown; name?: unknown; message?: unknown };
  if (typeof code === 'string') return code;
  if (typeof message !== 'string') return 'unknown';
  return name === 'ReplyError' ? (/^[A-Z]+/.exec(message)?.[0] ?? 'an error reply') : message;
}
