import * as z from 'zod/mini';
import type { Call, OperationName, ResultOf } from '../contract/call.ts';
import { callback, checkOptions, milliseconds } from '../contract/check-options.ts';
import { headerEntries } from '../contract/headers.ts';
import { givenKey } from '../contract/idempotency.ts';
import type { Middleware, Next } from '../contract/middleware.ts';
import { canonicalJson } from '../state/answers/canonical-json.ts';
import type { QuestionKey } from '../state/answers/question.ts';
import { formOf, questionOf } from '../state/answers/question.ts';
import { Flight } from './coalesce/flight.ts';

/** Which calls share one, and what a shared stream may keep. */
export interface CoalesceOptions {
  /**
   * What makes two calls equal. Gets the call and what it asks, as canonical JSON; returns another text, for example with the
   * tenant in front, or `undefined` to let the call go alone. Default: the question itself.
   */
  readonly key?: QuestionKey | undefined;
  /** Whether a call may be shared at all. Default: every one. */
  readonly when?: ((call: Call) => boolean) | undefined;
  /** Bytes of a stream that are kept for those who join late or read slowly. Later ones begin a call of their own. Default 1 048 576. */
  readonly maxBytes?: number | undefined;
  /**
   * Milliseconds for which a reader that is `maxBytes` behind may hold the others up. Its stream then ends with
   * `StreamInterruptedError`, code `slow_reader`. Default 10 000.
   */
  readonly maxPause?: number | undefined;
}

const BYTES = 'a whole number of bytes ≥ 1';

// made when a layer is, so that programs without one do not carry it
const schema = () =>
  z.strictObject({
    key: z._default(callback<QuestionKey>(), () => asItIs),
    when: z._default(callback<(call: Call) => boolean>(), () => always),
    maxBytes: z._default(z.int(BYTES).check(z.gte(1, BYTES)), 1024 * 1024),
    maxPause: z._default(milliseconds, 10_000),
  });

const asItIs: QuestionKey = (_, question) => question;
const always = (): boolean => true;

type Flights = Map<string, Flight<OperationName>>;

/**
 * Equal calls that are under way at the same time share one: one request, one bill, an answer for each. A stream is given to late
 * comers from its beginning.
 *
 * Each caller keeps its own signal and deadline: who leaves, leaves alone, and the last one to leave ends the shared call. It runs
 * with the options of the first; who joined has no attempts of its own, a `cache-hit` event (`coalesced`) and `route.cached`.
 * A failure reaches everybody, each with an error of its own.
 *
 * @throws ConfigurationError when an option is wrong.
 * @example
 * createClient({ use: [cache(), coalesce(), fallback([…]), retry()] });
 */
export function coalesce(options: CoalesceOptions = {}): Middleware {
  const { key: keyOf, when, ...limits } = checkOptions(schema(), options, 'coalesce');
  /** Calls under way, of each client. They leave when they are answered. */
  const underWay = new WeakMap<Call['resolve'], Flights>();

  function flightsOf({ resolve }: Call): Flights {
    let flights = underWay.get(resolve);
    if (flights === undefined) {
      flights = new Map();
      underWay.set(resolve, flights);
    }
    return flights;
  }

  function share<K extends OperationName>(key: string, call: Call<K>, next: Next): Promise<ResultOf<K>> {
    const flights = flightsOf(call);
    const flying = flights.get(key) as Flight<K> | undefined;
    if (flying !== undefined) return flying.join(call);
    const flight = new Flight<K>(call, {
      limits,
      over() {
        if (flights.get(key) === (flight as unknown)) flights.delete(key);
      },
      again: (call) => share(key, call, next),
    });
    flights.set(key, flight as unknown as Flight<OperationName>);
    return flight.start(next);
  }

  return async function coalesce<K extends OperationName>(call: Call<K>, next: Next): Promise<ResultOf<K>> {
    if (formOf(call.operation) === undefined || call.options.cache === 'skip' || !when(call)) return next(call);
    const question = questionOf(call);
    const text = question === undefined ? undefined : keyOf(call, question);
    const manner = mannerOf(call);
    if (text === undefined || manner === undefined) return next(call);
    return share(`${manner}\n${text}`, call, next);
  };
}

/** How the call is to be made: calls that are made otherwise are not equal. */
function mannerOf({ operation, request, options }: Call): string | undefined {
  const { timeout, maxRetries, fallbacks, cache, headers } = options;
  const { stream_options } = request as { stream_options?: unknown };
  const entries = headers ? headerEntries(headers).map(([name, value]) => [name.toLowerCase(), value]) : [];
  entries.sort(([a], [b]) => (String(a) < String(b) ? -1 : 1));
  return canonicalJson([operation, stream_options, timeout, maxRetries, fallbacks, givenKey(options), cache, entries]);
}
