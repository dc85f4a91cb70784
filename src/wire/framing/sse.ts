import { FramingOverflow, LineAssembler } from './line-assembler.ts';

/** `event` is the event's name, `''` without one, and `'raw'` for JSON that came without any framing. */
export type OnEvent = (data: string, event: string) => void;

/** Longest line or event by default. */
const MAX_BYTES = 64 * 1024 * 1024;

const SPACE = 32;
const BRACE = 123;
const BRACKET = 91;

/**
 * Server-sent events as the WHATWG standard parses them, with four kindnesses: an event at the end of the bytes needs
 * no blank line, `id` and `retry` are skipped, bare JSON (an error that a server sends without `data:`) is an event too,
 * and so is a field `error` (old builds of llama.cpp).
 */
export class SSEParser {
  readonly #lines: LineAssembler;
  readonly #maxBytes: number;
  #data: string | undefined;
  #event = '';
  #bare: string | undefined;

  constructor(maxBytes: number = MAX_BYTES) {
    this.#lines = new LineAssembler(maxBytes);
    this.#maxBytes = maxBytes;
  }

  feed(bytes: Uint8Array, onEvent: OnEvent): void {
    const text = this.#lines.push(bytes);
    if (text !== '') this.#read(text, onEvent);
  }

  /** The end of the bytes. What it delivers may be cut in the middle. */
  flush(onEvent: OnEvent): void {
    this.#read(this.#lines.rest(), onEvent);
    this.#closeBare(onEvent);
    this.#dispatch(onEvent);
  }

  #read(text: string, onEvent: OnEvent): void {
    for (let start = 0, end = text.indexOf('\n'); end !== -1; start = end + 1, end = text.indexOf('\n', start)) {
      if (end === start) {
        if (this.#bare !== undefined) this.#closeBare(onEvent);
        this.#dispatch(onEvent);
      } else if (text.startsWith('data:', start)) {
        const from = start + (text.charCodeAt(start + 5) === SPACE ? 6 : 5);
        this.#addData(text.slice(from, end), onEvent);
      } else this.#line(text.slice(start, end), onEvent);
    }
  }

  #addData(value: string, onEvent: OnEvent): void {
    if (this.#bare !== undefined) this.#closeBare(onEvent);
    const data = this.#data === undefined ? value : `${this.#data}\n${value}`;
    if (data.length > this.#maxBytes) throw new FramingOverflow(this.#maxBytes);
    this.#data = data;
  }

  #line(line: string, onEvent: OnEvent): void {
    if (this.#bare !== undefined && !/^(event|id|retry):/.test(line)) return this.#addBare(line, onEvent);
    this.#closeBare(onEvent);
    const first = line.charCodeAt(0);
    if (first === BRACE || first === BRACKET) return this.#openBare(line, onEvent);
    const colon = line.indexOf(':');
    if (colon === 0) return;
    if (line === 'data') return this.#addData('', onEvent);
    if (line === 'event') this.#event = '';
    else if (line.startsWith('error:')) onEvent(line.slice(6).trim(), 'error');
    else if (line.startsWith('event:')) this.#event = line.slice(line.charCodeAt(colon + 1) === SPACE ? colon + 2 : colon + 1);
  }

  #dispatch(onEvent: OnEvent): void {
    const data = this.#data;
    const event = this.#event;
    this.#data = undefined;
    this.#event = '';
    if (data !== undefined) onEvent(data, event);
  }

  #openBare(line: string, onEvent: OnEvent): void {
    if (line.length > this.#maxBytes) throw new FramingOverflow(this.#maxBytes);
    if (isJSON(line)) onEvent(line, 'raw');
    else this.#bare = line;
  }

  /** JSON over several lines ends where a closing brace or bracket stands at the start of a line. */
  #addBare(line: string, onEvent: OnEvent): void {
    const bare = `${this.#bare}\n${line}`;
    if (bare.length > this.#maxBytes) throw new FramingOverflow(this.#maxBytes);
    this.#bare = bare;
    if (line.startsWith('}') || line.startsWith(']')) this.#closeBare(onEvent);
  }

  #closeBare(onEvent: OnEvent): void {
    const bare = this.#bare;
    if (bare === undefined) return;
    this.#bare = undefined;
    onEvent(bare, 'raw');
  }
}

function isJSON(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
