import type { LLMError } from '../errors/catalogue.ts';
import type { DeadlineList } from '../time/deadline-list.ts';
import type { ByteSource } from './byte-source.ts';
import type { Call } from './call.ts';
import type { Confidential } from './confidential.ts';
import type { WireHeaders } from './headers.ts';

/** A request as bytes. Everything that is the same for all calls of a client was prepared once. */
export interface WireRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Scheme, host and port. */
  readonly origin: string;
  /** Path and query. */
  readonly path: string;
  /** Name, value, name, value, …; names in lower case. */
  readonly headers: string[];
  readonly body: string | Uint8Array | ByteSource | undefined;
  /**
   * `false`: nobody will end the exchange before its answer begins (no signal, no deadline, no limit below the 300 s after which
   * Node's fetch gives up by itself). A transport may save what it costs to be ready for it.
   */
  readonly abortable?: boolean | undefined;
}

export type { WireHeaders } from './headers.ts';

/** What a transport calls as an answer arrives. After `end` or `fail` nothing more is called. */
export interface Receiver {
  /** The request is on a connection; a transport that cannot tell calls it at once. */
  connected(): void;
  head(status: number, headers: WireHeaders): void;
  /** The bytes belong to the receiver, but may be a view of a larger read: what is kept for long is copied. */
  data(bytes: Uint8Array): void;
  end(): void;
  /** Refused, reset, DNS, TLS, cut: the transport's own error, not yet a typed one. */
  fail(cause: unknown): void;
}

/** The hand on a running exchange. */
export interface Flow {
  pause(): void;
  resume(): void;
  /** Closes the socket. The receiver hears nothing more. */
  abort(): void;
}

/** How bytes travel: undici on Node, fetch elsewhere, or one of your own. Follows no redirects. */
export interface Transport {
  dispatch(request: WireRequest, receiver: Receiver): Flow;
  /** Closes idle and running connections. */
  close(): Promise<void>;
}

/** What an encoder makes of a call: address and body, nothing of keys and hosts. */
export interface WireMessage {
  /** Default `POST`. */
  readonly method?: 'GET' | 'POST' | 'DELETE' | undefined;
  /** Appended to the base URL; may carry a query. */
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: object | undefined;
  /** Sent as `application/x-www-form-urlencoded`, instead of a body. */
  readonly form?: Readonly<Record<string, string>> | undefined;
  /** Sent as they are, instead of a body. Not signed: connections that sign what they send refuse them. */
  readonly bytes?: { readonly type: string; readonly source: ByteSource } | undefined;
  /** For this call only, names in lower case. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** An answer that is a failure, before it is understood. */
export interface WireFailure {
  /** `undefined` for an error inside a 200 (body or stream) that names no status of its own. */
  readonly status: number | undefined;
  readonly headers: WireHeaders;
  /** The body's text, bounded. */
  readonly text: string;
  /** The body as JSON; `undefined` where it is none. */
  readonly json: unknown;
  /** Where it was found. */
  readonly place: 'status' | 'body' | 'stream';
}

/** A provider's end of the line: it sends, or throws a typed error, nothing else. */
export interface Wire {
  readonly provider: string;
  readonly deadlines: DeadlineList;
  /** Bytes of a whole answer before it is refused. */
  readonly maxResponseBytes: number;
  /** The transport, a promise only while it is being loaded. */
  transport(): Transport | Promise<Transport>;
  /** Address, headers and authorisation; a promise only where a token or signature must be made. */
  prepare(message: WireMessage, call: Call): WireRequest | Promise<WireRequest>;
  /** The typed error of a failure that the provider answered with. Never rejects. */
  explain(failure: WireFailure, call: Call): Promise<LLMError>;
  /** What no error of a call may tell: keys and prompt. */
  confidential(call: Call): Promise<Confidential>;
  /** The provider's id for a request, from its header. */
  requestId(headers: WireHeaders): string | undefined;
}
