import * as z from 'zod/mini';
import type { Call, OperationName, ResultOf } from '../contract/call.ts';
import { callback, checkOptions } from '../contract/check-options.ts';
import type { Middleware, Next } from '../contract/middleware.ts';
import type { Store } from '../contract/store.ts';
import { ChunkStream } from '../contract/stream.ts';
import { isAnother } from '../contract/target.ts';
import type { AnswerForm, QuestionKey } from '../state/answers/question.ts';
import { formOf, hashOf, questionOf } from '../state/answers/question.ts';
import { givenBack } from './cache/given-back.ts';
import type { Kept } from './cache/record.ts';
import { sealed, unsealed } from './cache/record.ts';
import { Recorder, written } from './cache/recorder.ts';

/** Which answers are kept, where, and for how long. */
export interface CacheOptions {
  /** Milliseconds for which an answer is given again. Default 3 600 000, an hour. */
  readonly ttl?: number | undefined;
  /** Where answers are kept. Default: the client's own store. */
  readonly store?: Pick<Store, 'answers'> | undefined;
  /**
   * What makes two calls equal. Gets the call and what it asks, as canonical JSON; returns another text, for example with the
   * tenant in front, or `undefined` to let the call pass. Only a hash of the text becomes the key. Default: the question itself.
   */
  readonly key?: QuestionKey | undefined;
  /** Whether the cache has to do with a call at all. Default: with every one. */
  readonly when?: ((call: Call) => boolean) | undefined;
  /** Bytes of the longest answer that is kept, as it is stored. Default 1 048 576. */
  readonly maxBytes?: number | undefined;
}

const POSITIVE = 'a number of milliseconds > 0';
const BYTES = 'a whole number of bytes ≥ 1';

// made when a layer is, so that programs without one do not carry it
const schema = () =>
  z.strictObject({
    ttl: z._default(z.number(POSITIVE).check(z.gt(0, POSITIVE)), 3_600_000),
    store: z.optional(z.custom<Pick<Store, 'answers'>>(isStore, 'a store, as memoryStore() makes them')),
    key: z._default(callback<QuestionKey>(), () => asItIs),
    when: z._default(callback<(call: Call) => boolean>(), () => always),
    maxBytes: z._default(z.int(BYTES).check(z.gte(1, BYTES)), 1024 * 1024),
  });

const asItIs: QuestionKey = (_, question) => question;
const always = (): boolean => true;

function isStore(value: unknown): boolean {
  const { answers } = (value ?? {}) as { answers?: { get?: unknown; set?: unknown; delete?: unknown } };
  return [answers?.get, answers?.set, answers?.delete].every((method) => typeof method === 'function');
}

/**
 * Gives the answer to an equal question again: same model at the same provider and address, same messages and parameters, of the
 * last `ttl` milliseconds. Chat, text completions, embeddings and rerank; whole or streamed, each from the other's record.
 * Sampled answers too: with a temperature above 0 a repeated call gets the first answer.
 *
 * An answer is kept when it ended well and the call's own target gave it. A hit costs nothing: no attempt, `route.cached`, and a
 * `cache-hit` event. `{ cache: 'refresh' }` or `'skip'` in the options of a call go past it.
 *
 * @throws ConfigurationError when an option is wrong.
 * @example
 * createClient({ use: [cache({ ttl: 600_000 }), fallback([…]), retry()] });
 */
export function cache(options: CacheOptions = {}): Middleware {
  const { ttl, store, key: keyOf, when, maxBytes } = checkOptions(schema(), options, 'cache');
  /** Writes under way: a call that follows one at once finds its answer. */
  const writes = new Map<string, Promise<void>>();

  const answersOf = (call: Call): Store['answers'] => (store ?? call.store).answers;

  async function lookUp<K extends OperationName>(key: string, form: AnswerForm, call: Call<K>): Promise<Found<K> | undefined> {
    await writes.get(key);
    const answers = answersOf(call);
    const text = await answers.get(key, call);
    if (text === undefined) return undefined;
    try {
      const kept = await unsealed(key, text, form);
      const result = await givenBack(kept, call);
      return result && { result, by: kept.label.by };
    } catch {
      await answers.delete(key, call);
      return undefined;
    }
  }

  function keep(key: string, kept: Kept | undefined, call: Call): void {
    if (kept === undefined) return;
    const { pool } = call.target;
    const { provider, model, memberOf } = call.trail.winner ?? call.target;
    const label = pool === undefined ? kept.label : { ...kept.label, by: { provider, model, memberOf } };
    const write = async (): Promise<void> => {
      const text = await sealed(key, { ...kept, label }, maxBytes);
      if (text !== undefined) await answersOf(call).set(key, text, ttl, call);
    };
    const writing = write()
      .catch(() => {}) // an answer that cannot be kept is still an answer
      .then(() => {
        if (writes.get(key) === writing) writes.delete(key);
      });
    writes.set(key, writing);
  }

  function keepLater(key: string, form: AnswerForm, stream: ChunkStream<object>, call: Call): void {
    const recorder = new Recorder(form, maxBytes);
    stream.observe(recorder);
    stream.onSettled((settlement) => {
      if (settlement === 'success' && !stream.rawRead && answeredByTarget(call)) keep(key, recorder.kept(stream.usage), call);
    });
  }

  return async function cache<K extends OperationName>(call: Call<K>, next: Next): Promise<ResultOf<K>> {
    const form = formOf(call.operation);
    if (form === undefined || call.options.cache === 'skip' || !when(call)) return next(call);
    const question = questionOf(call);
    const text = question === undefined ? undefined : keyOf(call, question);
    if (text === undefined) return next(call);
    const key = `cache:${await hashOf(`${form}\n${text}`)}`;
    if (call.options.cache !== 'refresh') {
      const found = await lookUp(key, form, call).catch(() => undefined); // a store that fails knows nothing
      if (found !== undefined) {
        const target = found.by === undefined ? call.target : { ...found.by, baseURL: '' };
        call.report({ type: 'cache-hit', target, source: 'cache' });
        return found.result;
      }
    }
    const result = await next(call);
    if (answeredElsewhere(call)) return result;
    // who has answered a stream is known at its end: it may have been resumed elsewhere
    if (result instanceof ChunkStream) keepLater(key, form, result as unknown as ChunkStream<object>, call);
    else if (answeredByTarget(call)) keep(key, written(form, result as object), call);
    return result;
  };
}

interface Found<K extends OperationName> {
  readonly result: ResultOf<K>;
  readonly by: Kept['label']['by'];
}

/** A fallback's answer, and what a layer made up, is not the answer of the model that was asked. */
function answeredByTarget(call: Call): boolean {
  const { attempts, winner } = call.trail;
  return winner !== undefined && !answeredElsewhere(call) && attempts.some(({ outcome }) => outcome === 'success');
}

const answeredElsewhere = ({ trail: { winner }, target }: Call): boolean => winner !== undefined && isAnother(winner, target);
