import type { Call } from '../../contract/call.ts';
import type { WireMessage } from '../../contract/wire.ts';
import { isRecord } from '../../dialects/chat-rules.ts';
import { refuseUnknown, unsupported } from '../../dialects/params.ts';
import { ConfigurationError } from '../../errors/setup-errors.ts';
import { type ContainerDialect, containerFields, invocation, optionsOf } from './invocation.ts';

type TextCall = Call<'chat' | 'stream' | 'complete' | 'completeStream'>;
type Given = Readonly<Record<string, unknown>>;

/** Makes the prompt of messages: the chat template of the model behind the endpoint. */
export type ChatTemplate = (messages: readonly object[]) => string;

const KNOWN: ReadonlySet<string> = new Set([
  'messages',
  'prompt',
  'providerOptions',
  'stream_options',
  'max_tokens',
  'max_completion_tokens',
  'temperature',
  'top_p',
  'stop',
  'seed',
  'n',
  'best_of',
  'response_format',
  'frequency_penalty',
  'presence_penalty',
  'logprobs',
  'echo',
]);

/** Requests for containers that continue a text: Hugging Face's TGI and DJL's own format. */
export function textEncoder(
  dialect: ContainerDialect,
  template: ChatTemplate | undefined,
  streams: boolean,
): (call: TextCall) => WireMessage {
  return (call) => {
    refuseUnknown(call, call.request, KNOWN);
    const { parameters, ...fields } = containerFields(call);
    const own = isRecord(parameters) ? parameters : {};
    const body = {
      inputs: promptOf(call, template),
      parameters: { ...parametersOf(call, dialect, streams), ...own },
      ...fields,
      ...(streams ? { stream: true } : {}),
    };
    return invocation(call, body, streams);
  };
}

function promptOf(call: TextCall, template: ChatTemplate | undefined): string {
  const { request } = call;
  const own = optionsOf(call).prompt;
  if (typeof own === 'string') return own;
  if ('messages' in request) {
    if (template !== undefined) return template(request.messages);
    const { provider, model } = call.target;
    throw new ConfigurationError({
      message: `this container continues a text and knows no chat: give providers.${provider}.template, a function that makes a prompt of the messages, or providerOptions.sagemaker.prompt, or use completions`,
      provider,
      model,
      code: 'missing_setting',
      param: `providers.${provider}.template`,
    });
  }
  const prompt: unknown = Array.isArray(request.prompt) && request.prompt.length === 1 ? request.prompt[0] : request.prompt;
  if (typeof prompt !== 'string') unsupported(call, 'prompt', 'the container takes one text');
  return String(prompt);
}

function parametersOf(call: TextCall, dialect: ContainerDialect, streams: boolean): Record<string, unknown> {
  const given: Given = { ...call.request };
  const parameters: Record<string, unknown> = { return_full_text: given.echo === true, details: true };
  const limit = given.max_completion_tokens ?? given.max_tokens;
  if (isSet(limit)) parameters.max_new_tokens = limit;
  sampling(given, parameters);
  if (isSet(given.stop)) parameters.stop = Array.isArray(given.stop) ? given.stop : [given.stop];
  if (isSet(given.seed)) parameters.seed = given.seed;
  const count = given.n ?? given.best_of;
  if (isSet(count) && count !== 1) {
    if (count === 2 && dialect === 'tgi' && !streams) parameters.best_of = 2;
    else unsupported(call, isSet(given.n) ? 'n' : 'best_of', 'the container gives one answer');
  }
  for (const name of ['frequency_penalty', 'presence_penalty', 'logprobs']) if (given[name]) unsupported(call, name);
  format(call, dialect, parameters);
  return parameters;
}

/** TGI refuses a temperature of 0 and a `top_p` of 1: they mean no sampling and no limit. */
function sampling({ temperature, top_p }: Given, parameters: Record<string, unknown>): void {
  if (temperature === 0) parameters.do_sample = false;
  else if (isSet(temperature)) Object.assign(parameters, { temperature, do_sample: true });
  if (isSet(top_p) && top_p !== 1) parameters.top_p = top_p;
}

function format(call: TextCall, dialect: ContainerDialect, parameters: Record<string, unknown>): void {
  const { response_format: wanted }: Given = { ...call.request };
  if (!isRecord(wanted) || wanted.type === 'text') return;
  const schema = isRecord(wanted.json_schema) ? wanted.json_schema.schema : undefined;
  if (dialect === 'tgi' && isRecord(schema)) parameters.grammar = { type: 'json', value: schema };
  else unsupported(call, 'response_format', 'only TGI has it, and with a schema');
}

const isSet = (value: unknown): boolean => value !== undefined && value !== null;
