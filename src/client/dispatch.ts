import { answerOf } from '../contract/answer.ts';
import type { Call, OperationName, ResultOf } from '../contract/call.ts';
import type { Operation } from '../contract/codec.ts';
import type { Next } from '../contract/middleware.ts';
import type { Provider } from '../contract/provider.ts';
import type { MaybePromise } from '../contract/store.ts';
import { ChunkStream } from '../contract/stream.ts';
import type { Attempt } from '../errors/attempt.ts';
import type { LLMError } from '../errors/catalogue.ts';
import { isLLMError } from '../errors/catalogue.ts';
import { ConfigurationError, UnsupportedOperationError } from '../errors/setup-errors.ts';
import { TimeoutError } from '../errors/wire-errors.ts';
import type { AnswerMarks } from './attempt-records.ts';
import { aborted, letGo } from './attempt-records.ts';
import { Ledger } from './ledger.ts';
import { promised } from './pipeline.ts';
import type { Providers } from './providers.ts';
import { closedUnder } from './providers.ts';
import { usageOf } from './route.ts';

const OPERATION_NAMES: { readonly [K in OperationName]: string } = {
  chat: 'chat completions',
  stream: 'streamed chat completions',
  complete: 'text completions',
  completeStream: 'streamed text completions',
  embed: 'embeddings',
  rerank: 'reranking',
  models: 'a list of models',
  createBatch: 'batches of its own',
  retrieveBatch: 'batches of its own',
  listBatches: 'batches of its own',
  cancelBatch: 'batches of its own',
  batchResults: 'results of batches',
  uploadFile: 'uploads of files',
  retrieveFile: 'files',
  listFiles: 'a list of files',
  fileContent: 'the content of files',
  deleteFile: 'files',
};

/** The innermost step of every call: asks one provider once and writes the attempt into the call's ledger. */
export function createDispatch(providers: Providers): Next {
  return (call) => {
    refuseWhenOver(call, providers);
    const found = providers.get(call.target.provider);
    if (!(found instanceof Promise)) return attempt(call, found, providers);
    return found.then((provider) => {
      refuseWhenOver(call, providers);
      return attempt(call, provider, providers);
    });
  };
}

function attempt<K extends OperationName>(given: Call<K>, provider: Provider, providers: Providers): Promise<ResultOf<K>> {
  const call = withProviderTimeout(given, providers.timeout(given.target.provider));
  const operation = operationOf(provider, call);
  const ledger = ledgerOf(call);
  const open = ledger.begin(call);
  const failedWith = (error: LLMError): never => {
    ledger.fail(open, error);
    throw error;
  };
  // built-in providers throw typed errors, save for requests that they cannot read; one of the user's own may throw anything
  const failed = (thrown: unknown): MaybePromise<never> => {
    if (isLLMError(thrown)) return failedWith(thrown);
    if (call.signal?.aborted === true) return failedWith(aborted(call));
    return import('./malformed.ts').then(({ unknownFailure }) =>
      failedWith(unknownFailure(thrown, call, providers.isOwn(call.target.provider))),
    );
  };
  // loaded while the first answer is on its way
  call.catalogue();
  const succeeded = (result: ResultOf<K>): MaybePromise<ResultOf<K>> => {
    try {
      const attempt = ledger.succeed(open, result, marksOf(result, call, provider));
      if (attempt !== undefined) return settled(attempt, ledger, call, result);
      letGo(result);
      return result;
    } catch (thrown) {
      return failed(thrown);
    }
  };
  const answered = (result: ResultOf<K>): MaybePromise<ResultOf<K>> => {
    const catalogue = call.catalogue();
    return catalogue instanceof Promise ? catalogue.then(() => succeeded(result), failed) : succeeded(result);
  };
  return promised(operation, call, undefined).then(answered, failed);
}

function operationOf<K extends OperationName>({ operations }: Provider, call: Call<K>): Operation<K> {
  const operation = operations[call.operation] as Operation<K> | undefined;
  if (operation === undefined) throw unsupported(call);
  return operation;
}

/** @throws AbortError where the answer came in the moment in which the attempt was ended. */
function marksOf(result: object, call: Call, { wire }: Provider): AnswerMarks {
  const streams = result instanceof ChunkStream;
  if (call.signal?.aborted === true) {
    if (streams) result.cancel();
    throw aborted(call);
  }
  const answer = answerOf(result);
  if (answer !== undefined || !streams) return answer ?? NO_MARKS;
  return { status: result.source.status, requestId: wire.requestId(result.source.headers) };
}

const NO_MARKS: AnswerMarks = {};

function settled<R extends object>(attempt: Attempt, ledger: Ledger, call: Call, result: R): R {
  if (!(result instanceof ChunkStream)) ledger.settle(attempt, call, 'success', usageOf(call.operation, result));
  else {
    if (ledger.heard) ledger.emit({ type: 'stream-committed', target: call.target, firstTokenMs: attempt.durationMs });
    result.onSettled((settlement) => ledger.settle(attempt, call, settlement, result.usage, result.source));
  }
  return result;
}

function ledgerOf(call: Call): Ledger {
  if (call.trail instanceof Ledger) return call.trail;
  throw new ConfigurationError({
    message: 'a layer passed on a call without its trail; change a call with next({ ...call, … })',
    code: 'wrong_layer',
  });
}

/** A layer or a slow start may hold a call back beyond its end; nothing is sent for it then. */
function refuseWhenOver(call: Call, { closed }: Providers): void {
  if (closed) throw closedUnder(call);
  if (call.signal?.aborted === true) throw aborted(call);
  if (call.deadline === Number.POSITIVE_INFINITY || call.clock.now() < call.deadline) return;
  const { provider, model } = call.target;
  const message = 'the deadline of the call has passed before the attempt began';
  throw new TimeoutError({ message, phase: 'deadline', provider, model });
}

function withProviderTimeout<K extends OperationName>(call: Call<K>, timeout: number | undefined): Call<K> {
  if (timeout === undefined || call.options.timeout !== undefined) return call;
  return { ...call, limits: { ...call.limits, attempt: timeout } };
}

function unsupported({ operation, target }: Call): UnsupportedOperationError {
  return new UnsupportedOperationError({
    message: `${target.provider} does not offer ${OPERATION_NAMES[operation]}`,
    provider: target.provider,
    model: target.model,
    code: 'unsupported_operation',
  });
}
