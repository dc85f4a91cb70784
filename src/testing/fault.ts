import type { MockFailureName } from '../contract/mock.ts';
import { checkCount, checkDelay } from './checks.ts';
import type { Reply, ReplyOptions } from './reply.ts';
import { longReply, reply } from './reply.ts';

/** A scripted failure, as the functions of {@link fault} make it. May be enqueued any number of times. */
export type Fault = { readonly type: 'fault' } & (
  | {
      readonly name: 'status';
      readonly status: number;
      readonly body: unknown;
      readonly headers: Readonly<Record<string, string>>;
    }
  | { readonly name: 'failure'; readonly failure: MockFailureName; readonly retryAfterSeconds?: number }
  | { readonly name: 'refused'; readonly forMs?: number }
  | { readonly name: 'resetBeforeHeaders' | 'garbage' | 'html' | 'empty' | 'later' }
  | { readonly name: 'resetAfterHeaders' | 'noTerminal'; readonly reply: Reply }
  | { readonly name: 'cutAfter' | 'stall'; readonly chunks: number; readonly reply: Reply }
  | { readonly name: 'drip' | 'slowFirstToken'; readonly ms: number; readonly reply: Reply }
  | { readonly name: 'errorEvent'; readonly chunks: number; readonly failure: MockFailureName; readonly reply: Reply }
);

/** A wait that the provider asks for, in the header or body field of its own. */
export interface FailureOptions {
  readonly retryAfterSeconds?: number;
}

export type ReplyLike = string | ReplyOptions | Reply;

function failure(name: MockFailureName, { retryAfterSeconds }: FailureOptions = {}): Fault {
  if (retryAfterSeconds !== undefined) checkDelay(`fault.${name}.retryAfterSeconds`, retryAfterSeconds, 'seconds');
  return { type: 'fault', name: 'failure', failure: name, ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }) };
}

function counted(name: 'cutAfter' | 'stall' | 'errorEvent', chunks: number): number {
  checkCount(`fault.${name}`, chunks);
  return chunks;
}

function delayed(name: 'drip' | 'slowFirstToken', ms: number, answer: ReplyLike | undefined): Fault {
  checkDelay(`fault.${name}`, ms);
  return { type: 'fault', name, ms, reply: replyFor(answer) };
}

function replyFor(given: ReplyLike | undefined, chunks = 0): Reply {
  if (given === undefined) return longReply(chunks);
  return typeof given === 'object' && 'type' in given ? given : reply(given);
}

/**
 * Every way in which a provider fails. The named failures (`rateLimit` … `auth`) speak the envelope of the provider that is
 * asked; the others happen to the connection or to the body. Where a fault strikes in the middle of an answer, that answer
 * can be given as the last argument.
 */
export const fault: {
  /** Any status with any body: a string is sent as it is, anything else as JSON. */
  status(status: number, body?: unknown, headers?: Readonly<Record<string, string>>): Fault;
  rateLimit(options?: FailureOptions): Fault;
  overloaded(options?: FailureOptions): Fault;
  unavailable(options?: FailureOptions): Fault;
  /** Money or plan is exhausted. */
  quota(): Fault;
  contextWindow(): Fault;
  contentPolicy(): Fault;
  auth(): Fault;
  /**
   * Connection refused. The provider's port is closed as soon as this is next in line and opens again, on the same port,
   * once a connection made by this process was refused. A request that comes in on a connection which stood before is
   * reset instead. Clients in other processes cannot be seen knocking: for them `forMs` says after how many
   * milliseconds the port opens in any case.
   */
  refused(options?: { readonly forMs?: number }): Fault;
  /** A TCP reset once the request was read. */
  resetBeforeHeaders(): Fault;
  /** A TCP reset once status and headers were sent. */
  resetAfterHeaders(answer?: ReplyLike): Fault;
  /** The connection is closed after so many content frames; a whole answer is cut in half. */
  cutAfter(chunks: number, answer?: ReplyLike): Fault;
  /** The connection falls silent after so many content frames and stays open; a whole answer never starts. */
  stall(afterChunks?: number, answer?: ReplyLike): Fault;
  /** A good answer with so many milliseconds before every frame, or every sixteenth of a whole answer. */
  drip(ms: number, answer?: ReplyLike): Fault;
  /** Status 200 and the right content type, but bytes that are not the protocol. */
  garbage(): Fault;
  /** A web page with status 200, as captive portals and misrouted gateways send it. */
  html(): Fault;
  /** Status 200 without a single byte of body. */
  empty(): Fault;
  /** An error event after so many content frames of a 200 stream; for a whole answer, an error as the body of a 200. */
  errorEvent(afterChunks?: number, options?: { readonly failure?: MockFailureName; readonly answer?: ReplyLike }): Fault;
  /** A stream that ends cleanly, but without the protocol's terminal sign. A whole answer is not affected. */
  noTerminal(answer?: ReplyLike): Fault;
  /** A good answer whose first content comes after so many milliseconds; a stream's headers come at once. */
  slowFirstToken(ms: number, answer?: ReplyLike): Fault;
  /**
   * No answer yet, but an id by which to ask for it (`nvidia_nim`, `xai`, `replicate`; elsewhere an empty 202). The request that
   * asks takes what comes next in line: a reply, a failure, or `later()` again. xAI answers so by itself to `deferred: true`.
   */
  later(): Fault;
} = {
  status(status, body = '', headers = {}) {
    checkCount('fault.status', status, 200, 599);
    return { type: 'fault', name: 'status', status, body, headers };
  },
  rateLimit: (options) => failure('rateLimit', options),
  overloaded: (options) => failure('overloaded', options),
  unavailable: (options) => failure('unavailable', options),
  quota: () => failure('quota'),
  contextWindow: () => failure('contextWindow'),
  contentPolicy: () => failure('contentPolicy'),
  auth: () => failure('auth'),
  refused: (options = {}) => ({ type: 'fault', name: 'refused', ...options }),
  resetBeforeHeaders: () => ({ type: 'fault', name: 'resetBeforeHeaders' }),
  resetAfterHeaders: (answer) => ({ type: 'fault', name: 'resetAfterHeaders', reply: replyFor(answer) }),
  cutAfter: (chunks, answer) => ({
    type: 'fault',
    name: 'cutAfter',
    chunks: counted('cutAfter', chunks),
    reply: replyFor(answer, chunks),
  }),
  stall: (chunks = 0, answer) => ({
    type: 'fault',
    name: 'stall',
    chunks: counted('stall', chunks),
    reply: replyFor(answer, chunks),
  }),
  drip: (ms, answer) => delayed('drip', ms, answer),
  garbage: () => ({ type: 'fault', name: 'garbage' }),
  html: () => ({ type: 'fault', name: 'html' }),
  empty: () => ({ type: 'fault', name: 'empty' }),
  errorEvent: (chunks = 0, { failure = 'overloaded', answer } = {}) => ({
    type: 'fault',
    name: 'errorEvent',
    chunks: counted('errorEvent', chunks),
    failure,
    reply: replyFor(answer, chunks),
  }),
  noTerminal: (answer) => ({ type: 'fault', name: 'noTerminal', reply: replyFor(answer) }),
  slowFirstToken: (ms, answer) => delayed('slowFirstToken', ms, answer),
  later: () => ({ type: 'fault', name: 'later' }),
};
