import type { AnswerStore, MaybePromise, StoreContext } from '../contract/store.ts';
import type { Link } from './link.ts';
import type { Script } from './script.ts';
import { script } from './script.ts';

const GET = script(
  'GetAnswer',
  `
local kept = redis.call('HMGET', KEYS[1], 'answer', 'ends')
return kept[1] and tonumber(kept[2]) > now and kept[1]
`,
);

/** ARGV: now, answer, time to live. */
const SET = script(
  'SetAnswer',
  `
local ttl = tonumber(ARGV[3])
if ttl <= 0 then return redis.call('DEL', KEYS[1]) end
redis.call('HSET', KEYS[1], 'answer', ARGV[2], 'ends', text(now + ttl))
keep(ttl)
return 1
`,
);

const DELETE = script('DeleteAnswer', "return redis.call('DEL', KEYS[1])\n");

export const ANSWER_SCRIPTS: readonly Script[] = [GET, SET, DELETE];

export class RedisAnswers implements AnswerStore {
  readonly #link: Link;
  readonly #local: AnswerStore;

  constructor(link: Link, local: AnswerStore) {
    this.#link = link;
    this.#local = local;
  }

  get(key: string, context: StoreContext): MaybePromise<string | undefined> {
    return this.#link.take(
      {
        script: GET,
        key: `answer:${key}`,
        args: [],
        read: (reply) => (typeof reply === 'string' ? reply : undefined),
        local: () => this.#local.get(key, context),
      },
      context,
    );
  }

  set(key: string, answer: string, ttlMs: number, context: StoreContext): MaybePromise<void> {
    const local = (): MaybePromise<void> => this.#local.set(key, answer, ttlMs, context);
    return this.#link.take({ script: SET, key: `answer:${key}`, args: [answer, ttlMs], read: () => {}, local }, context);
  }

  delete(key: string, context: StoreContext): MaybePromise<void> {
    this.#local.delete(key, context);
    return this.#link.take({ script: DELETE, key: `answer:${key}`, args: [], read: () => {}, local: () => {} }, context);
  }
}
