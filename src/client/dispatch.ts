import { answerOf } from '../contract/answer.ts';
import type { Call, OperationName } from '../contract/call.ts';
import type { Next } from '../contract/middleware.ts';
import type { Provider } from '../contract/provider.ts';
import { ChunkStream } from '../contract/stream.ts';
import type { LLMError } from '../errors/catalogue.ts';
import { isLLMError } from '../errors/catalogue.ts';
import { ConfigurationError, UnsupportedOperationError } from '../errors/setup-errors.ts';
import { AbortError, APIConnectionError, TimeoutError } from '../errors/wire-errors.ts';
import { Ledger } from './ledger.ts';
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
  return async (given) => {
    const { target } = given;
    refuseWhenOver(given, providers);
    const found = providers.get(target.provider);
    const provider = found instanceof Promise ? await found : found;
    if (found instanceof Promise) refuseWhenOver(given, providers);
    const operation = provider.operations[given.operation];
    if (operation === undefined) throw unsupported(given);
    const call = withProviderTimeout(given, providers.timeout(target.provider));
    const ledger = ledgerOf(call);
    const open = ledger.begin(call);
    const catalogue = call.catalogue();
    try {
      const result = await operation(call);
      if (call.signal?.aborted === true) throw tooLate(result, call);
      const answer = answerOf(result);
      const streams = result instanceof ChunkStream;
      const marks = answer ?? (streams ? marksOf(result, provider) : {});
      const attempt = ledger.succeed(open, result, marks);
      if (attempt === undefined) return result;
      // the catalogue is on its way since the first call began
      if (catalogue instanceof Promise) await catalogue;
      if (!streams) ledger.settle(attempt, call, 'success', usageOf(call.operation, result));
      else {
        if (ledger.heard) ledger.emit({ type: 'stream-committed', target, firstTokenMs: attempt.durationMs });
        result.onSettled((settlement) => ledger.settle(attempt, call, settlement, result.usage, result.source));
      }
      return result;
    } catch (thrown) {
      const error = typed(thrown, call);
      ledger.fail(open, error);
      throw error;
    }
  };
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

const marksOf = (stream: ChunkStream<unknown>, provider: Provider): { status: number; requestId: string | undefined } => ({
  status: stream.source.status,
  requestId: provider.wire.requestId(stream.source.headers),
});

function unsupported({ operation, target }: Call): UnsupportedOperationError {
  return new UnsupportedOperationError({
    message: `${target.provider} does not offer ${OPERATION_NAMES[operation]}`,
    provider: target.provider,
    model: target.model,
    code: 'unsupported_operation',
  });
}

/** Built-in providers throw typed errors only; a provider of the user's own may throw anything. */
function typed(thrown: unknown, call: Call): LLMError {
  if (isLLMError(thrown)) return thrown;
  const { provider, model } = call.target;
  if (call.signal?.aborted === true) return aborted(call);
  const what = thrown instanceof Error ? thrown.name : typeof thrown;
  const message = `the provider failed with an error of no known type (${what}); see cause`;
  return new APIConnectionError({ message, provider, model, retryable: false, cause: thrown }) as LLMError;
}

/** An answer that came in the moment in which the attempt was ended. */
function tooLate(result: unknown, call: Call): AbortError {
  if (result instanceof ChunkStream) result.cancel();
  return aborted(call);
}

function aborted({ target: { provider, model }, signal }: Call): AbortError {
  return new AbortError({ message: 'the signal given to the call was aborted', provider, model, cause: signal?.reason });
}
