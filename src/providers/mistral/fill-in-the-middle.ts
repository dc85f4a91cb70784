import type { Call } from '../../contract/call.ts';
import type { WireMessage } from '../../contract/wire.ts';
import { refuseUnknown, unsupported } from '../../dialects/params.ts';
import { isSet, ownFields, temperatureOf } from './encode.ts';

const SAME = ['suffix', 'max_tokens', 'top_p', 'stop'] as const;

const KNOWN: ReadonlySet<string> = new Set([
  ...SAME,
  'prompt',
  'temperature',
  'seed',
  'n',
  'best_of',
  'echo',
  'stream_options',
  'providerOptions',
]);

/** Text completions of the Codestral models, by `/fim/completions`: what stands between `prompt` and `suffix`. */
export function completionEncoder<K extends 'complete' | 'completeStream'>(streams: boolean): (call: Call<K>) => WireMessage {
  return (call) => {
    const { request } = call;
    refuseUnknown(call, request, KNOWN);
    for (const param of ['n', 'best_of'] as const) {
      if (isSet(request[param]) && request[param] !== 1) unsupported(call, param, 'Mistral completes a text once');
    }
    if (request.echo === true) unsupported(call, 'echo');
    const { prompt } = request;
    const only: unknown = Array.isArray(prompt) && prompt.length === 1 ? prompt[0] : prompt;
    if (typeof only !== 'string') unsupported(call, 'prompt', 'Mistral completes one text, not several and no token numbers');
    const body: Record<string, unknown> = { model: call.target.model, prompt: only, ...temperatureOf(call) };
    for (const param of SAME) if (isSet(request[param])) body[param] = request[param];
    if (isSet(request.seed)) body.random_seed = request.seed;
    if (streams) body.stream = true;
    return { path: '/v1/fim/completions', body: { ...body, ...ownFields(call) } };
  };
}
