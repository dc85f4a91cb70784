import type { Call } from '../../contract/call.ts';
import { isRecord } from '../../dialects/chat-rules.ts';
import { refuseUnknown, unsupported } from '../../dialects/params.ts';
import { promptInput } from './prompt.ts';

type ChatCall = Call<'chat' | 'stream'>;
type Input = Record<string, unknown>;

/** Parameters of openai's that no model takes as an input. */
export const LACKS: readonly string[] = [
  'n',
  'logprobs',
  'top_logprobs',
  'logit_bias',
  'modalities',
  'verbosity',
  'prediction',
  'reasoning_effort',
  'response_format',
];

const SAME_NAME = ['temperature', 'top_p', 'top_k', 'seed', 'presence_penalty', 'frequency_penalty'] as const;

const KNOWN: ReadonlySet<string> = new Set([
  ...SAME_NAME,
  'messages',
  'max_tokens',
  'max_completion_tokens',
  'stop',
  'stream_options',
  'providerOptions',
]);

/** Families whose limit counts the prompt too, and is called otherwise. */
const TOTAL_LENGTH = /vicuna|flan-t5|oasst/;
const NEW_TOKENS = /llama-2|codellama|mistral-7b|mixtral|falcon|mpt/;

/** The prediction's input. Names are the model's own; these are the ones that language models share. */
export function encodeInput(call: ChatCall): Input {
  const { request, target } = call;
  refuseUnknown(call, withoutNeutral(request), KNOWN);
  const given = request as unknown as Readonly<Record<string, unknown>>;
  const input: Input = promptInput(call);
  for (const name of SAME_NAME) if (isSet(given[name])) input[name] = given[name];
  const limit = request.max_completion_tokens ?? request.max_tokens;
  if (isSet(limit)) input[limitName(target.model)] = limit;
  const stop = stopSequences(call);
  if (stop !== undefined) input.stop_sequences = stop;
  const own = ownInput(call);
  for (const [name, value] of Object.entries(own)) {
    if (value === null) delete input[name];
    else input[name] = value;
  }
  return input;
}

const isSet = (value: unknown): boolean => value !== undefined && value !== null;

function limitName(model: string): string {
  if (TOTAL_LENGTH.test(model)) return 'max_length';
  return NEW_TOKENS.test(model) ? 'max_new_tokens' : 'max_tokens';
}

/** Values that ask for what happens anyway. */
function withoutNeutral(request: object): object {
  const kept = Object.entries(request).filter(([name, value]) => {
    if (name === 'n') return value !== 1;
    if (name === 'response_format') return !(isRecord(value) && value.type === 'text');
    if (name === 'modalities') return !(Array.isArray(value) && value.every((modality) => modality === 'text'));
    return value !== false && !(Array.isArray(value) && value.length === 0);
  });
  return Object.fromEntries(kept);
}

/** One string with commas between the sequences: a sequence with a comma of its own cannot be said. */
function stopSequences(call: ChatCall): string | undefined {
  const { stop } = call.request;
  const list = (Array.isArray(stop) ? stop : [stop]).filter((text): text is string => typeof text === 'string' && text !== '');
  if (list.some((text) => text.includes(','))) {
    unsupported(call, 'stop', 'a sequence must not hold a comma');
    return undefined;
  }
  return list.length === 0 ? undefined : list.join(',');
}

function ownInput(call: ChatCall): Input {
  const options = call.request.providerOptions;
  const own = options !== undefined && Object.hasOwn(options, 'replicate') ? options.replicate : undefined;
  return isRecord(own) && isRecord(own.input) ? own.input : {};
}
