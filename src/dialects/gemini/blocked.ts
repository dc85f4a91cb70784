import { FILTERED, isRecord } from '../chat-rules.ts';

const text = (value: unknown): string => (typeof value === 'string' && value !== '' ? value : '');

/** The failure of a prompt that was blocked: an answer without candidates, `promptFeedback` tells why. */
export function blockedPrompt(feedback: Record<string, unknown>): object {
  const why = [feedback.blockReason, feedback.blockReasonMessage].map(text).filter(Boolean).join(': ');
  return { error: { ...FILTERED.error, message: `the prompt was blocked (${why})` }, promptFeedback: feedback };
}

/** The failure of an answer that a filter took away as a whole, with the ratings of the candidates. */
export function blockedAnswer(candidates: readonly Record<string, unknown>[]): object {
  const why = [candidates[0]?.finishReason, candidates[0]?.finishMessage].map(text).filter(Boolean).join(': ');
  const reasons = candidates.flatMap(({ safetyRatings }) => (Array.isArray(safetyRatings) ? safetyRatings.filter(isRecord) : []));
  return {
    error: {
      ...FILTERED.error,
      message: `the whole answer was filtered (${why})`,
      ...(reasons.length === 0 ? {} : { metadata: { reasons } }),
    },
  };
}
