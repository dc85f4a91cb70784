import type { Batch } from '../contract/batches.ts';

/** How far a run is. */
export interface BatchProgress {
  readonly id: string;
  readonly status: Batch['status'];
  readonly total: number;
  readonly completed: number;
  readonly failed: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** US dollars, where prices are known. */
  readonly costUSD?: number | undefined;
}

export function progressOf({ id, status, request_counts, usage, cost_usd }: Batch): BatchProgress {
  return {
    id,
    status,
    total: request_counts?.total ?? 0,
    completed: request_counts?.completed ?? 0,
    failed: request_counts?.failed ?? 0,
    inputTokens: usage?.input_tokens ?? 0,
    outputTokens: usage?.output_tokens ?? 0,
    ...(cost_usd === undefined ? {} : { costUSD: cost_usd }),
  };
}

/** Tells who wants to know. What a listener throws changes nothing. */
export function tellProgress(listener: ((progress: BatchProgress) => void) | undefined, batch: Batch): void {
  try {
    listener?.(progressOf(batch));
  } catch {}
}
