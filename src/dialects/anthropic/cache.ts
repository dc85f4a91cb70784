import type { Call } from '../../contract/call.ts';
import type { CacheControl } from '../../contract/chat.ts';
import { isRecord } from '../chat-rules.ts';
import { dropHint, warn } from '../params.ts';

/** A content block of a request. */
export type Block = { type: string; cache_control?: CacheControl } & Record<string, unknown>;

/** The API refuses more (platform.claude.com/docs, Prompt caching). */
const MOST_BREAKPOINTS = 4;

/** Cache breakpoints of one request, from `cache_control` and from openai's `prompt_cache_breakpoint`. */
export class CacheMarks {
  readonly #call: Call<'chat' | 'stream'>;
  readonly #inherited: unknown;
  readonly #marked: Block[] = [];
  #inherits = false;

  constructor(call: Call<'chat' | 'stream'>) {
    this.#call = call;
    this.#inherited = call.request.prompt_cache_options?.ttl;
  }

  /** Marks a block when the part, message or tool that it was made from asks for it. */
  mark(block: Block | undefined, source: object): void {
    if (block === undefined || block.type === 'thinking' || block.type === 'redacted_thinking') return;
    const control = this.#controlOf(source as Record<string, unknown>);
    if (control === undefined) return;
    if (block.cache_control === undefined) this.#marked.push(block);
    block.cache_control = control;
  }

  /** Called when all blocks are there: takes off what is too many and speaks of hints that went nowhere. */
  finish(): void {
    if (this.#call.request.prompt_cache_options && !this.#inherits) dropHint(this.#call, 'prompt_cache_options');
    // the first ends tools or system, which all conversations share; the last ones end the longest prefixes
    const surplus = this.#marked.splice(1, this.#marked.length - MOST_BREAKPOINTS);
    if (surplus.length === 0) return;
    for (const block of surplus) delete block.cache_control;
    warn(this.#call, `anthropic takes ${MOST_BREAKPOINTS} cache breakpoints; sent without ${surplus.length} in the middle`);
  }

  #controlOf(source: Record<string, unknown>): CacheControl | undefined {
    if (isRecord(source.cache_control)) return source.cache_control as unknown as CacheControl;
    if (!isRecord(source.prompt_cache_breakpoint)) return undefined;
    const own = source.prompt_cache_breakpoint.ttl;
    if (own === undefined && this.#inherited !== undefined) this.#inherits = true;
    const ttl = own ?? this.#inherited;
    if (ttl === undefined || ttl === '5m') return { type: 'ephemeral' };
    if (ttl !== '1h' && ttl !== '30m') warn(this.#call, `anthropic caches for an hour at most, not ${String(ttl)}`);
    return { type: 'ephemeral', ttl: '1h' };
  }
}
