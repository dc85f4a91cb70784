import {
  APIConnectionError,
  APIConnectionTimeoutError,
  APIError,
  APIUserAbortError,
  AuthenticationError,
  BadRequestError,
  ConflictError,
  InternalServerError,
  NotFoundError,
  OpenAIError,
  PermissionDeniedError,
  RateLimitError,
  UnprocessableEntityError,
} from 'openai/core/error';
import type { AnswerFacts, ErrorFacts } from './llm-error.ts';

/** openai's class at run time. To the compiler an error with our facts: openai's own types fix `status` to one literal each. */
type AnswerBase = abstract new (
  status: number | undefined,
  error: object | undefined,
  message: string,
  headers: Headers | undefined,
) => OpenAIError & ErrorFacts & AnswerFacts;

type SilentBase = abstract new (options: { message: string }) => OpenAIError & ErrorFacts & AnswerFacts;
type SetupBase = abstract new (message: string) => OpenAIError & ErrorFacts & AnswerFacts;

export const APIErrorBase: AnswerBase = APIError as unknown as AnswerBase;
export const BadRequestBase: AnswerBase = BadRequestError as unknown as AnswerBase;
export const AuthenticationBase: AnswerBase = AuthenticationError as unknown as AnswerBase;
export const PermissionDeniedBase: AnswerBase = PermissionDeniedError as unknown as AnswerBase;
export const NotFoundBase: AnswerBase = NotFoundError as unknown as AnswerBase;
export const ConflictBase: AnswerBase = ConflictError as unknown as AnswerBase;
export const UnprocessableEntityBase: AnswerBase = UnprocessableEntityError as unknown as AnswerBase;
export const RateLimitBase: AnswerBase = RateLimitError as unknown as AnswerBase;
export const InternalServerBase: AnswerBase = InternalServerError as unknown as AnswerBase;
export const ConnectionBase: SilentBase = APIConnectionError as unknown as SilentBase;
export const ConnectionTimeoutBase: SilentBase = APIConnectionTimeoutError as unknown as SilentBase;
export const UserAbortBase: SilentBase = APIUserAbortError as unknown as SilentBase;
export const SetupErrorBase: SetupBase = OpenAIError as unknown as SetupBase;
