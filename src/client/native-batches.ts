import type { BatchCreateParams } from 'openai/resources/batches';
import type { Batch, BatchResultLine, ListPage, PageQuery } from '../contract/batches.ts';
import type { CallOptions, OperationName, RequestOf, ResultOf, Target } from '../contract/call.ts';
import type { BatchRequestLine } from '../contract/native-batches.ts';
import type { ProviderOptions } from '../contract/provider-options.ts';
import { AbortError } from '../errors/wire-errors.ts';
import { sleep } from '../time/clock.ts';
import { wrongInput } from './call-input.ts';
import type { CallRunner } from './call-runner.ts';
import type { BatchRequests } from './run-steps.ts';
import type { Targets } from './targets.ts';

/** A batch for a provider's own batch API. */
export interface NativeBatchOrder {
  /** Whose API. */
  readonly provider: string;
  /** What the requests are for, as OpenAI writes it: `/v1/chat/completions`. */
  readonly endpoint: string;
  /** Model of the requests that name none, with or without the provider's prefix; of all where the batch is made of a file that names none. */
  readonly model?: string | undefined;
  /** A file that the provider has, by `files.create({ provider, purpose: 'batch', file })`. Instead of `requests`. */
  readonly input_file_id?: string | undefined;
  /** The requests themselves: they are uploaded as a file, or sent line by line, as the provider wants it. Instead of `input_file_id`. */
  readonly requests?: BatchRequests | undefined;
  /** Default the provider's own, mostly `24h`. */
  readonly completion_window?: string | undefined;
  readonly metadata?: BatchCreateParams['metadata'] | undefined;
  readonly output_expires_after?: BatchCreateParams['output_expires_after'] | undefined;
  /** Fields of the provider's own order, by provider. */
  readonly providerOptions?: ProviderOptions | undefined;
}

/** Whose batch or file it is, and how it is asked for. */
export interface NativeOptions extends CallOptions {
  readonly provider: string;
}

/** Of the engine: nothing. Of a provider: which, and how it is asked. */
export type EngineOrNative = { readonly provider?: undefined } | NativeOptions;

/** How the end of a batch is waited for. */
export interface PollOptions {
  /** Milliseconds until a batch is asked about for the second time; each further wait is half as long again. Default 5 000. */
  readonly minPoll?: number | undefined;
  /** The longest wait between two questions, in milliseconds. Default 60 000, which is what Azure asks for. */
  readonly maxPoll?: number | undefined;
}

const MIN_POLL_MS = 5_000;
const MAX_POLL_MS = 60_000;
const GROWTH = 1.5;
const FINAL: ReadonlySet<string> = new Set(['completed', 'failed', 'expired', 'cancelled'] satisfies Batch['status'][]);

/** One call that concerns a provider and none of its models. */
export async function askProvider<K extends OperationName>(
  runner: CallRunner,
  operation: K,
  request: RequestOf<K>,
  { provider, ...options }: NativeOptions,
): Promise<ResultOf<K>> {
  return runner.resultOf((targets) => ({ operation, request, target: targets.provider(named(provider), 'provider') }), options);
}

/** Batches of providers that have an API for them. */
export class NativeBatches {
  readonly #runner: CallRunner;

  constructor(runner: CallRunner) {
    this.#runner = runner;
  }

  async create({ provider, requests, model, ...order }: NativeBatchOrder, options?: CallOptions): Promise<Batch> {
    if ((requests === undefined) === (order.input_file_id === undefined)) {
      throw wrongInput('batches.create', '"input_file_id" or "requests", and not both');
    }
    if (model !== undefined && (typeof model !== 'string' || model === ''))
      throw wrongInput('model', 'the name of a model', model);
    if (typeof order.endpoint !== 'string') throw wrongInput('endpoint', 'a path such as "/v1/chat/completions"', order.endpoint);
    const given = requests === undefined ? undefined : await gathered(requests, order.endpoint);
    const request: { -readonly [K in keyof RequestOf<'createBatch'>]: RequestOf<'createBatch'>[K] } = { ...order };
    const target = (targets: Targets): Target => {
      const bare = targets.provider(named(provider), 'provider');
      const nameOf = (full: string): string => withoutPrefix(full, bare, targets);
      const shared = model === undefined ? undefined : nameOf(model);
      request.lines = given?.map((line) => ({ ...line, body: withModel(line.body, shared, nameOf) }));
      return shared === undefined ? bare : targets.resolve(`${bare.provider}/${shared}`);
    };
    return this.#runner.resultOf((targets) => ({ operation: 'createBatch', request, target: target(targets) }), options);
  }

  async retrieve(id: string, options: NativeOptions): Promise<Batch> {
    return askProvider(this.#runner, 'retrieveBatch', { id: checkedId(id, 'a batch') }, options);
  }

  list(query: PageQuery, options: NativeOptions): Promise<ListPage<Batch>> {
    return askProvider(this.#runner, 'listBatches', query, options);
  }

  async cancel(id: string, options: NativeOptions): Promise<Batch> {
    return askProvider(this.#runner, 'cancelBatch', { id: checkedId(id, 'a batch') }, options);
  }

  /** Waits for the end of the batch. */
  async ended(id: string, options: NativeOptions & PollOptions, seen: (batch: Batch) => void = () => {}): Promise<Batch> {
    const { minPoll = MIN_POLL_MS, maxPoll = MAX_POLL_MS, ...how } = options;
    const { clock } = this.#runner;
    for (let wait = minPoll; ; wait = Math.min(maxPoll, wait * GROWTH)) {
      const batch = await this.retrieve(id, how);
      seen(batch);
      if (FINAL.has(batch.status)) return batch;
      await sleep(clock, wait, how.signal ?? undefined).catch((reason: unknown) => {
        throw new AbortError({ message: 'the wait for the batch was aborted', provider: how.provider, cause: reason });
      });
    }
  }

  /** Every line of a batch that has ended, as it comes from the provider. */
  async *resultsOf(batch: Batch, options: NativeOptions): AsyncGenerator<BatchResultLine, undefined> {
    const files = [batch.output_file_id, batch.error_file_id].filter((file): file is string => typeof file === 'string');
    for (const file of files.length === 0 ? [null] : new Set(files)) {
      const records = await askProvider(this.#runner, 'batchResults', { batch, file }, options);
      for await (const read of records) yield await read();
    }
    options.signal?.throwIfAborted();
    return undefined;
  }

  /** Waits for the end of the batch, then reads its lines. */
  async *results(id: string, options: NativeOptions & PollOptions): AsyncGenerator<BatchResultLine, undefined> {
    const { minPoll: _min, maxPoll: _max, ...how } = options;
    return yield* this.resultsOf(await this.ended(id, options), how);
  }
}

export function checkedId(id: unknown, what: 'a batch' | 'a file'): string {
  if (typeof id === 'string' && id !== '') return id;
  throw wrongInput('id', `the id of ${what}`, id === '' ? undefined : id);
}

function named(provider: unknown): string {
  if (typeof provider === 'string' && provider !== '') return provider;
  throw wrongInput('provider', 'a provider id such as "openai"', provider === '' ? undefined : provider);
}

const isIterable = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && (Symbol.iterator in value || Symbol.asyncIterator in value);

/** Requests as lines. What is wrong in them is told with their line, by the check that all lines go through. */
async function gathered(requests: BatchRequests, url: string): Promise<BatchRequestLine[]> {
  const lines: BatchRequestLine[] = [];
  if (!isIterable(requests)) throw wrongInput('requests', 'an array or an iterable of requests', requests);
  for await (const request of requests) {
    if (typeof request !== 'object' || request === null)
      throw wrongInput(`requests[${lines.length}]`, 'an object with "body"', request);
    lines.push({ method: 'POST', url, ...request, custom_id: request.custom_id ?? `request-${lines.length + 1}` });
  }
  return lines;
}

function withModel(body: unknown, shared: string | undefined, nameOf: (model: string) => string): unknown {
  if (typeof body !== 'object' || body === null) return body;
  const { model } = body as { readonly model?: unknown };
  if (model === undefined || model === null) return shared === undefined ? body : { ...body, model: shared };
  return typeof model === 'string' ? { ...body, model: nameOf(model) } : body;
}

/** A model's name without the provider's id or one of its aliases before it. */
function withoutPrefix(model: string, { provider }: Target, targets: Targets): string {
  const slash = model.indexOf('/');
  if (slash <= 0) return model;
  try {
    return targets.provider(model.slice(0, slash), 'model').provider === provider ? model.slice(slash + 1) : model;
  } catch {
    return model; // the first part belongs to the name, as in `meta-llama/Llama-3.3-70B`
  }
}
