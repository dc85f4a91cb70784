import type { BatchError } from 'openai/resources/batches';
import { LineCheck } from '../contract/batch-line-check.ts';
import type { BatchEndpoint } from '../contract/batches.ts';
import type { RawLine } from './line-reader.ts';
import { readLines } from './line-reader.ts';
import type { StoredLine } from './store.ts';

/** How much a batch may have. */
export interface BatchLimits {
  /** Lines of a batch. Default 50 000, OpenAI's limit. */
  readonly maxLines: number;
  /** Bytes of a line. Default 8 MiB. */
  readonly maxLineBytes: number;
  /** Whether the lines of a batch may name several models. Default `false`, as at OpenAI. */
  readonly mixedModels: boolean;
}

/** What a file is checked against. */
export interface LineRules extends BatchLimits {
  readonly endpoint: BatchEndpoint;
  /** Why a model cannot be run; `undefined` when it can. */
  readonly refuses: (model: string) => string | undefined;
}

const MOST_ERRORS = 1_000;

/** Checks an input file as it streams by: every line by {@link LineCheck}, in file order. Nothing runs if anything is wrong. */
export class Validation {
  total = 0;
  readonly #rules: LineRules;
  readonly #lines: LineCheck;
  #bytes = 0;

  constructor(rules: LineRules) {
    this.#rules = rules;
    this.#lines = new LineCheck(rules);
  }

  get errors(): readonly BatchError[] {
    return this.#lines.errors;
  }

  get model(): string | undefined {
    return this.#lines.model;
  }

  /** The lines that can be run. Stops at the bound of errors and at the bound of lines. */
  async *lines(content: AsyncIterable<Uint8Array>): AsyncGenerator<StoredLine, undefined, undefined> {
    for await (const raw of readLines(content, this.#rules.maxLineBytes)) {
      this.#bytes += raw.length;
      if (raw.bytes !== undefined && isBlank(raw.bytes)) continue;
      if (++this.total > this.#rules.maxLines) {
        this.#lines.add(
          'too_many_tasks',
          `The batch has more than the ${this.#rules.maxLines} lines that are allowed.`,
          raw.number,
        );
        return undefined;
      }
      const found = this.errors.length;
      const customId = this.#check(raw);
      if (this.errors.length >= MOST_ERRORS) return undefined;
      if (this.errors.length === found && customId !== undefined) {
        yield { number: raw.number, customId, start: raw.start, length: raw.length };
      }
    }
    if (this.total === 0) {
      if (this.#bytes === 0) this.#lines.add('empty_file', 'The input file is empty.');
      else this.#lines.add('empty_batch', 'The input file has no requests.');
    }
    return undefined;
  }

  #check({ number, bytes }: RawLine): string | undefined {
    if (bytes === undefined) {
      const message = `This line is larger than the ${this.#rules.maxLineBytes} bytes that a line may have.`;
      return this.#lines.add('invalid_request', message, number);
    }
    const line = parsed(bytes);
    if (line === undefined) return this.#lines.add('invalid_json_line', 'This line is not parseable as valid JSON.', number);
    return this.#lines.check(number, line);
  }
}

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A line as JSON; `undefined` when it is none, or no UTF-8. */
export function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(strict.decode(bytes));
  } catch {
    return undefined;
  }
}

function isBlank(bytes: Uint8Array): boolean {
  for (const byte of bytes) if (byte !== 32 && byte !== 9 && byte !== 13) return false;
  return true;
}
