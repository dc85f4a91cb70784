import type { Usage } from '../../contract/usage.ts';
import { isRecord, tokenUsage } from '../chat-rules.ts';

const count = (value: unknown): number | undefined => (typeof value === 'number' && Number.isFinite(value) ? value : undefined);

/** `usageMetadata` in openai's shape; `undefined` while it tells of no tokens. */
export function usageOf(metadata: unknown): Usage | undefined {
  if (!isRecord(metadata)) return undefined;
  const prompt = count(metadata.promptTokenCount);
  const total = count(metadata.totalTokenCount);
  if (prompt === undefined && total === undefined) return undefined;
  const reasoning = count(metadata.thoughtsTokenCount);
  const usage = tokenUsage({
    prompt: (prompt ?? 0) + (count(metadata.toolUsePromptTokenCount) ?? 0),
    completion: (count(metadata.candidatesTokenCount) ?? 0) + (reasoning ?? 0),
    cached: count(metadata.cachedContentTokenCount),
    reasoning,
  });
  if (total !== undefined) usage.total_tokens = total;
  const audioIn = audioTokens(metadata.promptTokensDetails);
  if (audioIn !== undefined) usage.prompt_tokens_details = { ...usage.prompt_tokens_details, audio_tokens: audioIn };
  const audioOut = audioTokens(metadata.candidatesTokensDetails);
  if (audioOut !== undefined) usage.completion_tokens_details = { ...usage.completion_tokens_details, audio_tokens: audioOut };
  return usage;
}

function audioTokens(details: unknown): number | undefined {
  if (!Array.isArray(details)) return undefined;
  const entry = details.find((detail) => isRecord(detail) && detail.modality === 'AUDIO');
  return entry === undefined ? undefined : count(entry.tokenCount);
}
