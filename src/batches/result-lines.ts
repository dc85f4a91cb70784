import type { BatchLineAnswer, BatchResultLine } from '../contract/batches.ts';
import type { LineTokens, StoredResult } from './store.ts';

/** How result files are written: `openai`, or as the llama-stack server does (bodies as text, errors of its own shape). */
export type ResultFormat = 'openai' | 'llama-stack';

/** The line of a request that was run, whatever became of it. */
export function answeredLine(customId: string, { status, requestId, body }: BatchLineAnswer): BatchResultLine {
  return { id: lineId(), custom_id: customId, response: { status_code: status, request_id: requestId, body }, error: null };
}

const NEVER_RUN = {
  batch_expired: 'This request could not be executed before the completion window expired.',
  batch_cancelled: 'This request was not executed because the batch was cancelled.',
} as const;

/** The line of a request that was never run. */
export function unrunLine(customId: string, code: keyof typeof NEVER_RUN): BatchResultLine {
  return { id: lineId(), custom_id: customId, response: null, error: { code, message: NEVER_RUN[code] } };
}

const lineId = (): string => `batch_req_${crypto.randomUUID().replaceAll('-', '')}`;

/** A line as it stands in a result file, with its end. */
export function written({ line }: Pick<StoredResult, 'line'>, format: ResultFormat): string {
  return `${JSON.stringify(format === 'openai' ? line : asLlamaStack(line))}\n`;
}

function asLlamaStack({ id, custom_id, response, error }: BatchResultLine): object {
  if (response !== null && response.status_code < 400) {
    return { id, custom_id, response: { ...response, body: JSON.stringify(response.body) } };
  }
  const refused = (response?.body.error as { message?: unknown } | undefined)?.message;
  return { id, custom_id, error: { type: 'request_failed', message: error?.message ?? String(refused ?? 'the request failed') } };
}

/** What an answer adds to the sums of its batch, where it tells. */
export function tokensOf({ body, costUSD }: BatchLineAnswer): LineTokens | undefined {
  const usage = body.usage as Readonly<Record<string, unknown>> | null | undefined;
  if (typeof usage !== 'object' || usage === null) return undefined;
  const details = (name: string, field: string): number =>
    count((usage[name] as Record<string, unknown> | null | undefined)?.[field]);
  return {
    input: count(usage.prompt_tokens),
    cached: details('prompt_tokens_details', 'cached_tokens'),
    output: count(usage.completion_tokens),
    reasoning: details('completion_tokens_details', 'reasoning_tokens'),
    costUSD,
  };
}

const count = (value: unknown): number => (typeof value === 'number' && value > 0 ? value : 0);
