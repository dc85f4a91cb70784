import type { Batch } from '../contract/batches.ts';
import type { LineTokens } from './store.ts';

/** What the lines of a batch have come to. */
export interface BatchSums extends LineTokens {
  readonly completed: number;
  readonly failed: number;
}

/** A batch with its counts, usage and cost, which stores keep beside it. */
export function withSums(batch: Batch, { completed, failed, input, cached, output, reasoning, costUSD }: BatchSums): Batch {
  return {
    ...batch,
    request_counts: { total: batch.request_counts?.total ?? 0, completed, failed },
    usage: {
      input_tokens: input,
      input_tokens_details: { cached_tokens: cached },
      output_tokens: output,
      output_tokens_details: { reasoning_tokens: reasoning },
      total_tokens: input + output,
    },
    ...(costUSD === undefined ? {} : { cost_usd: costUSD }),
  };
}
