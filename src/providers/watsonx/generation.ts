import type { Completion, CompletionChoice } from 'openai/resources/completions';
import type { Call } from '../../contract/call.ts';
import type { DecodeContext, StreamDecoder } from '../../contract/codec.ts';
import type { Usage } from '../../contract/usage.ts';
import type { WireMessage } from '../../contract/wire.ts';
import { createdAt, FILTERED, finishFailure, finishReason, isRecord, tokenUsage } from '../../dialects/chat-rules.ts';
import { refuseUnknown, unsupported } from '../../dialects/params.ts';
import { parsed, passWarnings, statusOf } from './chat.ts';
import type { WatsonxPlace } from './place.ts';
import { optionsOf, placed, withOptions } from './place.ts';

type CompleteCall = Call<'complete' | 'completeStream'>;

const KNOWN: ReadonlySet<string> = new Set([
  'prompt',
  'max_tokens',
  'temperature',
  'top_p',
  'stop',
  'seed',
  'n',
  'best_of',
  'echo',
  'stream_options',
  'providerOptions',
]);

/** Legacy text completions, by `text/generation`. */
export function generationEncoder<K extends 'complete' | 'completeStream'>(
  place: WatsonxPlace,
  streams: boolean,
): (call: Call<K>) => WireMessage {
  const method = streams ? '/text/generation_stream' : '/text/generation';
  return (call) => {
    const { path, fields } = placed(place, call as Call, method);
    const { request } = call;
    refuseUnknown(call as Call, request, KNOWN);
    for (const param of ['n', 'best_of'] as const) {
      if ((request[param] ?? 1) !== 1) unsupported(call as Call, param, 'there is one continuation');
    }
    if (request.echo === true) unsupported(call as Call, 'echo');
    const body = { ...fields, input: promptOf(call), parameters: parametersOf(call) };
    return { path, body: withOptions(body, optionsOf(call)) };
  };
}

function parametersOf({ request }: CompleteCall): Record<string, unknown> {
  const { max_tokens, temperature, top_p, stop, seed } = request;
  const parameters: Record<string, unknown> = {
    max_new_tokens: max_tokens,
    temperature: temperature === 0 ? undefined : temperature,
    top_p,
    stop_sequences: typeof stop === 'string' ? [stop] : stop,
    random_seed: seed,
  };
  if (temperature === 0) parameters.decoding_method = 'greedy';
  else if ((temperature ?? top_p ?? seed ?? undefined) !== undefined) parameters.decoding_method = 'sample';
  return Object.fromEntries(Object.entries(parameters).filter(([, value]) => value !== undefined && value !== null));
}

function promptOf(call: CompleteCall): string {
  const { prompt } = call.request;
  const single: unknown = Array.isArray(prompt) && prompt.length === 1 ? prompt[0] : (prompt ?? '');
  if (typeof single === 'string') return single;
  unsupported(call as Call, 'prompt', 'one text is completed at a time, not lists or token numbers');
  return Array.isArray(single) ? String(single[0] ?? '') : '';
}

export function decodeGeneration(body: unknown, context: DecodeContext<'complete'>): Completion {
  const result = resultOf(body, context);
  if (result === undefined) throw context.invalid('no "results" in the answer');
  passWarnings(body, context);
  const text = typeof result.generated_text === 'string' ? result.generated_text : '';
  const choice = { ...choiceOf(text, finishOf(result, context) ?? 'length'), ...moderationsOf(result) };
  if (choice.finish_reason === 'content_filter') throw context.failure(FILTERED);
  return { ...headOf(body, context), choices: [choice], usage: usageOf(result) };
}

/** Texts come as deltas; the counts grow, and those of the prompt may come once only. */
export class GenerationStreamDecoder implements StreamDecoder<Completion> {
  finished = false;
  readonly #context: DecodeContext<'completeStream'>;
  #head: Omit<Completion, 'choices'> | undefined;
  #prompt = 0;
  #generated = 0;

  constructor(context: DecodeContext<'completeStream'>) {
    this.#context = context;
  }

  get done(): boolean {
    return this.finished;
  }

  event(data: string, name: string, out: Completion[]): void {
    const body = parsed(data);
    if (name === 'error' && !isRecord(body)) throw this.#context.failure({ error: { message: data.trim() } });
    if (data.trim() === '[DONE]' || data.trim() === '') return;
    if (!isRecord(body)) throw this.#context.invalid('an event of the stream is no JSON');
    if (name === 'error') throw this.#context.failure(body, statusOf(body));
    this.whole(body, out);
  }

  whole(body: unknown, out: Completion[]): void {
    const result = resultOf(body, this.#context);
    passWarnings(body, this.#context);
    if (result === undefined) return;
    this.#head ??= headOf(body, this.#context);
    this.#prompt = Math.max(this.#prompt, countOf(result.input_token_count));
    this.#generated = Math.max(this.#generated, countOf(result.generated_token_count));
    const text = typeof result.generated_text === 'string' ? result.generated_text : '';
    const finish = finishOf(result, this.#context);
    if (text !== '' || finish !== null)
      out.push({ ...this.#head, choices: [{ ...choiceOf(text, finish), ...moderationsOf(result) }] });
    if (finish !== null) this.finished = true;
  }

  end(out: Completion[]): void {
    if (this.#head === undefined) return;
    out.push({ ...this.#head, choices: [], usage: tokenUsage({ prompt: this.#prompt, completion: this.#generated }) });
  }
}

function resultOf(body: unknown, context: DecodeContext): Record<string, unknown> | undefined {
  if (!isRecord(body)) throw context.invalid('the answer is no JSON object');
  if (Array.isArray(body.errors) || body.error) throw context.failure(body, statusOf(body));
  const [result]: readonly unknown[] = Array.isArray(body.results) ? body.results : [];
  return isRecord(result) ? result : undefined;
}

/** `null` while the text goes on. A text that a filter took away as a whole ends with `content_filter`. */
function finishOf(result: Record<string, unknown>, context: DecodeContext): CompletionChoice['finish_reason'] | null {
  const { stop_reason: reason, generated_text: text, moderations } = result;
  if (typeof reason !== 'string' || reason === '' || reason.toLowerCase() === 'not_finished') return null;
  const failure = finishFailure(reason.toLowerCase());
  if (failure !== undefined) throw context.failure(failure);
  const flagged = isRecord(moderations) && Object.values(moderations).some((found) => Array.isArray(found) && found.length > 0);
  if (flagged && !text && countOf(result.generated_token_count) > 0) return 'content_filter';
  return finishReason(reason, false) === 'length' ? 'length' : 'stop';
}

// openai's type has no null here, though its streams send one in every chunk but the last
const choiceOf = (text: string, finish: CompletionChoice['finish_reason'] | null): CompletionChoice => ({
  text,
  index: 0,
  finish_reason: finish as CompletionChoice['finish_reason'],
  logprobs: null,
});

const moderationsOf = ({ moderations }: Record<string, unknown>): object => (isRecord(moderations) ? { moderations } : {});

function headOf(body: unknown, context: DecodeContext): Omit<Completion, 'choices'> {
  const { created_at, model_id } = isRecord(body) ? body : {};
  const time = typeof created_at === 'string' ? Date.parse(created_at) : Number.NaN;
  return {
    id: `cmpl-${context.call.correlationId}`,
    object: 'text_completion',
    created: Number.isNaN(time) ? createdAt(context) : Math.floor(time / 1000),
    model: typeof model_id === 'string' ? model_id : context.call.target.model,
  };
}

const countOf = (value: unknown): number => (typeof value === 'number' && Number.isFinite(value) ? value : 0);

const usageOf = ({ input_token_count, generated_token_count }: Record<string, unknown>): Usage =>
  tokenUsage({ prompt: countOf(input_token_count), completion: countOf(generated_token_count) });
