import type { LLMClient } from '../client/create-client.ts';
import { createHandler } from '../server/handler.ts';
import { heldSignal } from '../server/held-signal.ts';
import type { HandlerOptions } from '../server/options.ts';

/** What {@link asFetch} serves. */
export type AsFetchOptions = Pick<HandlerOptions, 'models' | 'batches' | 'limits'>;

/** Paths of OpenAI's API, whatever the base URL before them; bases end in `/models` too. */
const INFERENCE = /\/(?:chat\/completions|completions|embeddings|rerank)$/;
const RESOURCE = /\/(?:models|files|batches)(?:\/.*)?$/;

/**
 * A `fetch` for the official client that asks `client` instead of the network: `new OpenAI({ fetch: asFetch(llm) })` then speaks
 * to every provider, through all layers, with nothing else changed. Nothing is listened on; the address in the request is not
 * looked at.
 *
 * @throws ConfigurationError when an option is wrong.
 * @example
 * const openai = new OpenAI({ apiKey: 'unused', maxRetries: 0, fetch: asFetch(llm, { models: { fast: 'groq/llama-3.3-70b' } }) });
 */
export function asFetch(client: LLMClient, options: AsFetchOptions = {}): typeof fetch {
  const handler = createHandler(client, options);
  return async (input, init) => {
    const request = new Request(input, init);
    const signal = heldSignal(request);
    signal.throwIfAborted();
    const response = await handler(new Request(`http://holdfast/v1${pathOf(request)}`, request));
    // fetch rejects when its signal aborts; it has no status for it
    signal.throwIfAborted();
    return response;
  };
}

function pathOf({ method, url }: Request): string {
  const { pathname, search } = new URL(url);
  const inference = method === 'POST' ? INFERENCE.exec(pathname) : null;
  return ((inference ?? RESOURCE.exec(pathname))?.[0] ?? pathname) + search;
}
