import * as z from 'zod/mini';
import type { Call, Limits, OperationName, ResultOf } from '../contract/call.ts';
import { checkOptions } from '../contract/check-options.ts';
import type { Middleware, Next } from '../contract/middleware.ts';

/** How long each part of an attempt may take, in milliseconds. `Infinity` or `false`: as long as it likes. */
export interface TimeoutOptions {
  /** Until a connection stands. Default 10 000. */
  readonly connect?: number | false | undefined;
  /** Until the first content of a stream; models that think need minutes. Default 300 000. */
  readonly firstToken?: number | false | undefined;
  /** Silence between two reads of an answer. Default 120 000. */
  readonly idle?: number | false | undefined;
  /** The whole attempt. A `timeout` given to the call or the provider takes its place. Default 600 000. */
  readonly attempt?: number | false | undefined;
}

const limit = z.custom<number | false>(
  (value) => value === false || (typeof value === 'number' && value >= 0),
  'milliseconds ≥ 0, Infinity or false',
);

const schema = z.strictObject({
  connect: z._default(limit, 10_000),
  firstToken: z._default(limit, 300_000),
  idle: z._default(limit, 120_000),
  attempt: z._default(limit, 600_000),
});

/**
 * Time limits of every attempt beneath it. The layer only states them; they are kept where the bytes arrive, and running out is
 * a `TimeoutError` whose `phase` says which limit it was.
 *
 * @throws ConfigurationError when an option is wrong.
 * @example
 * createClient({ use: [retry(), timeout({ firstToken: 30_000, idle: 60_000 })] });
 */
export function timeout(options: TimeoutOptions = {}): Middleware {
  const { connect, firstToken, idle, attempt } = checkOptions(schema, options, 'timeout');
  const limits: Limits = {
    connect: inMs(connect),
    firstToken: inMs(firstToken),
    idle: inMs(idle),
    attempt: inMs(attempt),
  };

  return function timeout<K extends OperationName>(call: Call<K>, next: Next): Promise<ResultOf<K>> {
    if (call.options.timeout === undefined) return next({ ...call, limits });
    return next({ ...call, limits: { ...limits, attempt: call.limits.attempt } });
  };
}

const inMs = (limit: number | false): number => (limit === false ? Number.POSITIVE_INFINITY : limit);
