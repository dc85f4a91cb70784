import type { Completion, CompletionChoice } from 'openai/resources/completions';
import type { Call } from '../../contract/call.ts';
import type { DecodeContext, StreamDecoder } from '../../contract/codec.ts';
import type { Usage } from '../../contract/usage.ts';
import type { WireMessage } from '../../contract/wire.ts';
import { isRecord } from '../../dialects/chat-rules.ts';
import { refuseUnknown, unsupported } from '../../dialects/params.ts';
import type { Answer } from './answer.ts';
import { created, modelOf, openAnswer, seedOf, text, usageOf } from './answer.ts';
import { isSet, modelOptions, ownFields, SAMPLING } from './options.ts';
import { parseLine } from './stream-decoder.ts';

const KNOWN: ReadonlySet<string> = new Set([
  ...SAMPLING,
  'prompt',
  'suffix',
  'max_tokens',
  'stop',
  'stream_options',
  'logprobs',
  'n',
  'best_of',
  'echo',
  'providerOptions',
]);

/** Legacy text completions, by `/api/generate`. */
export function completionEncoder<K extends 'complete' | 'completeStream'>(streams: boolean): (call: Call<K>) => WireMessage {
  return (call) => {
    const { request } = call;
    refuseUnknown(call, request, KNOWN);
    for (const param of ['n', 'best_of'] as const) {
      if (isSet(request[param]) && request[param] !== 1) unsupported(call, param, 'ollama gives one choice');
    }
    if (request.echo === true) unsupported(call, 'echo');
    const body: Record<string, unknown> = { model: call.target.model, prompt: promptOf(call), stream: streams };
    if (isSet(request.suffix)) body.suffix = request.suffix;
    if (isSet(request.logprobs)) Object.assign(body, { logprobs: true, top_logprobs: request.logprobs });
    const options = modelOptions(call, request, request.max_tokens);
    if (options !== undefined) body.options = options;
    return { path: '/api/generate', body: { ...body, ...ownFields(call) } };
  };
}

export function decodeCompletion(body: unknown, context: DecodeContext<'complete'>): Completion {
  const answer = openAnswer(body, context);
  if (typeof answer.response !== 'string') throw context.invalid('no "response" in the answer');
  return {
    ...head(answer, context),
    choices: [choice(answer.response, answer, finishOf(answer), 0)],
    usage: usageOf(answer),
  };
}

export class CompletionStreamDecoder implements StreamDecoder<Completion> {
  finished = false;
  readonly #context: DecodeContext<'completeStream'>;
  #head: Omit<Completion, 'choices'> | undefined;
  #offset = 0;
  #usage: Usage | undefined;

  constructor(context: DecodeContext<'completeStream'>) {
    this.#context = context;
  }

  get done(): boolean {
    return this.finished;
  }

  event(data: string, _name: string, out: Completion[]): void {
    this.whole(parseLine(data, this.#context), out);
  }

  whole(body: unknown, out: Completion[]): void {
    const answer = openAnswer(body, this.#context);
    const done = answer.done === true;
    if (typeof answer.response !== 'string' && !done) throw this.#context.invalid('no "response" in a line of the stream');
    this.#head ??= head(answer, this.#context);
    const piece = text(answer.response);
    if (piece !== '' || done) {
      out.push({ ...this.#head, choices: [choice(piece, answer, done ? finishOf(answer) : null, this.#offset)] });
    }
    this.#offset += piece.length;
    if (done) {
      this.finished = true;
      this.#usage = usageOf(answer);
    }
  }

  end(out: Completion[]): void {
    if (this.#head !== undefined && this.#usage !== undefined) out.push({ ...this.#head, choices: [], usage: this.#usage });
  }
}

function promptOf(call: Call<'complete' | 'completeStream'>): unknown {
  const { prompt } = call.request;
  const single: unknown = Array.isArray(prompt) && prompt.length === 1 ? prompt[0] : (prompt ?? '');
  if (typeof single !== 'string') unsupported(call, 'prompt', 'ollama completes one text, not lists or token numbers');
  return Array.isArray(single) ? String(single[0] ?? '') : single;
}

const head = (answer: Answer, context: DecodeContext): Omit<Completion, 'choices'> => ({
  id: `cmpl-${seedOf(context)}`,
  object: 'text_completion',
  created: created(answer, context),
  model: modelOf(answer, context),
});

const finishOf = (answer: Answer): 'stop' | 'length' => (answer.done_reason === 'length' ? 'length' : 'stop');

// openai's type has no null here, though its streams send one in every chunk but the last.
const choice = (
  piece: string,
  answer: Answer,
  finish: CompletionChoice['finish_reason'] | null,
  offset: number,
): CompletionChoice => ({
  text: piece,
  index: 0,
  finish_reason: finish as CompletionChoice['finish_reason'],
  logprobs: logprobsOf(answer.logprobs, offset),
});

function logprobsOf(raw: unknown, offset: number): CompletionChoice.Logprobs | null {
  if (!Array.isArray(raw)) return null;
  let position = offset;
  const logprobs = {
    tokens: [] as string[],
    token_logprobs: [] as number[],
    top_logprobs: [] as Record<string, number>[],
    text_offset: [] as number[],
  };
  for (const entry of raw.filter(isRecord)) {
    const top = Array.isArray(entry.top_logprobs) ? entry.top_logprobs.filter(isRecord) : [];
    logprobs.tokens.push(text(entry.token));
    logprobs.token_logprobs.push(Number(entry.logprob));
    logprobs.top_logprobs.push(Object.fromEntries(top.map((other) => [text(other.token), Number(other.logprob)])));
    logprobs.text_offset.push(position);
    position += text(entry.token).length;
  }
  return logprobs;
}
