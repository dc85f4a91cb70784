import type { ErrorKind } from '../errors/kinds.ts';
import type { FieldError } from '../errors/provider-errors.ts';
import type { Call, OperationName } from './call.ts';
import type { Capabilities } from './capabilities.ts';
import type { Operation } from './codec.ts';
import type { HeadersLike } from './headers.ts';
import type { Prefill } from './prefill.ts';
import type { Wire, WireFailure, WireHeaders, WireMessage } from './wire.ts';

/** A provider is an address and a table; absence of an operation means that it is not offered. */
export interface Provider {
  readonly id: string;
  readonly wire: Wire;
  readonly operations: { readonly [K in OperationName]?: Operation<K> };
  /** How the model of a call is made to go on with an assistant message that ends its prompt; `undefined` where it cannot be. */
  readonly prefill?: ((call: Call<'stream'>) => Prefill | undefined) | undefined;
}

/** Settings that every provider accepts; providers without a plain key have more. */
export interface ProviderSettings {
  readonly apiKey?: string | undefined;
  /** What the provider's own SDK means by it. With it no other host is contacted. */
  readonly baseURL?: string | undefined;
  readonly headers?: HeadersLike | undefined;
  /** Milliseconds per attempt. */
  readonly timeout?: number | undefined;
  readonly [setting: string]: unknown;
}

/** What a client gives to a provider that is being made. */
export interface ProviderContext {
  readonly id: string;
  readonly settings: ProviderSettings;
  /** An environment variable; `undefined` when unset or empty, and everywhere without an environment. */
  env(name: string): string | undefined;
  /** The end of the line to an address. */
  connect(spec: ConnectionSpec): Wire;
}

/** An address with its credentials and its way of failing. */
export interface ConnectionSpec {
  readonly baseURL: string;
  /** Sent with every request; names in lower case. Authorisation with a fixed key belongs here. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Whether the extra headers of the client and of the settings are sent; `false` for token services. Default `true`. */
  readonly extraHeaders?: boolean | undefined;
  /** Headers that must be made per request (tokens, signatures). */
  authorize?(
    request: { readonly method: string; readonly url: string; readonly body: string | Uint8Array | undefined },
    call: Call,
  ): Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>;
  /** Last change to address or body (Azure's deployment paths). */
  readonly rewrite?: ((message: WireMessage, call: Call) => WireMessage) | undefined;
  /** How this provider fails, beyond the rules that all share. */
  readonly failures?: FailureSpec | undefined;
  /** The same, loaded at the first failure: what only failures need is no burden on calls that succeed. */
  readonly loadFailures?: (() => Promise<FailureSpec | undefined>) | undefined;
  /** Values that must never appear in a message. Read anew for every failure, so that a getter can add tokens. */
  readonly secrets: readonly (string | undefined)[];
}

/** A provider's own part of understanding failures; the shared rules do the rest. */
export interface FailureSpec {
  /** Response headers that hold the request id, first found wins. Default `x-request-id`. */
  readonly requestIdHeaders?: readonly string[] | undefined;
  /** Fields of the body that hold the request id where no header does, beside `request_id`. */
  readonly requestIdFields?: readonly string[] | undefined;
  /** The request id in the message, as its first group, where nothing else holds it. */
  readonly requestIdInWords?: RegExp | undefined;
  /** Asked before the shared rules; the first verdict wins. */
  readonly rules?: readonly FailureRule[] | undefined;
  /** Retry hints at places of the provider's own, in milliseconds. The shared ones are asked first. */
  readonly retryAfter?: ((failure: UnderstoodFailure) => number | undefined) | undefined;
}

/** A failure whose envelope was opened. */
export interface UnderstoodFailure extends WireFailure {
  /** The error's own text, from whatever field held it; `''` when there was none. */
  readonly message: string;
  /** Every code, type and reason of the envelope, as text, most specific first. */
  readonly codes: readonly string[];
  readonly code: string | undefined;
  readonly type: string | undefined;
  readonly param: string | undefined;
  /** The error object inside the body, for `error.error` and details. */
  readonly body: object | undefined;
  header(name: string): string | undefined;
}

/** What a rule says of a failure. */
export interface Verdict {
  readonly kind: ErrorKind;
  readonly retryable?: boolean | undefined;
  /** Where the text alone is useless. */
  readonly message?: string | undefined;
  readonly details?: Readonly<Record<string, unknown>> | undefined;
  readonly fieldErrors?: readonly FieldError[] | undefined;
}

export type FailureRule = (failure: UnderstoodFailure) => Verdict | ErrorKind | undefined;

export type { WireHeaders };

/** How a provider is made. `defineProvider` gives one; the registry loads the built-in ones. */
export interface ProviderDefinition {
  readonly id: string;
  /** What was given with the definition; the client reads `baseURL` and `timeout`. */
  readonly settings?: ProviderSettings | undefined;
  /** What the provider can do; every built-in one says it. */
  readonly declares?: Capabilities | undefined;
  /** Called at the first call to the provider. Throws `ConfigurationError` when a key or address is missing. */
  create(context: ProviderContext): Provider;
}

/** A built-in provider under a name of one's own, with settings of its own; `providerInstance` makes one. */
export interface ProviderInstance {
  /** The id of the built-in provider. */
  readonly base: string;
  readonly settings: ProviderSettings;
  create(context: ProviderContext): Promise<Provider>;
}
