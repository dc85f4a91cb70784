import type { DecodeContext } from '../../contract/codec.ts';
import { isRecord } from '../../dialects/chat-rules.ts';

const DONE = '[DONE]';
const DETAIL = '{"detail"';
const MOST_HELD = 8192;
// control characters have no place in a text; NUL is padding and taken out before
const CONTROLS = /(?!\s)\p{Cc}/u;

type Mode = 'open' | 'text' | 'lines';

/**
 * The text of a stream that has no protocol but its last word, `[DONE]`: plain fragments, or one JSON object per line.
 * Which of the two it is shows at its beginning. What could still be a mark is held back until it is known.
 */
export class TokenText {
  done = false;
  readonly #context: DecodeContext;
  #mode: Mode = 'open';
  #held = '';

  constructor(context: DecodeContext) {
    this.#context = context;
  }

  /** The text that has become certain. Throws for an error inside the stream. */
  take(fragment: string): string {
    if (this.done) return '';
    const text = fragment.replaceAll('\0', '');
    if (CONTROLS.test(text)) throw this.#context.invalid('the answer is not text');
    this.#held += text;
    if (this.#mode === 'open') this.#decide();
    if (this.#mode === 'lines') return this.#lines();
    return this.#mode === 'text' ? this.#plain() : '';
  }

  /** What is left at the end of the bytes. */
  rest(): string {
    const held = this.#held;
    this.#held = '';
    if (this.done || held === '') return '';
    return this.#mode === 'text' ? this.#checked(held) : this.#line(held);
  }

  #decide(): void {
    const start = this.#held.trimStart();
    if (start === '') return;
    if (start.startsWith('data:')) this.#mode = 'lines';
    else if (!start.startsWith('{')) this.#mode = 'data:'.startsWith(start) ? 'open' : 'text';
    else {
      const line = /^[^\n]*(?=\n)/.exec(start)?.[0] ?? start;
      const known = isKnown(record(line));
      if (known) this.#mode = 'lines';
      else if (line !== start || start.length > MOST_HELD) this.#mode = 'text';
    }
  }

  #lines(): string {
    let text = '';
    for (let end = this.#held.indexOf('\n'); end !== -1 && !this.done; end = this.#held.indexOf('\n')) {
      text += this.#line(this.#held.slice(0, end));
      this.#held = this.#held.slice(end + 1);
    }
    if (!this.done && isKnown(record(payload(this.#held)))) {
      text += this.#line(this.#held);
      this.#held = '';
    }
    return text;
  }

  #line(line: string): string {
    const said = payload(line);
    const fields = record(said);
    if (fields?.detail || fields?.error) throw this.#context.failure(fields);
    const text = fields?.generated_text ?? fields?.response;
    return this.#untilDone(typeof text === 'string' ? text : said);
  }

  #plain(): string {
    const held = this.#held;
    const error = held.indexOf(DETAIL);
    if (error !== -1 && !held.slice(0, error).includes(DONE)) {
      const fields = record(held.slice(error).trim());
      if (fields?.detail) throw this.#context.failure(fields);
      if (held.length - error <= MOST_HELD) {
        this.#held = held.slice(error);
        return held.slice(0, error);
      }
    }
    const end = held.length - suspicious(held);
    this.#held = held.slice(end);
    return this.#untilDone(held.slice(0, end));
  }

  #checked(text: string): string {
    const fields = record(text.trim());
    if (fields?.detail) throw this.#context.failure(fields);
    return this.#untilDone(text);
  }

  #untilDone(text: string): string {
    const end = text.indexOf(DONE);
    if (end === -1) return text;
    this.done = true;
    this.#held = '';
    return text.slice(0, end);
  }
}

const payload = (line: string): string => line.replace(/^\s*data: ?/, '').replace(/\r$/, '');

const isKnown = (fields: Record<string, unknown> | undefined): boolean =>
  fields !== undefined && ['generated_text', 'response', 'detail', 'error'].some((name) => Object.hasOwn(fields, name));

function record(text: string): Record<string, unknown> | undefined {
  if (!text.trimStart().startsWith('{')) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** How many characters at the end may be the beginning of a mark. */
function suspicious(text: string): number {
  for (let length = Math.min(text.length, DETAIL.length - 1); length > 0; length--) {
    const tail = text.slice(-length);
    if (DONE.startsWith(tail) || DETAIL.startsWith(tail)) return tail === DONE ? 0 : length;
  }
  return 0;
}
