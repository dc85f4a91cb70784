import type { ProviderDefinition } from '../contract/provider.ts';

/**
 * Declares a provider of your own: how it is made from settings, and what it does for each operation. The identity
 * function, for its types. Give it to a client under the name that its models are to have:
 * `createClient({ providers: { mine: definition } })` gives `mine/<model>`.
 *
 * An operation is made of a codec with `replyOperation` or `streamOperation`: encode a call to a path and a body,
 * decode what comes. Limits, aborts, redirects, broken connections and the classes of errors are then the library's.
 * The page `docs/own-provider.md` writes a whole one.
 *
 * @example
 * const mine = defineProvider({
 *   id: 'mine',
 *   create(context) {
 *     const key = requireKey(context, ['MY_API_KEY']);
 *     const wire = context.connect({
 *       baseURL: 'https://api.example.com',
 *       headers: { authorization: `Bearer ${key}` },
 *       secrets: [key],
 *     });
 *     return { id: context.id, wire, operations: { chat: replyOperation<'chat'>(wire, { encode, decode }) } };
 *   },
 * });
 */
export const defineProvider = (definition: ProviderDefinition): ProviderDefinition => definition;
