/** Tokens that an answer may have, where its request says so. */
export function answerLimitOf(request: object): number | undefined {
  const { max_completion_tokens, max_tokens } = request as { max_completion_tokens?: unknown; max_tokens?: unknown };
  return countOf(max_completion_tokens) ?? countOf(max_tokens);
}

/** A number that counts something; `undefined` for everything else that a request may hold. */
export const countOf = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : undefined;
