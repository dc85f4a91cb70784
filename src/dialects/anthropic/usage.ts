import type { Usage } from '../../contract/usage.ts';
import { isRecord, tokenUsage } from '../chat-rules.ts';

/**
 * Token counts as Anthropic reports them: cached tokens stand beside `input_tokens`, not inside.
 * Every report is the whole account so far, so the latest number of each field counts and nothing is added up.
 */
export class UsageAccount {
  #seen = false;
  #input = 0;
  #output = 0;
  #cacheRead: number | undefined;
  #cacheWrite: number | undefined;
  #thinking: number | undefined;

  report(usage: unknown): void {
    if (!isRecord(usage)) return;
    this.#seen = true;
    this.#input = count(usage.input_tokens) ?? this.#input;
    this.#output = count(usage.output_tokens) ?? this.#output;
    this.#cacheRead = count(usage.cache_read_input_tokens) ?? this.#cacheRead;
    this.#cacheWrite = count(usage.cache_creation_input_tokens) ?? this.#cacheWrite;
    const details = usage.output_tokens_details;
    if (isRecord(details)) this.#thinking = count(details.thinking_tokens) ?? this.#thinking;
  }

  total(): Usage | undefined {
    if (!this.#seen) return undefined;
    return tokenUsage({
      prompt: this.#input + (this.#cacheRead ?? 0) + (this.#cacheWrite ?? 0),
      completion: this.#output,
      cached: this.#cacheRead,
      cacheWrite: this.#cacheWrite,
      reasoning: this.#thinking,
    });
  }
}

const count = (value: unknown): number | undefined => (typeof value === 'number' && value >= 0 ? value : undefined);
