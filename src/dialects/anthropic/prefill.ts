import type { Call } from '../../contract/call.ts';
import type { Prefill } from '../../contract/prefill.ts';
import { familyOf } from './model-families.ts';

const PLAIN: Prefill = {};

/** A Claude that can goes on with its own message by itself, unless it thinks first (Anthropic's documentation, extended thinking). */
export function claudePrefill(call: Call<'stream'>, model: string = call.target.model): Prefill | undefined {
  const { reasoning_effort: effort, providerOptions } = call.request;
  const { thinking } = (providerOptions?.[call.target.provider] ?? {}) as { thinking?: { type?: unknown } };
  const thinks = thinking === undefined ? (effort ?? 'none') !== 'none' : thinking.type !== 'disabled';
  return familyOf(model).prefill && !thinks ? PLAIN : undefined;
}
