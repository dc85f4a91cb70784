import type { ChunkObserver } from '../../contract/stream.ts';
import type { AnswerForm } from '../../state/answers/question.ts';
import { TapeWriter } from '../../state/answers/tape.ts';
import type { Kept } from './record.ts';

interface Chunk {
  readonly choices: readonly { readonly finish_reason?: string | null }[];
  readonly usage?: object | null;
}

/** Writes a stream down while it passes to its reader. */
export class Recorder implements ChunkObserver<object> {
  readonly #form: AnswerForm;
  readonly #maxBytes: number;
  readonly #writer = new TapeWriter();
  #lines: string[] | undefined = [];
  #size = 0;
  #usageChunk: object | undefined;

  constructor(form: AnswerForm, maxBytes: number) {
    this.#form = form;
    this.#maxBytes = maxBytes;
  }

  add(chunk: object): void {
    if (this.#lines === undefined) return;
    try {
      const { choices, usage } = chunk as Chunk;
      if (choices.some(isFiltered)) return this.#giveUp();
      if (choices.length === 0 && usage) {
        this.#usageChunk = chunk;
        return;
      }
      const line = this.#writer.write(chunk);
      this.#lines.push(line);
      this.#size += line.length + 1;
      if (this.#size > this.#maxBytes) this.#giveUp();
    } catch {
      this.#giveUp(); // no chunk that JSON can tell
    }
  }

  /** What was written down; `undefined` when it is not worth keeping, or too much. */
  kept(usage: object | undefined): Kept | undefined {
    if (this.#lines === undefined) return undefined;
    const label = { form: this.#form, as: 'chunks', usage, usageChunk: this.#usageChunk } as Kept['label'];
    return { label, body: this.#lines.join('\n') };
  }

  #giveUp(): void {
    this.#lines = undefined;
  }
}

/** A whole answer, written down; `undefined` when it is not worth keeping, or cannot be told. */
export function written(form: AnswerForm, answer: object): Kept | undefined {
  const { choices } = answer as Partial<Chunk>;
  if (Array.isArray(choices) && choices.some(isFiltered)) return undefined;
  try {
    return { label: { form, as: 'whole' }, body: JSON.stringify(answer) };
  } catch {
    return undefined;
  }
}

/** What a filter left of an answer is half a failure: the next one may be whole. */
const isFiltered = ({ finish_reason }: Chunk['choices'][number]): boolean => finish_reason === 'content_filter';
