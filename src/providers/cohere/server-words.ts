import type { MockFailureName, MockReply } from '../../contract/mock.ts';

/** Cohere's own words for each failure (docs.cohere.com, "Errors"). */
export const FAILURES: Readonly<Record<MockFailureName, readonly [status: number, message: string]>> = {
  rateLimit: [429, 'You are past the per minute request limit, please wait and try again later.'],
  overloaded: [503, 'the service is currently overloaded, please try again later'],
  unavailable: [503, 'the service is temporarily unavailable'],
  quota: [402, 'Please add or update your payment method at https://dashboard.cohere.com/billing?tab=payment to continue'],
  contextWindow: [
    400,
    'too many tokens: total number of tokens in the prompt cannot exceed 4081 - received 4292. Try using a shorter prompt.',
  ],
  contentPolicy: [498, 'the request contains a deny-listed token'],
  auth: [401, 'invalid api token'],
  notFound: [404, "model 'no-such-model' not found, make sure the correct model ID was used and that you have access to it."],
  badRequest: [400, 'invalid request: prompt must be at least 1 token long.'],
  internal: [500, 'internal server error, this has been reported to our developers.'],
};

export const idOf = (kind: string): string => `mock-${kind}-0001`;

export const metaOf = ({ usage }: MockReply): object => ({
  billed_units: { input_tokens: usage.promptTokens, output_tokens: usage.completionTokens },
  tokens: { input_tokens: usage.promptTokens, output_tokens: usage.completionTokens },
  ...(usage.cachedTokens === undefined ? {} : { cached_tokens: usage.cachedTokens }),
});

/** The deltas of a reply's text. */
export function tokensOf({ text, chunks }: MockReply): readonly string[] {
  if (typeof chunks === 'object') return chunks;
  if (text === '') return [];
  const size = Math.max(1, Math.ceil(text.length / Math.max(1, chunks)));
  return Array.from({ length: Math.ceil(text.length / size) }, (_, i) => text.slice(i * size, (i + 1) * size));
}
