import type { APIUserAbortError } from 'openai/core/error';
import { ContentFilterFinishReasonError, LengthFinishReasonError, OpenAIError } from 'openai/core/error';
import { isLLMError } from '../errors/catalogue.ts';
import { ContentPolicyViolationError } from '../errors/provider-errors.ts';
import { AbortError, ResponseValidationError } from '../errors/wire-errors.ts';
import type { Route } from './route.ts';

/** What openai's parsers throw about an answer, as errors of ours that tell whose answer it was. */
export function answerError(error: unknown, route: Route | undefined, requestID?: string | null): unknown {
  if (isLLMError(error)) return error;
  const facts = {
    provider: route?.provider,
    model: route?.model,
    attempts: route?.attempts,
    correlationId: route?.correlationId,
    requestID,
    cause: error,
  };
  if (error instanceof ContentFilterFinishReasonError) {
    const message = 'a content filter cut the answer off before it could be parsed';
    return new ContentPolicyViolationError({ ...facts, message, code: 'content_filter' });
  }
  if (error instanceof LengthFinishReasonError) {
    const message = 'the answer reached its token limit before it could be parsed; raise max_completion_tokens';
    return new ResponseValidationError({ ...facts, message, code: 'length' });
  }
  if (error instanceof OpenAIError) return error;
  return new ResponseValidationError({ ...facts, message: `the answer does not fit the schema: ${firstLine(error)}` });
}

/** Errors of the user's own tools stay what they are; only openai's verdicts on an answer are translated. */
export function loopError(error: unknown, route: Route | undefined): unknown {
  const isVerdict =
    error instanceof ContentFilterFinishReasonError || error instanceof LengthFinishReasonError || isUnreadable(error);
  return isVerdict ? answerError(error, route) : error;
}

/** openai's own words where a stream's text is no JSON. */
const isUnreadable = (error: unknown): boolean =>
  error instanceof SyntaxError && error.message.startsWith('Error reading response:');

type Parse = (content: string) => unknown;

/**
 * Parameters of a loop whose `response_format` tells in our words what it finds wrong. openai's loop parses each answer by it and
 * would let out what the parser throws, between errors of the user's own tools, which are none of ours.
 */
export function withToldFormat<P extends object>(params: P, route: () => Route | undefined): P {
  const { response_format: format } = params as { readonly response_format?: { type?: string; $parseRaw?: Parse } | null };
  if (format?.type !== 'json_schema') return params;
  const parse: Parse = (content) => {
    try {
      return format.$parseRaw === undefined ? JSON.parse(content) : format.$parseRaw(content);
    } catch (error) {
      throw answerError(error, route());
    }
  };
  // what openai keeps aside in a format is not enumerable, or it would be sent
  const told = Object.defineProperties({}, { ...Object.getOwnPropertyDescriptors(format), $parseRaw: { value: parse } });
  return { ...params, response_format: told };
}

/** Parsers quote the answer; where and what is enough, the rest is in `cause`. */
function firstLine(error: unknown): string {
  const issues = (error as { issues?: unknown } | null)?.issues;
  if (Array.isArray(issues)) {
    return issues
      .slice(0, 3)
      .map((issue: { path?: unknown; message?: unknown }) => {
        const path = Array.isArray(issue?.path) ? issue.path.join('.') : '';
        return `${path === '' ? '' : `${path}: `}${String(issue?.message)}`;
      })
      .join('; ')
      .slice(0, 300);
  }
  if (error instanceof SyntaxError) return 'it is not JSON';
  return (error instanceof Error ? error.message : String(error)).slice(0, 200);
}

/** openai's helpers report an abort with an error of their own making; this is ours, with the attempts if they are known. */
export function helperAbort(known: AbortError | undefined, signal: AbortSignal, route: Route | undefined): APIUserAbortError {
  const message = 'the signal given to the call was aborted';
  const { provider, model, correlationId, attempts = [] } = route ?? {};
  const facts = { provider, model, correlationId, attempts: [...attempts], cause: signal.reason };
  const error = known ?? new AbortError({ ...facts, message });
  return error as unknown as APIUserAbortError;
}
