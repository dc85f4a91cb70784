import type { Completion, CompletionChoice } from 'openai/resources/completions';
import type { Call } from '../../contract/call.ts';
import type { DecodeContext, StreamDecoder } from '../../contract/codec.ts';
import type { Usage } from '../../contract/usage.ts';
import type { WireMessage } from '../../contract/wire.ts';
import { createdAt, finishReason, isRecord, tokenUsage } from '../../dialects/chat-rules.ts';
import { refuseUnknown, unsupported } from '../../dialects/params.ts';

type TextCall = Call<'complete' | 'completeStream'>;
type Body = Record<string, unknown>;

const SAME_NAME = [
  'temperature',
  'top_p',
  'top_k',
  'n',
  'best_of',
  'presence_penalty',
  'frequency_penalty',
  'logit_bias',
  'echo',
] as const;

const KNOWN: ReadonlySet<string> = new Set([
  ...SAME_NAME,
  'prompt',
  'max_tokens',
  'stop',
  'logprobs',
  'stream_options',
  'providerOptions',
]);

/** Text completions by the native `/complete`. */
export function completeEncoder<K extends 'complete' | 'completeStream'>(streams: boolean): (call: Call<K>) => WireMessage {
  return (call) => {
    const { request, target } = call;
    refuseUnknown(call, request, KNOWN);
    const given = request as unknown as Readonly<Record<string, unknown>>;
    const body: Body = { model: target.model, prompt: [{ type: 'text', data: promptOf(call) }] };
    if (request.max_tokens !== undefined && request.max_tokens !== null) body.maximum_tokens = request.max_tokens;
    for (const name of SAME_NAME) if (given[name] !== undefined && given[name] !== null) body[name] = given[name];
    const stops = (Array.isArray(request.stop) ? request.stop : [request.stop]).filter(
      (stop) => typeof stop === 'string' && stop !== '',
    );
    if (stops.length > 0) body.stop_sequences = stops;
    if (typeof request.logprobs === 'number') body.log_probs = request.logprobs;
    if (streams) body.stream = true;
    const options = request.providerOptions;
    const own = options !== undefined && Object.hasOwn(options, target.provider) ? options[target.provider] : undefined;
    return { path: '/complete', body: { ...body, ...own } };
  };
}

function promptOf(call: TextCall): string {
  const { prompt } = call.request;
  const single: unknown = Array.isArray(prompt) && prompt.length === 1 ? prompt[0] : (prompt ?? '');
  if (typeof single === 'string') return single;
  unsupported(call, 'prompt', 'it completes one text, not lists or token numbers');
  return Array.isArray(single) ? String(single[0] ?? '') : '';
}

export function decodeComplete(body: unknown, context: DecodeContext): Completion {
  if (!isRecord(body)) throw context.invalid('the answer is not a JSON object');
  if (body.error) throw context.failure(body);
  const { completions } = body;
  if (!Array.isArray(completions) || completions.length === 0) throw context.invalid('no "completions" in the answer');
  const usage = usageOf(body);
  return {
    ...headOf(context),
    choices: completions.filter(isRecord).map((entry, index) => choice(index, text(entry.completion), finishOf(entry))),
    ...(usage === undefined ? {} : { usage }),
  };
}

/** Events that say by `type` what they are: pieces of text, the end of a choice, the token counts. */
export class CompleteStreamDecoder implements StreamDecoder<Completion> {
  done = false;
  #ended = false;
  readonly #context: DecodeContext<'completeStream'>;
  readonly #head: Omit<Completion, 'choices'>;
  #usage: Usage | undefined;

  constructor(context: DecodeContext<'completeStream'>) {
    this.#context = context;
    this.#head = headOf(context);
  }

  get finished(): boolean {
    return this.#ended;
  }

  event(data: string, _name: string, out: Completion[]): void {
    const said = data.trim();
    if (said === '[DONE]') {
      this.done = true;
      return;
    }
    const event = this.#parse(said);
    if (event.error || (event.code && event.type === undefined)) throw this.#context.failure(event);
    const index = typeof event.index === 'number' ? event.index : 0;
    if (event.type === 'stream_chunk') {
      const piece = text(event.completion);
      if (piece !== '') out.push({ ...this.#head, choices: [choice(index, piece, null)] });
    } else if (event.type === 'stream_summary') {
      this.#ended = true;
      out.push({ ...this.#head, choices: [choice(index, '', finishOf(event))] });
    } else if (event.type === 'completion_summary') this.#usage = usageOf(event);
  }

  end(out: Completion[]): void {
    if (this.#usage !== undefined) out.push({ ...this.#head, choices: [], usage: this.#usage });
  }

  whole(body: unknown, out: Completion[]): void {
    const { usage, ...completion } = decodeComplete(body, this.#context);
    this.#usage = usage;
    this.#ended = true;
    this.done = true;
    out.push(completion);
  }

  #parse(said: string): Body {
    try {
      const value: unknown = JSON.parse(said);
      if (isRecord(value)) return value;
    } catch {}
    throw this.#context.invalid('an event of the stream is no JSON object');
  }
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

const headOf = (context: DecodeContext): Omit<Completion, 'choices'> => ({
  id: `cmpl-${context.call.correlationId}`,
  object: 'text_completion',
  created: createdAt(context),
  model: context.call.target.model,
});

// openai's type has no null here, though its streams send one in every chunk but the last
const choice = (index: number, piece: string, finish: CompletionChoice['finish_reason'] | null): CompletionChoice => ({
  index,
  text: piece,
  finish_reason: finish as CompletionChoice['finish_reason'],
  logprobs: null,
});

function finishOf({ finish_reason: reason }: Body): CompletionChoice['finish_reason'] {
  if (reason === 'maximum_tokens') return 'length';
  const known = finishReason(typeof reason === 'string' ? reason : null, false);
  return known === 'length' || known === 'content_filter' ? known : 'stop';
}

function usageOf({ num_tokens_prompt_total: prompt, num_tokens_generated: completion }: Body): Usage | undefined {
  return typeof prompt === 'number' && typeof completion === 'number' ? tokenUsage({ prompt, completion }) : undefined;
}
