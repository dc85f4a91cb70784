import type { OpenAI } from 'openai';
import type { CallOptions } from '../contract/call.ts';
import { withKeyFor } from '../contract/idempotency.ts';
import type { LLMPromise } from './llm-promise.ts';
import type { Route, Routed } from './route.ts';
import type { TurnExtras } from './turn-extras.ts';
import { restoreExtras } from './turn-extras.ts';

/** How a helper makes its requests: the `create` of the client. */
export type Create = (params: never, options?: CallOptions) => LLMPromise<{ readonly route: Route }>;

/** Names that helpers put among the options and that are none of a call. */
const HELPER_OPTIONS: ReadonlySet<string> = new Set(['__metadata', 'maxChatCompletions', 'afterCompletion']);

/** The options of a helper's calls. */
export const withoutHelperOptions = (options: Readonly<Record<string, unknown>>): CallOptions =>
  Object.fromEntries(Object.entries(options).filter(([name]) => !HELPER_OPTIONS.has(name)));

interface HelperParams {
  readonly messages: readonly object[];
}

/**
 * The client as openai's helpers see it. They touch `chat.completions.create` and nothing else;
 * this is the one place where that is claimed to the compiler.
 *
 * @param kept The runner's own messages, with everything that its re-sent ones have lost.
 */
export function helperClient(create: Create, extras: TurnExtras, kept: () => readonly object[]): OpenAI {
  let turn = 0;
  const createOnce = (params: HelperParams, options: Record<string, unknown>): LLMPromise<Routed<object>> => {
    const given = withoutHelperOptions(options);
    const own = ++turn === 1 ? given : withKeyFor(`turn ${turn}`, given);
    const messages = restoreExtras(params.messages, kept());
    return create({ ...params, messages } as never, own)._thenUnwrap((result) => {
      extras.route = result.route;
      extras.requestId = (result as { _request_id?: string | null })._request_id;
      return result;
    });
  };
  return { chat: { completions: { create: createOnce } } } as unknown as OpenAI;
}
