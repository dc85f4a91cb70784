import type { Completion, CompletionChoice } from 'openai/resources/completions';
import type { Call } from '../../contract/call.ts';
import type { DecodeContext, StreamDecoder } from '../../contract/codec.ts';
import type { Usage } from '../../contract/usage.ts';
import type { WireMessage } from '../../contract/wire.ts';
import { createdAt, FILTERED, isRecord } from '../../dialects/chat-rules.ts';
import { refuseUnknown, unsupported } from '../../dialects/params.ts';
import type { Fields } from './answer.ts';
import { finishOf, openAnswer, text, usageOf } from './answer.ts';
import { isSet, ownFields, SAMPLING, sampling } from './options.ts';
import { parseLine } from './v1-decode.ts';

type TextCall = Call<'complete' | 'completeStream'>;

const KNOWN: ReadonlySet<string> = new Set([...SAMPLING, 'prompt', 'stream_options', 'providerOptions']);

/** Legacy text completions, by `/v1/generate`. Text ends before a stop sequence, as openai has it. */
export function completionEncoder<K extends 'complete' | 'completeStream'>(streams: boolean): (call: Call<K>) => WireMessage {
  return (call) => {
    const { request } = call;
    refuseUnknown(call, request, KNOWN);
    const body = {
      model: call.target.model,
      prompt: promptOf(call),
      stream: streams,
      ...sampling(call, 'end_sequences'),
      ...(isSet(request.n) ? { num_generations: request.n } : {}),
      ...ownFields(call),
    };
    return { path: '/v1/generate', body };
  };
}

function promptOf(call: TextCall): unknown {
  const { prompt } = call.request;
  const only: unknown = Array.isArray(prompt) && prompt.length === 1 ? prompt[0] : prompt;
  if (typeof only !== 'string') unsupported(call, 'prompt', 'Cohere completes one text, not several and no token numbers');
  return only;
}

export function decodeCompletion(body: unknown, context: DecodeContext): Completion {
  const answer = openAnswer(body, 'generations', context);
  const generations = Array.isArray(answer.generations) ? answer.generations.filter(isRecord) : [];
  if (generations.length === 0) throw context.invalid('"generations" holds none');
  const choices = generations.map((generation, index) => choiceOf(generation, index, context));
  const usage = usageOf(answer.meta);
  if (choices.every((choice) => choice.text === '' && choice.finish_reason === 'content_filter')) throw context.failure(FILTERED);
  return { ...head(text(answer.id), context), choices, ...(usage === undefined ? {} : { usage }) };
}

function choiceOf(generation: Fields, index: number, context: DecodeContext): CompletionChoice {
  const said = text(generation.text);
  const finish = finishOf(generation.finish_reason, { anything: said !== '', tools: false }, context);
  return choice(said, index, finish as CompletionChoice['finish_reason']);
}

const choice = (said: string, index: number, finish: CompletionChoice['finish_reason'] | null): CompletionChoice => ({
  index,
  text: said,
  finish_reason: finish as CompletionChoice['finish_reason'],
  logprobs: null,
});

const head = (id: string, context: DecodeContext): Omit<Completion, 'choices'> => ({
  id: id || `cmpl-${context.call.correlationId}`,
  object: 'text_completion',
  created: createdAt(context),
  model: context.call.target.model,
});

/** Lines of `/v1/generate`. The last one repeats everything and tells how each generation ended. */
export class CompletionStreamDecoder implements StreamDecoder<Completion> {
  finished = false;
  readonly #context: DecodeContext<'completeStream'>;
  readonly #open = new Set<number>();
  readonly #head: Omit<Completion, 'choices'>;
  #usage: Usage | undefined;

  constructor(context: DecodeContext<'completeStream'>) {
    this.#context = context;
    this.#head = head('', context);
  }

  get done(): boolean {
    return this.finished;
  }

  event(data: string, _name: string, out: Completion[]): void {
    const event = parseLine(data, this.#context);
    switch (event.event_type) {
      case 'text-generation': {
        const index = typeof event.index === 'number' ? event.index : 0;
        this.#open.add(index);
        if (text(event.text) !== '') out.push({ ...this.#head, choices: [choice(text(event.text), index, null)] });
        return;
      }
      case 'stream-end':
        return this.#finish(event, out);
      case 'stream-error':
        throw this.#context.failure(event);
      default:
        if (event.event_type === undefined) this.whole(event, out);
    }
  }

  end(out: Completion[]): void {
    if (this.#usage !== undefined) out.push({ ...this.#head, choices: [], usage: this.#usage });
  }

  whole(body: unknown, out: Completion[]): void {
    const { usage, ...completion } = decodeCompletion(body, this.#context);
    this.#usage = usage;
    out.push(completion);
    this.finished = true;
  }

  #finish(event: Fields, out: Completion[]): void {
    const response: Fields = isRecord(event.response) ? event.response : {};
    const generations = Array.isArray(response.generations) ? response.generations.filter(isRecord) : [];
    const indices = this.#open.size === 0 ? [0] : [...this.#open];
    const said = { anything: this.#open.size > 0, tools: false };
    const choices = indices.map((index) => {
      const reason = generations[index]?.finish_reason ?? event.finish_reason;
      const finish = finishOf(reason, said, this.#context, event.error ?? event.err);
      return choice('', index, finish as CompletionChoice['finish_reason']);
    });
    this.#usage = usageOf(response.meta ?? event.meta);
    out.push({ ...this.#head, choices });
    this.finished = true;
  }
}
