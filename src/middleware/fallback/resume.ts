import type { Call, Target } from '../../contract/call.ts';
import type { ChatChunk, ChatRequest } from '../../contract/chat.ts';
import type { Settlement, StreamSource } from '../../contract/stream.ts';
import { ChunkStream } from '../../contract/stream.ts';
import type { LLMError } from '../../errors/catalogue.ts';
import { isLLMError } from '../../errors/catalogue.ts';
import type { ErrorKind } from '../../errors/kinds.ts';
import { addPartial } from '../../errors/llm-error.ts';
import type { Stop } from './chain.ts';
import { Answer } from './resume/answer.ts';
import { continuationOf } from './resume/continuation.ts';
import type { Seam } from './resume/seam.ts';

/** A call at one of its stops. */
export interface Step {
  readonly call: Call<'stream'>;
  readonly stop: Stop;
}

/** The way of a call, as far as a broken stream needs it. */
export interface Onward {
  /** Where to go after a failure; `undefined` when the way is over. */
  after(error: LLMError, step: Step): Promise<Step | undefined>;
  ask(step: Step, prepare: (call: Call<'stream'>) => Promise<Call<'stream'>>): Promise<ChunkStream<ChatChunk>>;
  /** A step is not taken after all. */
  leave(step: Step): void;
}

/** What a part of an answer mends. */
interface Break {
  readonly error: LLMError;
  readonly from: Target;
  readonly characters: number;
}

/** The stream, gone on with at the next stops whenever it breaks; the very stream where that cannot be. */
export function resumable(stream: ChunkStream<ChatChunk>, step: Step, onward: Onward): ChunkStream<ChatChunk> {
  return isPlainText(step.call.request) ? new Mending(stream, step, onward).stream : stream;
}

/** One stream for its reader, made of as many as it takes. */
class Mending {
  readonly stream: ChunkStream<ChatChunk>;
  readonly #onward: Onward;
  readonly #answer = new Answer();
  /** Where the current part comes from. */
  #step: Step;
  #part: ChunkStream<ChatChunk>;
  #paused = false;
  #over = false;
  #askedAgain = false;
  /** What broke the first part: the error of the call, if it comes to that. */
  #firstError: LLMError | undefined;
  /** Ends the request for the rest. */
  #asking: AbortController | undefined;
  /** The break that the current part mends, until its seam is found and told. */
  #mends: Break | undefined;

  constructor(first: ChunkStream<ChatChunk>, step: Step, onward: Onward) {
    this.#step = step;
    this.#onward = onward;
    this.#part = first;
    this.stream = new ChunkStream<ChatChunk>(this.#source(first.source), []);
    this.stream.onSettled(() => {
      this.#over = true;
      this.#asking?.abort(READER_LEFT);
    });
    this.#attach(first);
  }

  #source(first: StreamSource): StreamSource {
    const { status, headers } = first;
    return {
      status,
      headers,
      pause: () => this.#pause(true),
      resume: () => this.#pause(false),
      cancel: () => this.#part.cancel(),
      read: () => first.read?.(),
      written: () => this.#answer.partial(),
      ...(first.raw && { raw: () => first.raw?.() as ReadableStream<Uint8Array> }),
    };
  }

  #pause(paused: boolean): void {
    this.#paused = paused;
    if (paused) this.#part.source.pause();
    else this.#part.source.resume();
  }

  #attach(part: ChunkStream<ChatChunk>): void {
    this.#part = part;
    if (this.#paused) part.source.pause();
    part.forward({
      push: (batch, bytes) => this.#deliver(this.#answer.take(batch), bytes),
      settled: (settlement) => this.#ended(settlement),
    });
  }

  #deliver(chunks: ChatChunk[], bytes = 0): void {
    if (this.#mends !== undefined && this.#answer.seam !== undefined) this.#tell(this.#mends, this.#answer.seam);
    this.stream.push(chunks, bytes);
  }

  #tell({ error, from, characters }: Break, { overlap }: Seam): void {
    this.#mends = undefined;
    const { report, target: to } = this.#step.call;
    report({ type: 'resumed', from, to, characters, overlap, error });
  }

  #ended(settlement: Settlement): void {
    const { usage } = this.#part;
    if (settlement === 'success') {
      this.#deliver(this.#answer.end());
      this.stream.usage = this.#answer.usage(usage);
      this.stream.end();
    } else if (settlement === 'abandoned') this.stream.cancel();
    else {
      this.#answer.breakOff(usage);
      this.#firstError ??= settlement;
      if (!this.#mayGoOn(settlement)) this.#fail(settlement);
      else this.#goOn(settlement).catch((thrown: unknown) => this.#fail(thrown));
    }
  }

  #mayGoOn(error: LLMError): boolean {
    return !this.#over && !this.stream.rawRead && this.#answer.open && speaksOfTheWay(error);
  }

  async #goOn(broken: LLMError): Promise<void> {
    const from = this.#step;
    let failed = from;
    for (let error = broken; ; ) {
      const next: Step | undefined = (await this.#onward.after(error, failed)) ?? this.#again(from);
      if (next === undefined) return this.#fail(this.#firstError);
      if (this.#over) return this.#onward.leave(next);
      try {
        return this.#mend(await this.#ask(next), next, broken);
      } catch (thrown) {
        if (!isLLMError(thrown)) throw thrown;
        error = thrown;
        failed = next;
      }
    }
  }

  #mend(part: ChunkStream<ChatChunk>, step: Step, error: LLMError): void {
    if (this.#over) return part.cancel();
    this.#mends = { error, from: this.#step.call.target, characters: this.#answer.partial().content.length };
    this.#step = step;
    this.#answer.goOn();
    part.source.read?.();
    this.#attach(part);
  }

  /** With the way at its end, the target whose stream broke is asked once more. */
  #again(broken: Step): Step | undefined {
    if (this.#askedAgain || broken.call.trail.attemptsLeft <= 0) return undefined;
    this.#askedAgain = true;
    return broken;
  }

  /** A target that refuses to be prefilled after all is told in words. */
  async #ask(step: Step): Promise<ChunkStream<ChatChunk>> {
    const written = this.#answer.partial();
    const { signal } = step.call;
    const asking = new AbortController();
    const leave = (): void => asking.abort(signal?.reason);
    this.#asking = asking;
    if (signal?.aborted === true) leave();
    signal?.addEventListener('abort', leave);
    let prefilled = false;
    const prepare =
      (inWords: boolean) =>
      async (call: Call<'stream'>): Promise<Call<'stream'>> => {
        const continuation = await continuationOf(call, written, inWords);
        prefilled = continuation.prefilled;
        return { ...continuation.call, signal: asking.signal };
      };
    try {
      return await this.#onward.ask(step, prepare(false));
    } catch (error) {
      const refused = prefilled && isLLMError(error, 'bad_request', 'unprocessable_entity');
      if (!refused || this.#over || step.call.trail.attemptsLeft <= 0) throw error;
      return await this.#onward.ask(step, prepare(true));
    } finally {
      signal?.removeEventListener('abort', leave);
      this.#asking = undefined;
    }
  }

  /** The reader gets what is there, then the error with all of it. */
  #fail(thrown: unknown): void {
    const error = isLLMError(thrown) ? thrown : (this.#firstError as LLMError);
    if (thrown !== error) {
      const { report, target } = this.#step.call;
      report({ type: 'warning', target, message: `the broken stream could not be resumed: ${String(thrown)}` });
    }
    addPartial(error, this.#answer.partial());
    this.stream.usage = this.#answer.usage();
    this.stream.fail(error);
  }
}

const READER_LEFT = 'the reader of the broken stream has left';

/** Failures of the connection and of the service, which another one may not have. */
const OF_THE_WAY: ReadonlySet<ErrorKind> = new Set([
  'stream_interrupted',
  'connection',
  'timeout',
  'rate_limit',
  'internal_server',
  'service_unavailable',
  'out_of_memory',
]);

function speaksOfTheWay(error: LLMError): boolean {
  return OF_THE_WAY.has(error.kind) && !(error.kind === 'timeout' && error.phase === 'deadline');
}

/** Only text can be gone on with: half a JSON object or half a tool call cannot be, nor can several answers at once. */
function isPlainText({ n, response_format, logprobs, audio, modalities }: ChatRequest): boolean {
  if ((n ?? 1) !== 1 || logprobs === true || audio) return false;
  if (modalities?.some((modality) => modality !== 'text')) return false;
  return (response_format?.type ?? 'text') === 'text';
}
