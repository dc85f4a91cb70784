import type { ChatChunk, ChatChunkChoice } from '../../../contract/chat.ts';
import { ChatTally } from '../../../contract/chat-tally.ts';
import type { Usage } from '../../../contract/usage.ts';
import type { PartialOutput } from '../../../errors/partial.ts';
import { Seam } from './seam.ts';
import { sumUsage } from './usage-sum.ts';

/** Of a continuation's chunks, what stands in the middle of an answer nowhere: its own opening and its own thoughts. */
const OPENING: ReadonlySet<string> = new Set([
  'role',
  'content',
  'reasoning_content',
  'thinking_blocks',
  'reasoning',
  'reasoning_details',
]);

/** One answer made of the parts that several streams brought, as its reader gets it. */
export class Answer {
  /** Nothing but text and thoughts so far, and no end of it: it can be gone on with. */
  open = true;
  readonly #tally = new ChatTally();
  /** What all chunks of an answer have in common. */
  #identity: Pick<ChatChunk, 'id' | 'object' | 'created' | 'model'> | undefined;
  /** Token counts of the parts that broke. */
  #usage: Usage | undefined;
  #seam: Seam | undefined;

  /** The seam of the part that comes, once it is found. */
  get seam(): Seam | undefined {
    return this.#seam?.decided === true ? this.#seam : undefined;
  }

  /** Chunks of the part that comes; returns those for the reader. */
  take(batch: ChatChunk[]): ChatChunk[] {
    const chunks = this.#seam === undefined ? batch : batch.flatMap((chunk) => this.#joined(chunk, this.#seam as Seam));
    for (const chunk of chunks) this.#note(chunk);
    return chunks;
  }

  /** The part has come to its good end; returns what was held back of it. */
  end(): ChatChunk[] {
    const content = this.#seam?.end() ?? '';
    if (content === '' || this.#identity === undefined) return [];
    const chunk: ChatChunk = { ...this.#identity, choices: [{ index: 0, delta: { content }, finish_reason: null }] };
    this.#note(chunk);
    return [chunk];
  }

  /** The part broke; what was held back of it is given up. */
  breakOff(usage: Usage | undefined): void {
    this.#usage = sumUsage(this.#usage, usage);
  }

  /** Another part begins where the last one broke. */
  goOn(): void {
    this.#seam = new Seam(this.#tally.partial().content);
  }

  /** Token counts of all parts. @param last those of the part that came last, unless it broke. */
  usage(last?: Usage): Usage | undefined {
    return sumUsage(this.#usage, last);
  }

  partial(): PartialOutput {
    this.#tally.usage = this.#usage ?? this.#tally.usage;
    return this.#tally.partial();
  }

  #joined(chunk: ChatChunk, seam: Seam): ChatChunk[] {
    const choices = chunk.choices.flatMap((choice) => joinedChoice(choice, seam));
    if (choices.length === 0 && !chunk.usage) return [];
    const joined: ChatChunk = { ...chunk, ...this.#identity, choices };
    return [chunk.usage ? { ...joined, usage: sumUsage(this.#usage, chunk.usage) ?? null } : joined];
  }

  #note(chunk: ChatChunk): void {
    if (this.#identity === undefined) {
      const { id, object, created, model } = chunk;
      this.#identity = { id, object, created, model };
    }
    this.#tally.add(chunk);
    if (chunk.choices.some((choice) => !isText(choice))) this.open = false;
  }
}

/** The choice without the opening, and with what of its text is new; none where nothing is left. */
function joinedChoice(choice: ChatChunkChoice, seam: Seam): ChatChunkChoice[] {
  const { delta } = choice;
  const others = Object.entries(delta).filter(([name]) => !OPENING.has(name));
  const says = others.some(([, value]) => value !== null && value !== undefined);
  const ends = choice.finish_reason !== null && choice.finish_reason !== undefined;
  let content = seam.add(delta.content ?? '');
  if (says || ends) content += seam.end();
  if (content === '' && !says && !ends) return [];
  return [{ ...choice, delta: { ...Object.fromEntries(others), ...(content !== '' && { content }) } }];
}

function isText({ index, delta, finish_reason, logprobs }: ChatChunkChoice): boolean {
  if (index !== 0 || finish_reason || logprobs) return false;
  return !(delta.tool_calls || delta.function_call || delta.refusal || 'audio' in delta);
}
