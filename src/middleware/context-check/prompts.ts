import type { Call } from '../../contract/call.ts';

type Anything = Readonly<Record<string, unknown>>;

/** What a model reads at once: the request itself, or each of the texts and documents in it. */
export function promptsOf({ operation, request }: Call): readonly object[] {
  const { input, prompt, query, documents } = request as Anything;
  switch (operation) {
    case 'embed':
      return each(input, (text) => ({ input: text }), request);
    case 'complete':
    case 'completeStream':
      return each(prompt, (text) => ({ ...request, prompt: text }), request);
    case 'rerank':
      return each(documents, (document) => ({ query, documents: [document] }), request);
    default:
      return [request];
  }
}

/** A list of numbers is one text, in tokens. */
function each(list: unknown, prompt: (item: unknown) => object, whole: object): readonly object[] {
  return Array.isArray(list) && typeof list[0] !== 'number' ? list.map(prompt) : [whole];
}
