import type { ModelOverrides } from '../catalogue/catalogue.ts';
import type { BatchHost } from '../contract/batches.ts';
import { linkBatches } from '../contract/batches.ts';
import type { Catalogue } from '../contract/catalogue.ts';
import type { ClientEventName, ClientEventOf } from '../contract/events.ts';
import { headerEntries } from '../contract/headers.ts';
import { lazily } from '../contract/lazily.ts';
import type { MediaSource } from '../contract/media.ts';
import type { Middleware } from '../contract/middleware.ts';
import type { MaybePromise } from '../contract/store.ts';
import type { Transport } from '../contract/wire.ts';
import { isLLMError } from '../errors/catalogue.ts';
import { circuitBreaker } from '../middleware/circuit-breaker.ts';
import { fallback } from '../middleware/fallback.ts';
import { retry } from '../middleware/retry.ts';
import { timeout } from '../middleware/timeout.ts';
import { logEvents } from '../observe/log-events.ts';
import { memoryStore } from '../state/memory-store.ts';
import type { Clock } from '../time/clock.ts';
import { systemClock } from '../time/clock.ts';
import { DeadlineList } from '../time/deadline-list.ts';
import { nextTurn } from '../time/turn.ts';
import { fetchTransport } from '../wire/fetch-transport.ts';
import { Batches } from './batches.ts';
import type { CallEnvironment } from './call-runner.ts';
import { CallRunner } from './call-runner.ts';
import { clientClock } from './client-clock.ts';
import type { ClientOptions } from './client-options.ts';
import { checkClientOptions, checkListener } from './client-options.ts';
import { ChatCompletions } from './completions.ts';
import { createDispatch } from './dispatch.ts';
import { Embeddings } from './embeddings.ts';
import { Files } from './files.ts';
import { Listeners } from './listeners.ts';
import { Models } from './models.ts';
import { compose, engage, release } from './pipeline.ts';
import { Providers } from './providers.ts';
import { Rerank } from './rerank.ts';
import { Targets } from './targets.ts';
import { TextCompletions } from './text-completions.ts';

/** One typed client for every provider. Made by {@link createClient}. */
export interface LLMClient extends AsyncDisposable {
  readonly chat: { readonly completions: ChatCompletions };
  /** Legacy text completions. */
  readonly completions: TextCompletions;
  readonly embeddings: Embeddings;
  /** Documents in the order of their relevance to a query. */
  readonly rerank: Rerank;
  readonly models: Models;
  /** Files of the batch engine that the client was given, or of a provider. */
  readonly files: Files;
  /** Batches of that engine, for any provider, or of a provider's own API. */
  readonly batches: Batches;
  /** Listens to an event; the returned function takes the listener off. A listener that throws changes nothing. */
  on<N extends ClientEventName>(name: N, listener: (event: ClientEventOf<N>) => void): () => void;
  /**
   * Frees sockets, timers and state. Later calls reject with `ConfigurationError`. May be called more than once. What a layer, store,
   * transport or batch engine throws at its end is thrown when everything else is freed too.
   */
  close(): Promise<void>;
}

const MAX_RESPONSE_BYTES = 64 * 1024 * 1024;
const MAX_ATTEMPTS = 8;

const defaultLayers = (): Middleware[] => [fallback([]), retry(), circuitBreaker(), timeout()];

/**
 * Makes a client. Nothing is loaded or opened before the first call.
 *
 * @throws ConfigurationError naming every wrong option and what was expected.
 *
 * @example
 * const llm = createClient({ use: [fallback(['anthropic/claude-sonnet-4-5', 'openai/gpt-5-mini']), retry()] });
 * const reply = await llm.chat.completions.create({ model: 'anthropic/claude-sonnet-4-5', messages });
 */
export function createClient(options: ClientOptions = {}): LLMClient {
  checkClientOptions(options);
  const time = options.clock ?? systemClock;
  const clock = clientClock(time);
  const deadlines = new DeadlineList(time);
  const listeners = new Listeners();
  if (options.logger !== undefined) listeners.addAll(logEvents(options.logger));
  if (options.on !== undefined) listeners.addAll(options.on);
  const transport = lazyTransport(options);
  const providers = new Providers(options.providers ?? {}, options.defaultProvider, {
    transport: transport.get,
    deadlines,
    clock,
    maxResponseBytes: options.maxResponseBytes ?? MAX_RESPONSE_BYTES,
    headers: headerEntries(options.headers ?? {}),
    sendCorrelationId: options.sendCorrelationId ?? false,
  });
  const targets = new Targets(providers);
  const store = options.store ?? memoryStore();
  const layers = options.use === undefined ? defaultLayers() : [...options.use];
  const environment: { -readonly [K in keyof CallEnvironment]: CallEnvironment[K] } = {
    clock,
    deadlines,
    listeners,
    targets,
    pipeline: compose(layers, createDispatch(providers)),
    maxAttempts: options.maxAttempts ?? MAX_ATTEMPTS,
    deadline: options.deadline ?? Number.POSITIVE_INFINITY,
    unsupportedParams: options.unsupportedParams,
    idempotencyKeys: options.idempotencyKeys ?? false,
    store,
    prefill: async (call) => (await providers.get(call.target.provider)).prefill?.(call),
    catalogue: lazyCatalogue(options.catalogue?.read(targets.resolve)),
    media: options.media?.download === true ? lazyMedia(clock) : undefined,
    closed: false,
  };
  const runner = new CallRunner(environment);
  engage(layers);

  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    environment.closed = true;
    closing ??= everyStep([
      () => options.batches?.close(),
      () => providers.close(),
      ...layers.map((layer) => () => release(layer, clock, options.store)),
      () => (options.store === undefined ? store.close() : undefined),
      () => deadlines.close(),
      () => clock.close(),
      () => transport.close(),
      () => nextTurn(), // what has been ended tells its end
    ]);
    return closing;
  };

  const client: LLMClient = {
    chat: { completions: new ChatCompletions(runner) },
    completions: new TextCompletions(runner),
    embeddings: new Embeddings(runner),
    rerank: new Rerank(runner),
    models: new Models(runner, providers.defaultProvider),
    files: new Files(options.batches, runner),
    batches: new Batches(options.batches, runner),
    on(name, listener) {
      checkListener(name, listener);
      return listeners.add(name, listener as never);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
  const host = batchHost(client, environment);
  linkBatches(client, { engine: options.batches, host });
  options.batches?.start(host);
  return client;
}

/** Takes all steps, also those after one that fails. Throws what failed first. */
async function everyStep(steps: readonly (() => MaybePromise<void>)[]): Promise<void> {
  const failures: unknown[] = [];
  for (const step of steps) {
    try {
      await step();
    } catch (failure) {
      failures.push(failure);
    }
  }
  if (failures.length > 0) throw failures[0];
}

function batchHost(client: LLMClient, { clock, targets }: CallEnvironment): BatchHost {
  const names = new Map<string, string>();
  return {
    clock,
    names,
    async run(line) {
      const { runBatchLine } = await import('./batch-host.ts');
      const model = String(line.body.model);
      return runBatchLine(client, line, names.get(model) ?? model);
    },
    refuses(model) {
      try {
        targets.resolve(names.get(model) ?? model);
        return undefined;
      } catch (error) {
        return isLLMError(error) ? error.reason : String(error);
      }
    },
  };
}

interface LazyTransport {
  get(): Transport | Promise<Transport>;
  close(): Promise<void>;
}

function lazyTransport({ transport, fetch }: ClientOptions): LazyTransport {
  const given = transport ?? (fetch === undefined ? undefined : fetchTransport(fetch));
  if (given !== undefined) return { get: () => given, close: () => given.close() };
  let made: MaybePromise<Transport> | undefined;
  const own = lazily(async () => (await import('#default-transport')).createDefaultTransport());
  return {
    get() {
      made = own();
      return made;
    },
    async close() {
      await (await made)?.close();
    },
  };
}

function lazyCatalogue(own: ModelOverrides | undefined): () => MaybePromise<Catalogue> {
  return lazily(async () => (await import('../catalogue/catalogue.ts')).createCatalogue(own));
}

function lazyMedia(clock: Clock): MediaSource {
  const source = lazily(async () => (await import('../wire/media.ts')).createMediaSource({ clock }));
  return async (url, signal) => (await source())(url, signal);
}
