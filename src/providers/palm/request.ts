import type { Call } from '../../contract/call.ts';
import type { DecodeContext } from '../../contract/codec.ts';
import { FILTERED, isRecord } from '../../dialects/chat-rules.ts';
import { unsupported } from '../../dialects/params.ts';
import { BadRequestError } from '../../errors/provider-errors.ts';

const MOST_STOPS = 5;
const MOST_CANDIDATES = 8;

/** Text models answer to `generateText` only. */
export const isTextModel = (model: string): boolean => /(?:^|\/)(?:text|code)-/.test(model);

/**
 * The path of a method of the call's model.
 *
 * @throws BadRequestError for a name that would lead to another path.
 */
export function methodPath(call: Call, method: string): string {
  const { provider, model } = call.target;
  const name = model.replace(/^models\//, '');
  if (name !== '' && name !== '.' && name !== '..') return `/models/${encodeURIComponent(name)}:${method}`;
  throw new BadRequestError({ message: `"${model}" is not the name of a model`, provider, model, param: 'model' });
}

/** The caller's settings for this provider alone. */
export function optionsOf(call: Call): object {
  const { providerOptions } = call.request as { readonly providerOptions?: Readonly<Record<string, unknown>> };
  const options = providerOptions?.[call.target.provider];
  return isRecord(options) ? options : {};
}

export function samplingOf(request: object): object {
  const { temperature, top_p, top_k, n } = request as Readonly<Record<string, unknown>>;
  const sampling = { temperature, topP: top_p, topK: top_k, candidateCount: n === 1 ? undefined : n };
  return Object.fromEntries(Object.entries(sampling).filter(([, value]) => value !== undefined && value !== null));
}

export function stopsOf(call: Call, stop: unknown): object {
  if (stop === undefined || stop === null) return {};
  const stopSequences: readonly unknown[] = Array.isArray(stop) ? stop : [stop];
  if (stopSequences.length <= MOST_STOPS) return { stopSequences };
  unsupported(call, 'stop', `it takes ${MOST_STOPS} sequences at most`);
  return {};
}

/**
 * The candidates of an answer, at least one.
 *
 * @throws ContentPolicyViolationError when filters took them all away.
 */
export function candidatesOf(body: unknown, context: DecodeContext): readonly Record<string, unknown>[] {
  if (!isRecord(body)) throw context.invalid('the answer is no JSON object');
  refuseError(body, context);
  const { candidates, filters } = body;
  const found = Array.isArray(candidates) ? candidates.filter(isRecord).slice(0, MOST_CANDIDATES) : [];
  if (found.length > 0) return found;
  if (!Array.isArray(filters)) throw context.invalid('no "candidates" in the answer');
  const reasons = filters.flatMap((filter) => (isRecord(filter) && typeof filter.reason === 'string' ? filter.reason : []));
  const message = `the answer was filtered (${reasons.join(', ') || 'no reason given'})`;
  throw context.failure({ error: { ...FILTERED.error, message, metadata: { reasons: filters.slice(0, MOST_CANDIDATES) } } });
}

/** Google's envelope inside a 200. */
export function refuseError({ error }: Record<string, unknown>, context: DecodeContext): void {
  if (!isRecord(error)) return;
  const { code } = error;
  throw context.failure({ error }, typeof code === 'number' && code >= 400 && code < 600 ? code : undefined);
}
