import type { Call } from '../../contract/call.ts';
import { isRecord } from '../../dialects/chat-rules.ts';
import { dropHint, warn } from '../../dialects/params.ts';

export type Block = Record<string, unknown>;

/** Converse refuses more. */
const MOST_POINTS = 4;

/** Cache points of one request: blocks of their own that stand after what is to be cached. */
export class CachePoints {
  readonly #call: Call<'chat' | 'stream'>;
  readonly #allowed: boolean;
  readonly #points: { readonly list: Block[]; readonly point: Block }[] = [];
  #refused = false;

  constructor(call: Call<'chat' | 'stream'>, allowed: boolean) {
    this.#call = call;
    this.#allowed = allowed;
  }

  /** Ends the list with a cache point when the part, message or tool that was added last asks for one. */
  after(list: Block[], source: object): void {
    const point = pointOf(source as Block);
    const last = list.at(-1);
    if (point === undefined || last === undefined || 'cachePoint' in last) return;
    if (!this.#allowed) {
      if (!this.#refused) dropHint(this.#call, 'cache_control');
      this.#refused = true;
      return;
    }
    list.push(point);
    this.#points.push({ list, point });
  }

  /** Called when everything is there: takes out what is too many. */
  finish(): void {
    // the first ends tools or system, which all conversations share; the last ones end the longest prefixes
    const surplus = this.#points.splice(1, this.#points.length - MOST_POINTS);
    if (surplus.length === 0) return;
    for (const { list, point } of surplus) list.splice(list.indexOf(point), 1);
    warn(this.#call, `bedrock takes ${MOST_POINTS} cache points; sent without ${surplus.length} in the middle`);
  }
}

function pointOf({ cache_control: control, prompt_cache_breakpoint: breakpoint }: Block): Block | undefined {
  const asked = isRecord(control) ? control : breakpoint;
  if (!isRecord(asked)) return undefined;
  return { cachePoint: { type: 'default', ...(asked.ttl === '1h' ? { ttl: '1h' } : {}) } };
}
