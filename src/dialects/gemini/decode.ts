import type { ChatChoice, ChatReply } from '../../contract/chat.ts';
import type { DecodeContext } from '../../contract/codec.ts';
import { chatReply, isRecord } from '../chat-rules.ts';
import { candidatesOf, failureOf, readHead, serviceTierOf } from './answer-head.ts';
import { blockedAnswer } from './blocked.ts';
import { finishOf } from './finish.ts';
import { logprobsOf } from './logprobs.ts';
import { CallIds, type CandidateContent, readCandidate } from './read-candidate.ts';
import { usageOf } from './usage.ts';

/** A whole `generateContent` answer. */
export function decodeGenerate(answer: unknown, context: DecodeContext): ChatReply {
  const body = Array.isArray(answer) && answer.length === 1 ? answer[0] : answer;
  if (!isRecord(body)) throw context.invalid('the answer is not a JSON object');
  const failure = failureOf(body, context);
  if (failure !== undefined) throw failure;
  const candidates = candidatesOf(body);
  if (candidates.length === 0) throw context.invalid('no "candidates" in the answer');

  const head = readHead(body, context);
  const ids = new CallIds(head.id);
  const contents = candidates.map((candidate) => readCandidate(candidate, ids));
  const choices = candidates.map((candidate, index) => choiceOf(candidate, contents[index] as CandidateContent, index));
  const filtered = choices.some((choice) => choice.finish_reason === 'content_filter');
  if (filtered && contents.every(isEmpty)) throw context.failure(blockedAnswer(candidates));
  return {
    ...chatReply({ ...head, choices, usage: usageOf(body.usageMetadata) }),
    ...serviceTierOf(body.usageMetadata, context),
  };
}

export const isEmpty = ({ text, reasoning, toolCalls, images, audio }: CandidateContent): boolean =>
  text === '' && reasoning === '' && toolCalls.length === 0 && images.length === 0 && audio === undefined;

function choiceOf(candidate: Record<string, unknown>, content: CandidateContent, position: number): ChatChoice {
  const { text, reasoning, toolCalls, images, audio, google } = content;
  const raw = typeof candidate.finishReason === 'string' ? candidate.finishReason : 'FINISH_REASON_UNSPECIFIED';
  const message = {
    role: 'assistant' as const,
    content: text === '' && toolCalls.length > 0 ? null : text,
    refusal: null,
    ...(reasoning === '' ? {} : { reasoning_content: reasoning }),
    ...(toolCalls.length === 0 ? {} : { tool_calls: toolCalls }),
    ...(images.length === 0 ? {} : { images }),
    ...(audio === undefined ? {} : { audio }),
    ...(google === undefined ? {} : { extra_content: { google } }),
  };
  return {
    index: typeof candidate.index === 'number' ? candidate.index : position,
    message,
    logprobs: logprobsOf(candidate.logprobsResult) ?? null,
    finish_reason: finishOf(raw, toolCalls.length > 0),
    ...nativeReason(raw, candidate.finishMessage),
  };
}

/** Gemini's own finish reason, under the name that OpenAI-compatible gateways use. */
export const nativeReason = (raw: string, message: unknown): object => ({
  native_finish_reason: raw,
  ...(typeof message === 'string' ? { native_finish_message: message } : {}),
});
