import type { ChatCompletionTokenLogprob } from 'openai/resources/chat/completions/completions';
import { isRecord } from '../chat-rules.ts';

export interface ChoiceLogprobs {
  content: ChatCompletionTokenLogprob[];
  refusal: null;
}

/** `logprobsResult` in openai's shape; Gemini gives no bytes. */
export function logprobsOf(result: unknown): ChoiceLogprobs | undefined {
  if (!isRecord(result) || !Array.isArray(result.chosenCandidates)) return undefined;
  const top = Array.isArray(result.topCandidates) ? result.topCandidates : [];
  const content = result.chosenCandidates.map((chosen: unknown, index) => {
    const rivals: unknown = isRecord(top[index]) ? top[index].candidates : undefined;
    return { ...tokenOf(chosen), top_logprobs: Array.isArray(rivals) ? rivals.map(tokenOf) : [] };
  });
  return { content, refusal: null };
}

function tokenOf(candidate: unknown): { token: string; logprob: number; bytes: null } {
  const { token, logProbability } = isRecord(candidate) ? candidate : {};
  return {
    token: typeof token === 'string' ? token : '',
    logprob: typeof logProbability === 'number' ? logProbability : Number.NEGATIVE_INFINITY,
    bytes: null,
  };
}
