import type { OpenAIError } from 'openai/core/error';
import type { Attempt } from './attempt.ts';
import type { ErrorKind } from './kinds.ts';
import { KINDS } from './kinds.ts';
import { formatMessage } from './message.ts';
import type { PartialOutput } from './partial.ts';

/** What is known of a failure when the error is made. Everything but `message` may be left out. */
export interface ErrorInit {
  /** The provider's words or ours; bounded, redacted, without provider, model and status (the message adds them). */
  readonly message: string;
  readonly provider?: string | undefined;
  /** Without the provider prefix. */
  readonly model?: string | undefined;
  readonly status?: number | undefined;
  readonly code?: string | null | undefined;
  readonly type?: string | undefined;
  readonly param?: string | null | undefined;
  readonly requestID?: string | null | undefined;
  /** The response's headers. */
  readonly headers?: Headers | undefined;
  /** The error object of the provider's body; kept out of JSON and of `util.inspect`. */
  readonly error?: object | undefined;
  /** Overrides the default of the kind. */
  readonly retryable?: boolean | undefined;
  readonly retryAfterMs?: number | undefined;
  readonly details?: Readonly<Record<string, unknown>> | undefined;
  readonly cause?: unknown;
  readonly partial?: PartialOutput | undefined;
  readonly attempts?: readonly Attempt[] | undefined;
  readonly correlationId?: string | undefined;
  /** ISO 8601; the moment of creation when left out. */
  readonly timestamp?: string | undefined;
}

/** The facts that every error of the library carries, whatever its class. */
export interface ErrorFacts {
  /** The failure's kind: a literal, so that a `switch` over it narrows the type and can be exhaustive. */
  readonly kind: ErrorKind;
  /** Provider id, `''` where no provider is concerned. */
  readonly provider: string;
  /** LiteLLM's name for {@link ErrorFacts.provider}. */
  readonly llmProvider: string;
  /** Model without the provider prefix, `''` where no model is concerned. */
  readonly model: string;
  /** What failed, in the provider's words or ours, without the target and the history that `message` adds. */
  readonly reason: string;
  /** Whether the same request may succeed when it is repeated. */
  readonly retryable: boolean;
  /** How long the provider asked to be left alone, in milliseconds. */
  readonly retryAfterMs?: number;
  /** Every attempt of the call, over all targets. */
  readonly attempts: readonly Attempt[];
  /** The id that the caller gave to the call, or one made for it. */
  readonly correlationId: string;
  /** When the failure was seen, ISO 8601 in UTC. */
  readonly timestamp: string;
  /** Facts of this kind of failure only, for example a filter's verdicts or the numbers of an overflow. */
  readonly details: Readonly<Record<string, unknown>>;
  /** What a stream had delivered before it failed; only on failures after the first content. */
  readonly partial?: PartialOutput;
  /** A plain object for logs and queues: no headers, no keys, no prompt; restored by `errorFromJSON`. */
  toJSON(): ErrorJSON;
}

/** The fields of an HTTP answer, on every error; `undefined` where there was no answer. */
export interface AnswerFacts {
  readonly status: number | undefined;
  readonly code: string | null | undefined;
  readonly type: string | undefined;
  readonly param: string | null | undefined;
  readonly requestID: string | null | undefined;
  readonly headers: Headers | undefined;
}

/** What {@link ErrorFacts.toJSON} returns. */
export interface ErrorJSON {
  readonly name: string;
  readonly kind: ErrorKind;
  readonly message: string;
  readonly reason: string;
  readonly provider: string;
  readonly model: string;
  readonly status?: number;
  readonly code?: string | null;
  readonly type?: string;
  readonly param?: string | null;
  readonly requestID?: string | null;
  readonly retryable: boolean;
  readonly retryAfterMs?: number;
  readonly attempts: readonly Omit<Attempt, 'error'>[];
  readonly correlationId: string;
  readonly timestamp: string;
  readonly details: Readonly<Record<string, unknown>>;
  /** Fields of one class only: `phase`, `partial`, `fieldErrors`. */
  readonly [extra: string]: unknown;
}

/** Present on every error of every copy of the package, so that `isLLMError` works where `instanceof` cannot. */
export const BRAND: unique symbol = Symbol.for('holdfast.error');

type Writable = { -readonly [K in keyof (ErrorFacts & AnswerFacts)]: (ErrorFacts & AnswerFacts)[K] } & {
  message: string;
  cause?: unknown;
  error?: object | undefined;
};

const hide = (target: object, name: PropertyKey, value: unknown): void => {
  Object.defineProperty(target, name, { value, enumerable: false, configurable: true, writable: true });
};

/** Writes the facts onto an error under construction. The one place where a field of an error is set. */
export function stamp(error: OpenAIError, name: string, kind: ErrorKind, init: ErrorInit): void {
  const target = error as unknown as Writable;
  hide(error, BRAND, true);
  hide(error, 'name', name);
  hide(error, 'headers', init.headers);
  hide(error, 'error', init.error);
  hide(error, 'reason', init.message);
  hide(error, 'llmProvider', init.provider ?? '');
  hide(error, 'toJSON', () => errorToJSON(error));
  target.kind = kind;
  target.provider = init.provider ?? '';
  target.model = init.model ?? '';
  target.status = init.status;
  target.code = init.code;
  target.type = init.type;
  target.param = init.param;
  target.requestID = init.requestID;
  target.retryable = init.retryable ?? KINDS[kind].retryable;
  if (init.retryAfterMs !== undefined) target.retryAfterMs = init.retryAfterMs;
  target.attempts = init.attempts ?? [];
  target.correlationId = init.correlationId ?? '';
  target.timestamp = init.timestamp ?? new Date().toISOString();
  target.details = init.details ?? {};
  if (init.partial !== undefined) target.partial = init.partial;
  if (init.cause !== undefined) hide(error, 'cause', init.cause);
  hide(error, 'message', formatMessage(target));
}

/** Completes an error at the end of a call: every attempt, the call's id, and a message that tells the history. */
export function completeError(error: OpenAIError & ErrorFacts, attempts: readonly Attempt[], correlationId: string): void {
  const target = error as unknown as Writable;
  target.attempts = attempts;
  target.correlationId = correlationId;
  hide(error, 'message', formatMessage(target));
}

/** Gives a failure in mid-stream what had been delivered until then. */
export function addPartial(error: OpenAIError & ErrorFacts, partial: PartialOutput): void {
  (error as unknown as Writable).partial = partial;
}

/** Where an error was made without knowing its target, adds it. Facts that are there already stay. */
export function addTarget(error: OpenAIError & ErrorFacts, provider: string, model: string): void {
  const target = error as unknown as Writable;
  if (target.provider === '') {
    target.provider = provider;
    hide(error, 'llmProvider', provider);
  }
  if (target.model === '') target.model = model;
  hide(error, 'message', formatMessage(target));
}

/** For failures of what must not be done twice: whatever their kind, a repeat is not safe. */
export function forbidRepeat(error: OpenAIError & ErrorFacts): void {
  (error as unknown as Writable).retryable = false;
}

/** Names of the fields that only some classes have; they travel through JSON. */
export const EXTRA_FIELDS = ['phase', 'partial', 'fieldErrors'] as const;

function errorToJSON(error: OpenAIError): ErrorJSON {
  const facts = error as unknown as Writable & Record<string, unknown>;
  const json: Record<string, unknown> = {
    name: error.name,
    kind: facts.kind,
    message: error.message,
    reason: facts.reason,
    provider: facts.provider,
    model: facts.model,
  };
  for (const field of ['status', 'code', 'type', 'param', 'requestID', 'retryAfterMs', ...EXTRA_FIELDS] as const) {
    if (facts[field] !== undefined) json[field] = facts[field];
  }
  json.retryable = facts.retryable;
  json.attempts = facts.attempts.map(({ error: _, ...attempt }) => attempt);
  json.correlationId = facts.correlationId;
  json.timestamp = facts.timestamp;
  json.details = facts.details;
  return json as unknown as ErrorJSON;
}
