import {
  APIConnectionError as OpenAIAPIConnectionError,
  APIConnectionTimeoutError as OpenAIAPIConnectionTimeoutError,
  APIError as OpenAIAPIError,
  APIUserAbortError as OpenAIAPIUserAbortError,
  AuthenticationError as OpenAIAuthenticationError,
  BadRequestError as OpenAIBadRequestError,
  ConflictError as OpenAIConflictError,
  OpenAIError,
  InternalServerError as OpenAIInternalServerError,
  NotFoundError as OpenAINotFoundError,
  PermissionDeniedError as OpenAIPermissionDeniedError,
  RateLimitError as OpenAIRateLimitError,
  UnprocessableEntityError as OpenAIUnprocessableEntityError,
} from 'openai/core/error';
import type { AnswerFacts, ErrorFacts } from './llm-error.ts';

// Imported under other names: a bundler that puts our classes beside them would rename ours, and stack traces show that.

/** openai's class at run time. To the compiler an error with our facts: openai's own types fix `status` to one literal each. */
type AnswerBase = abstract new (
  status: number | undefined,
  error: object | undefined,
  message: string,
  headers: Headers | undefined,
) => OpenAIError & ErrorFacts & AnswerFacts;

type SilentBase = abstract new (options: { message: string }) => OpenAIError & ErrorFacts & AnswerFacts;
type SetupBase = abstract new (message: string) => OpenAIError & ErrorFacts & AnswerFacts;

export const APIErrorBase: AnswerBase = OpenAIAPIError as unknown as AnswerBase;
export const BadRequestBase: AnswerBase = OpenAIBadRequestError as unknown as AnswerBase;
export const AuthenticationBase: AnswerBase = OpenAIAuthenticationError as unknown as AnswerBase;
export const PermissionDeniedBase: AnswerBase = OpenAIPermissionDeniedError as unknown as AnswerBase;
export const NotFoundBase: AnswerBase = OpenAINotFoundError as unknown as AnswerBase;
export const ConflictBase: AnswerBase = OpenAIConflictError as unknown as AnswerBase;
export const UnprocessableEntityBase: AnswerBase = OpenAIUnprocessableEntityError as unknown as AnswerBase;
export const RateLimitBase: AnswerBase = OpenAIRateLimitError as unknown as AnswerBase;
export const InternalServerBase: AnswerBase = OpenAIInternalServerError as unknown as AnswerBase;
export const ConnectionBase: SilentBase = OpenAIAPIConnectionError as unknown as SilentBase;
export const ConnectionTimeoutBase: SilentBase = OpenAIAPIConnectionTimeoutError as unknown as SilentBase;
export const UserAbortBase: SilentBase = OpenAIAPIUserAbortError as unknown as SilentBase;
export const SetupErrorBase: SetupBase = OpenAIError as unknown as SetupBase;
