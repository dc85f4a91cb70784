import type { Call } from '../contract/call.ts';
import type { TokenCounts } from '../contract/catalogue.ts';
import type { Attempt } from '../errors/attempt.ts';
import type { LLMError } from '../errors/catalogue.ts';
import type { PartialOutput } from '../errors/partial.ts';

/**
 * Writes onto an attempt that has ended what it used and cost: by the counts of the provider, otherwise estimated where it ended
 * early. What is unknown stays absent.
 *
 * @param usage what the provider counted.
 * @param written what had come of an answer that ended early; `null` for nothing.
 */
export function bill(attempt: Attempt, call: Call, usage: TokenCounts | undefined, written?: PartialOutput | null): void {
  const catalogue = call.catalogue();
  if (catalogue instanceof Promise) return; // it is loaded before any answer is handed on
  const { target, request } = call;
  const counted = usage ?? (written === undefined ? undefined : catalogue.estimateUsage(target, request, written ?? undefined));
  const cost = catalogue.cost(target, counted, (request as { documents?: readonly unknown[] }).documents?.length);
  const entry = attempt as { -readonly [K in keyof Attempt]: Attempt[K] };
  if (counted !== undefined) entry.usage = counted;
  if (cost !== undefined) entry.costUSD = cost;
  if (usage === undefined && counted !== undefined) entry.estimated = true;
}

/** Whether the provider was at work on the prompt when an attempt without an answer ended. */
export const wasAtWork = (error: LLMError): boolean =>
  error.kind === 'aborted' || (error.kind === 'timeout' && error.phase !== 'connect' && error.phase !== 'server');
