import type { LLMClient } from '../client/create-client.ts';
import type { LLMPromise } from '../client/llm-promise.ts';
import type { Routed } from '../client/route.ts';
import type { CallOptions } from '../contract/call.ts';
import { invalid } from './answers.ts';
import { heldSignal } from './held-signal.ts';

/** An endpoint that one call of the client answers. */
export type Inference = (client: LLMClient, params: never, options: CallOptions) => LLMPromise<Routed<object>>;

/** By path behind `/v1`. */
export const INFERENCES: ReadonlyMap<string, Inference> = new Map<string, Inference>([
  ['/chat/completions', (client, params, options) => client.chat.completions.create(params, options)],
  ['/completions', (client, params, options) => client.completions.create(params, options)],
  ['/embeddings', (client, params, options) => client.embeddings.create(params, options)],
  ['/rerank', (client, params, options) => client.rerank.create(params, options)],
]);

/** Runs one, and answers in OpenAI's shape: JSON, or server-sent events. Who leaves before the end ends the call upstream too. */
export async function infer(
  run: Inference,
  client: LLMClient,
  body: Readonly<Record<string, unknown>>,
  request: Request,
  models: Readonly<Record<string, string>>,
): Promise<Response> {
  const { model } = body;
  if (typeof model !== 'string' || model === '') throw invalid('you must provide a model parameter', 'model');
  const target = Object.hasOwn(models, model) ? models[model] : model;
  const call = run(client, { ...body, model: target } as never, callOptions(request));
  const { route } = await call;
  const response = await call.asResponse();
  const { headers } = response;
  if (!headers.has('x-request-id')) headers.set('x-request-id', route.correlationId);
  headers.set('x-holdfast-provider', route.provider);
  headers.set('x-holdfast-model', encodeURI(route.model.replace(LONE_SURROGATE, '\ufffd')));
  return response;
}

/** `encodeURI` throws for it. */
const LONE_SURROGATE = /\p{Surrogate}/gu;

const SAFE_ID = /^[\w.:-]{1,128}$/;

function callOptions(request: Request): CallOptions {
  const { headers } = request;
  const correlationId = headers.get('x-correlation-id') ?? '';
  const idempotencyKey = headers.get('idempotency-key') ?? '';
  return {
    signal: heldSignal(request),
    ...(SAFE_ID.test(correlationId) ? { correlationId } : {}),
    ...(SAFE_ID.test(idempotencyKey) ? { idempotencyKey } : {}),
  };
}
