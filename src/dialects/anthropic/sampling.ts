import type { Call } from '../../contract/call.ts';
import type { AnthropicOptions } from '../../contract/provider-options.ts';
import { unsupported } from '../params.ts';
import type { ModelFamily } from './model-families.ts';

type ChatCall = Call<'chat' | 'stream'>;

export interface Sampling {
  temperature?: number;
  top_p?: number;
  top_k?: number;
}

/** `temperature`, `top_p` and `top_k` as far as the model takes them. A value that is the model's default anyway is left out. */
export function encodeSampling(
  call: ChatCall,
  options: AnthropicOptions,
  version: string,
  family: ModelFamily,
  thinks: boolean,
): Sampling {
  const sampling: Sampling = {};
  const { temperature, top_p } = call.request;
  const free = !thinks && family.sampling !== 'refused' && !isNewVersion(options.version ?? version);
  const why = thinks ? 'not while the model reasons' : 'this model has no sampling parameters';

  if (temperature !== undefined && temperature !== null) {
    if (temperature > 1 || temperature < 0) unsupported(call, 'temperature', `anthropic takes 0 to 1, not ${temperature}`);
    else if (free) sampling.temperature = temperature;
    else if (temperature !== 1) unsupported(call, 'temperature', why);
  }
  if (top_p !== undefined && top_p !== null) {
    const beside = sampling.temperature !== undefined && family.sampling === 'one';
    if (free && !beside) sampling.top_p = top_p;
    else if (top_p < 0.99) unsupported(call, 'top_p', free ? 'this model takes temperature or top_p, not both' : why);
  }
  if (typeof options.top_k === 'number') {
    if (free) sampling.top_k = options.top_k;
    else unsupported(call, 'top_k', why);
  }
  return sampling;
}

/** From 2026-10-21 on, the API refuses sampling parameters for every model. */
const isNewVersion = (version: string): boolean => version >= '2026-10-21' && /^\d{4}-/.test(version);
