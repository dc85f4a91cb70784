import * as z from 'zod/mini';
import type { BatchEngine } from '../contract/batches.ts';
import { callback, checkOptions, storeOption } from '../contract/check-options.ts';
import type { ClientEventListeners, ClientEventName } from '../contract/events.ts';
import type { HeadersLike } from '../contract/headers.ts';
import type { Middleware } from '../contract/middleware.ts';
import { isPool } from '../contract/pool.ts';
import { headersOption, limitOption, settingsOption } from '../contract/provider-settings.ts';
import type { Store } from '../contract/store.ts';
import type { Transport } from '../contract/wire.ts';
import { ConfigurationError } from '../errors/setup-errors.ts';
import type { Logger } from '../observe/log-events.ts';
import type { Clock } from '../time/clock.ts';
import type { OwnModels } from './model-facts.ts';
import type { ProviderEntry } from './providers.ts';
import { isMade } from './providers.ts';

/** What `createClient` accepts. Everything may be left out: keys and addresses then come from the environment. */
export interface ClientOptions {
  /**
   * Settings by provider id (`{ anthropic: { apiKey: '…' } }`), or under a name of your own: a provider
   * (`{ mine: openaiCompatible({ baseURL, apiKey }) }` gives `mine/<model>`), another instance of a built-in one
   * (`providerInstance('azure', { … })`), or several that share the calls (`pool(['azure_eu', 'azure_us'])`).
   */
  readonly providers?: Readonly<Record<string, ProviderEntry | undefined>> | undefined;
  /**
   * The layers around every call; first listed is outermost. Default: `fallback([])`, `retry()`, `circuitBreaker()`,
   * `timeout()`. `[]` means none.
   */
  readonly use?: readonly Middleware[] | undefined;
  /** Provider of model strings without a `/`. */
  readonly defaultProvider?: string | undefined;
  /** Milliseconds for a whole call, over all attempts, waits and fallbacks. Default: none. */
  readonly deadline?: number | undefined;
  /** How bytes travel: a `fetch` of your own. Not together with `transport`. */
  readonly fetch?: typeof globalThis.fetch | undefined;
  /** How bytes travel: a transport, for example `undiciTransport({ connections: 16 })`. The client closes it when it is closed. */
  readonly transport?: Transport | undefined;
  /** Extra headers of every request. `null` takes one of the library's own off. */
  readonly headers?: HeadersLike | undefined;
  /** Gets a line per event; pino and `console` fit. Never holds prompts or keys. */
  readonly logger?: Logger | undefined;
  /** Event listeners, by event name. */
  readonly on?: ClientEventListeners | undefined;
  /** Bytes of a whole answer before it is refused. Default 64 MiB. */
  readonly maxResponseBytes?: number | undefined;
  /** Attempts in one call, over all targets. Default 8. */
  readonly maxAttempts?: number | undefined;
  /**
   * `{ download: true }` lets providers that need bytes fetch `http(s)` images: public addresses only, size-capped.
   * Default: such images are an error that suggests a data URI.
   */
  readonly media?: { readonly download?: boolean | undefined } | undefined;
  /** What happens to parameters that a provider lacks. Default `error`. */
  readonly unsupportedParams?: 'error' | 'drop' | undefined;
  /**
   * Gives every call that has no `idempotencyKey` a random one, for gateways and servers of your own that know the header. The large
   * vendors promise nothing for it. Default `false`.
   */
  readonly idempotencyKeys?: boolean | undefined;
  /** Sends each call's correlation id to the provider as `X-Correlation-ID`. Default `false`. */
  readonly sendCorrelationId?: boolean | undefined;
  /**
   * What layers remember between calls. Default: a `memoryStore()` of the client's own, which ends with it; one that is given is
   * not closed.
   */
  readonly store?: Store | undefined;
  /** Runs `llm.batches` and keeps `llm.files`: an engine, as `batchEngine()` of `holdfast/batches` makes them. Closed with the client. */
  readonly batches?: BatchEngine | undefined;
  /** Facts of models that the library does not know or knows otherwise: `modelFacts({ … })`. */
  readonly catalogue?: OwnModels | undefined;
  /** Drives every wait; `fakeClock()` of `holdfast/testing` in tests. */
  readonly clock?: Clock | undefined;
  /** Allows keys in a browser, where every visitor can read them. Default `false`. */
  readonly dangerouslyAllowBrowser?: boolean | undefined;
}

const EVENT_NAMES = [
  'call-started',
  'attempt-started',
  'attempt-ended',
  'waiting',
  'skipped',
  'fallback',
  'stream-committed',
  'breaker-changed',
  'budget-empty',
  'cooldown',
  'hedge',
  'resumed',
  'cache-hit',
  'store-degraded',
  'store-restored',
  'deadline',
  'warning',
  'call-ended',
] as const satisfies readonly ClientEventName[];

const isEventName = (name: string): name is ClientEventName => (EVENT_NAMES as readonly string[]).includes(name);

const object = <T>(what: string, ...methods: string[]): z.ZodMiniType<T> =>
  z.custom<T>(
    (value) =>
      typeof value === 'object' && value !== null && methods.every((name) => typeof Reflect.get(value, name) === 'function'),
    what,
  );

const POSITIVE_COUNT = 'a whole number ≥ 1';
const positiveCount = z.int(POSITIVE_COUNT).check(z.gte(1, POSITIVE_COUNT));

const entry = z.union([z.custom((value) => isMade(value) || isPool(value), 'a provider'), settingsOption]);

const listeners = z.strictObject(
  Object.fromEntries(EVENT_NAMES.map((name) => [name, z.optional(callback<(event: never) => void>())])),
);

const schema = z.strictObject({
  providers: z.optional(z.record(z.string(), z.optional(entry))),
  use: z.optional(z.array(callback<Middleware>())),
  defaultProvider: z.optional(z.string('a provider id such as "openai"').check(z.minLength(1, 'a provider id such as "openai"'))),
  deadline: z.optional(limitOption),
  fetch: z.optional(callback<typeof globalThis.fetch>()),
  transport: z.optional(object<Transport>('a transport, as undiciTransport() makes them', 'dispatch', 'close')),
  headers: z.optional(headersOption),
  logger: z.optional(object<Logger>('an object with debug, info, warn and error', 'debug', 'info', 'warn', 'error')),
  on: z.optional(listeners),
  maxResponseBytes: z.optional(positiveCount),
  maxAttempts: z.optional(positiveCount),
  media: z.optional(z.strictObject({ download: z.optional(z.boolean()) })),
  unsupportedParams: z.optional(z.enum(['error', 'drop'])),
  idempotencyKeys: z.optional(z.boolean()),
  sendCorrelationId: z.optional(z.boolean()),
  store: z.optional(storeOption),
  batches: z.optional(object<BatchEngine>('an engine, as batchEngine() of holdfast/batches makes them', 'start', 'close')),
  catalogue: z.optional(object<OwnModels>('facts, as modelFacts() makes them', 'read')),
  clock: z.optional(object<Clock>('a clock, as fakeClock() of holdfast/testing makes them', 'now', 'random', 'timer')),
  dangerouslyAllowBrowser: z.optional(z.boolean()),
});

/** @throws ConfigurationError naming every wrong option. */
export function checkClientOptions(options: ClientOptions): void {
  checkOptions(schema, options, 'createClient');
  if (options.fetch !== undefined && options.transport !== undefined) {
    throw new ConfigurationError({
      message: 'createClient.transport: give either fetch or transport, not both',
      code: 'wrong_option',
      param: 'createClient.transport',
    });
  }
  if (options.dangerouslyAllowBrowser !== true && runsInBrowser()) {
    throw new ConfigurationError({
      message:
        'this is a browser, where every visitor can read your API keys; call the providers from a server, or set dangerouslyAllowBrowser: true if the keys are the visitor’s own',
      code: 'browser',
      param: 'createClient.dangerouslyAllowBrowser',
    });
  }
}

/** @throws ConfigurationError for a name that no event has. */
export function checkListener(name: string, listener: unknown): void {
  if (isEventName(name)) checkOptions(callback(), listener, `on(${JSON.stringify(name)})`);
  else checkOptions(listeners, { [name]: listener }, 'on');
}

function runsInBrowser(): boolean {
  const { window, document, navigator } = globalThis as {
    window?: { document?: unknown };
    document?: unknown;
    navigator?: unknown;
  };
  return window?.document !== undefined && document !== undefined && navigator !== undefined;
}
