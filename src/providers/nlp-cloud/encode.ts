import type { Call } from '../../contract/call.ts';
import type { WireMessage } from '../../contract/wire.ts';
import { isRecord } from '../../dialects/chat-rules.ts';
import { refuseUnknown, unsupported } from '../../dialects/params.ts';
import { conversationOf, inAlternation, writtenOut } from './conversation.ts';

type ChatCall = Call<'chat' | 'stream'>;
type TextCall = Call<'complete' | 'completeStream'>;
type Body = Record<string, unknown>;

/** What stands in the path around the model's name. */
export interface Route {
  /** `/gpu`, or nothing. */
  readonly gpu: string;
  /** `/fra_Latn`, or nothing; before the model. */
  readonly language: string;
}

/** Parameters of openai's without a counterpart. `repetition_penalty` has another scale than openai's penalties. */
export const LACKS: readonly string[] = [
  'seed',
  'logprobs',
  'top_logprobs',
  'logit_bias',
  'frequency_penalty',
  'presence_penalty',
  'modalities',
  'verbosity',
  'prediction',
  'reasoning_effort',
  'response_format',
];

const SAMPLING = ['temperature', 'top_p', 'top_k'] as const;
const COMMON = [...SAMPLING, 'max_tokens', 'max_completion_tokens', 'n', 'stop', 'stream_options', 'providerOptions'] as const;
const CHAT_KNOWN: ReadonlySet<string> = new Set([...COMMON, 'messages']);
const TEXT_KNOWN: ReadonlySet<string> = new Set([...COMMON, 'prompt', 'best_of', 'echo']);
const EMBED_KNOWN: ReadonlySet<string> = new Set(['input', 'encoding_format', 'providerOptions']);

const pathOf = ({ target }: Call, { gpu, language }: Route, task: string): string =>
  `${gpu}${language}/${target.model.split('/').map(encodeURIComponent).join('/')}/${task}`;

export function chatEncoder<K extends 'chat' | 'stream'>(route: Route, streams: boolean): (call: Call<K>) => WireMessage {
  return (call) => {
    refuseUnknown(call, withoutNeutral(call.request), CHAT_KNOWN);
    const parameters = parametersOf(call);
    const conversation = conversationOf(call);
    const stream = streams ? { stream: true } : {};
    const history = Object.keys(parameters).length === 0 ? inAlternation(conversation) : undefined;
    if (history !== undefined) return { path: pathOf(call, route, 'chatbot'), body: { ...history, ...stream } };
    return { path: pathOf(call, route, 'generation'), body: generation(writtenOut(conversation), parameters, stream) };
  };
}

export function completionEncoder<K extends 'complete' | 'completeStream'>(
  route: Route,
  streams: boolean,
): (call: Call<K>) => WireMessage {
  return (call) => {
    refuseUnknown(call, withoutNeutral(call.request), TEXT_KNOWN);
    const { echo, best_of: best } = call.request;
    if (best !== undefined && best !== null && best !== 1) unsupported(call, 'best_of');
    const body = generation(promptOf(call), parametersOf(call), streams ? { stream: true } : {});
    return { path: pathOf(call, route, 'generation'), body: { ...body, ...(echo === true ? { remove_input: false } : {}) } };
  };
}

/** Without these two flags the limit counts the prompt and the answer repeats it. */
const generation = (text: string, parameters: Body, stream: Body): Body => ({
  text,
  length_no_input: true,
  remove_input: true,
  ...parameters,
  ...stream,
});

function parametersOf(call: ChatCall | TextCall): Body {
  const given = call.request as unknown as Readonly<Record<string, unknown>>;
  const body: Body = {};
  for (const name of SAMPLING) if (given[name] !== undefined && given[name] !== null) body[name] = given[name];
  const limit = given.max_completion_tokens ?? given.max_tokens;
  if (limit !== undefined && limit !== null) body.max_length = limit;
  if (typeof given.n === 'number' && given.n !== 1) body.num_return_sequences = given.n;
  const stops = (Array.isArray(given.stop) ? given.stop : [given.stop]).filter((stop) => typeof stop === 'string' && stop !== '');
  if (stops.length > 1) unsupported(call, 'stop', 'it takes one sequence');
  else if (stops.length === 1) Object.assign(body, { end_sequence: stops[0], remove_end_sequence: true });
  const options = call.request.providerOptions;
  const own = options !== undefined && Object.hasOwn(options, 'nlp_cloud') ? options.nlp_cloud : undefined;
  return { ...body, ...own };
}

/** Values that ask for what happens anyway. */
function withoutNeutral(request: object): object {
  const kept = Object.entries(request).filter(([name, value]) => {
    if (name === 'response_format') return !(isRecord(value) && value.type === 'text');
    if (name === 'modalities') return !(Array.isArray(value) && value.every((modality) => modality === 'text'));
    if (name === 'frequency_penalty' || name === 'presence_penalty') return value !== 0;
    return value !== false && !(Array.isArray(value) && value.length === 0);
  });
  return Object.fromEntries(kept);
}

function promptOf(call: TextCall): string {
  const { prompt } = call.request;
  const single: unknown = Array.isArray(prompt) && prompt.length === 1 ? prompt[0] : (prompt ?? '');
  if (typeof single === 'string') return single;
  unsupported(call, 'prompt', 'it completes one text, not lists or token numbers');
  return Array.isArray(single) ? String(single[0] ?? '') : '';
}

export const encodeEmbeddings =
  (route: Route) =>
  (call: Call<'embed'>): WireMessage => {
    refuseUnknown(call, call.request, EMBED_KNOWN);
    const input: unknown = call.request.input;
    const sentences: readonly unknown[] = Array.isArray(input) ? input : [input];
    if (sentences.some((sentence) => typeof sentence !== 'string'))
      unsupported(call, 'input', 'it reads text, not token numbers');
    // models of sentences do not run on the GPU path
    return { path: pathOf(call, { ...route, gpu: '' }, 'embeddings'), body: { sentences } };
  };
