import type { Call } from '../../contract/call.ts';
import { isRecord } from '../../dialects/chat-rules.ts';
import { unsupported, warn } from '../../dialects/params.ts';

/** What chat and text completions have in common: openai's parameters that Cohere has under some name. */
export const SAMPLING: readonly string[] = [
  'temperature',
  'top_p',
  'top_k',
  'seed',
  'stop',
  'max_tokens',
  'max_completion_tokens',
  'frequency_penalty',
  'presence_penalty',
  'n',
];

const MOST_STOPS = 5;

/** Sampling parameters and limits in Cohere's names and bounds. `stops` is the field of stop sequences, which differs by route. */
export function sampling(call: Call, stops: 'stop_sequences' | 'end_sequences'): Record<string, unknown> {
  const given = call.request as Readonly<Record<string, unknown>>;
  const limit = given.max_completion_tokens ?? given.max_tokens;
  const sequences = stopsOf(call, given.stop);
  return {
    ...(isSet(limit) ? { max_tokens: limit } : {}),
    ...(isSet(given.temperature) ? { temperature: given.temperature } : {}),
    // a nucleus of everything is the default, and refused when written out
    ...(isSet(given.top_p) && given.top_p !== 1 ? { p: within(call, 'top_p', given.top_p, 0.01, 0.99) } : {}),
    ...(isSet(given.top_k) ? { k: given.top_k } : {}),
    ...(isSet(given.seed) ? { seed: given.seed } : {}),
    ...(sequences === undefined ? {} : { [stops]: sequences }),
    ...penalty(call, 'frequency_penalty', given.frequency_penalty),
    ...penalty(call, 'presence_penalty', given.presence_penalty),
  };
}

const penalty = (call: Call, name: string, value: unknown): Record<string, unknown> =>
  isSet(value) && value !== 0 ? { [name]: within(call, name, value, 0, 1) } : {};

function within(call: Call, param: string, value: unknown, min: number, max: number): unknown {
  if (typeof value !== 'number' || (value >= min && value <= max)) return value;
  const moved = Math.min(max, Math.max(min, value));
  warn(call, `${call.target.provider} takes "${param}" from ${min} to ${max}; ${value} was sent as ${moved}`);
  return moved;
}

function stopsOf(call: Call, stop: unknown): unknown[] | undefined {
  if (!isSet(stop)) return undefined;
  const sequences: unknown[] = Array.isArray(stop) ? stop : [stop];
  if (sequences.length <= MOST_STOPS) return sequences.length === 0 ? undefined : sequences;
  unsupported(call, 'stop', `Cohere takes ${MOST_STOPS} sequences at most`);
  return undefined;
}

/** One choice is all there is. */
export function refuseChoices(call: Call, n: unknown): void {
  if (isSet(n) && n !== 1) unsupported(call, 'n', 'Cohere gives one choice');
}

/** The fields that a caller gave for this provider alone. */
export function ownFields(call: Call): Readonly<Record<string, unknown>> {
  const all = (call.request as { readonly providerOptions?: Readonly<Record<string, unknown>> }).providerOptions;
  const { provider } = call.target;
  const own = isRecord(all) && Object.hasOwn(all, provider) ? all[provider] : undefined;
  return isRecord(own) ? own : {};
}

export const isSet = (value: unknown): boolean => value !== undefined && value !== null;
