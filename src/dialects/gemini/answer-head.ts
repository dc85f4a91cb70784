import type { DecodeContext } from '../../contract/codec.ts';
import { createdAt, isRecord } from '../chat-rules.ts';
import { blockedPrompt } from './blocked.ts';

/** What a fragment of an answer tells about the whole of it. */
export interface AnswerHead {
  readonly id: string;
  readonly created: number;
  readonly model: string;
}

export function readHead(body: Record<string, unknown>, context: DecodeContext): AnswerHead {
  const { responseId, modelVersion, createTime } = body;
  const { call } = context;
  const time = typeof createTime === 'string' ? Date.parse(createTime) : Number.NaN;
  return {
    id:
      typeof responseId === 'string' && responseId !== ''
        ? responseId
        : `gemini-${call.correlationId}-${Math.floor(call.clock.now()).toString(36)}`,
    created: Number.isNaN(time) ? createdAt(context) : Math.floor(time / 1000),
    model: typeof modelVersion === 'string' && modelVersion !== '' ? modelVersion.replace(/^models\//, '') : call.target.model,
  };
}

/** The error of a body that is one: Google's envelope, or a prompt that was blocked. */
export function failureOf(body: Record<string, unknown>, context: DecodeContext): Error | undefined {
  const { error, promptFeedback } = body;
  if (isRecord(error) || typeof error === 'string') return context.failure(body, httpStatus(error));
  if (!isRecord(promptFeedback) || typeof promptFeedback.blockReason !== 'string' || candidatesOf(body).length > 0)
    return undefined;
  return context.failure(blockedPrompt(promptFeedback));
}

// a `code` below 400 is gRPC's
function httpStatus(error: unknown): number | undefined {
  const code = isRecord(error) ? error.code : undefined;
  return typeof code === 'number' && code >= 400 && code < 600 ? code : undefined;
}

export function candidatesOf(body: Record<string, unknown>): Record<string, unknown>[] {
  return Array.isArray(body.candidates) ? body.candidates.filter(isRecord) : [];
}

const TIERS: ReadonlyMap<unknown, 'default' | 'flex' | 'priority'> = new Map([
  ['standard', 'default'],
  ['flex', 'flex'],
  ['priority', 'priority'],
]);

/** The tier that served the request, where the answer tells it. */
export function serviceTierOf(
  usageMetadata: unknown,
  context: DecodeContext,
): { service_tier?: 'default' | 'flex' | 'priority' } {
  const inBody = isRecord(usageMetadata) ? usageMetadata.serviceTier : undefined;
  const tier = TIERS.get(inBody) ?? TIERS.get(context.headers['x-gemini-service-tier']);
  return tier === undefined ? {} : { service_tier: tier };
}
