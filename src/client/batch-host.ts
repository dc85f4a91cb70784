import type { BatchEndpoint, BatchLine, BatchLineAnswer } from '../contract/batches.ts';
import type { CallOptions } from '../contract/call.ts';
import { isLLMError } from '../errors/catalogue.ts';
import { envelope, envelopeOf } from '../errors/envelope.ts';
import type { ChatCompletions } from './completions.ts';
import type { Embeddings } from './embeddings.ts';
import type { LLMPromise } from './llm-promise.ts';
import type { Routed } from './route.ts';
import type { TextCompletions } from './text-completions.ts';

/** What of a client runs the lines of batches. */
export interface BatchRunner {
  readonly chat: { readonly completions: ChatCompletions };
  readonly completions: TextCompletions;
  readonly embeddings: Embeddings;
}

type Run = (client: BatchRunner, params: never, options: CallOptions) => LLMPromise<Routed<object>>;

const RUNS: { readonly [E in BatchEndpoint]: Run } = {
  '/v1/chat/completions': (client, params, options) => client.chat.completions.create(params, options),
  '/v1/completions': (client, params, options) => client.completions.create(params, options),
  '/v1/embeddings': (client, params, options) => client.embeddings.create(params, options),
};

/** One line of a batch as a call of the client, with all its layers; a failure becomes the answer that OpenAI would give. */
export async function runBatchLine(client: BatchRunner, line: BatchLine, model: string): Promise<BatchLineAnswer> {
  const { endpoint, batchId, customId, signal } = line;
  const params = { ...line.body, model } as never;
  try {
    const call = RUNS[endpoint](client, params, { signal, metadata: { batch: batchId, custom_id: customId } });
    const { data, request_id } = await call.withResponse();
    const { correlationId, costUSD } = data.route;
    return { status: 200, requestId: request_id ?? correlationId, body: data as never, costUSD };
  } catch (error) {
    if (signal.aborted) throw error;
    if (!isLLMError(error)) {
      return { status: 500, requestId: '', body: envelope('The line could not be run.', 'server_error') as never };
    }
    const { status, body } = envelopeOf(error);
    const requestId = 'requestID' in error ? error.requestID : undefined;
    return { status, requestId: requestId ?? error.correlationId, body: body as never };
  }
}
