import type { BatchError } from 'openai/resources/batches';
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

/**
 * Checks an input file as it streams by. Errors come in file order, within a line in the order of OpenAI's checks
 * (`custom_id`, `method`, `url`, `body`, the URL, streaming, the body's own fields, the model). Nothing runs if anything is wrong.
 */
export class Validation {
  readonly errors: BatchError[] = [];
  total = 0;
  model: string | undefined;
  readonly #rules: LineRules;
  readonly #ids = new Set<string>();
  readonly #models = new Map<string, string | undefined>();
  #bytes = 0;

  constructor(rules: LineRules) {
    this.#rules = rules;
  }

  /** The lines that can be run. Stops at the bound of errors and at the bound of lines. */
  async *lines(content: AsyncIterable<Uint8Array>): AsyncGenerator<StoredLine, undefined, undefined> {
    for await (const raw of readLines(content, this.#rules.maxLineBytes)) {
      this.#bytes += raw.length;
      if (raw.bytes !== undefined && isBlank(raw.bytes)) continue;
      if (++this.total > this.#rules.maxLines) {
        this.#add('too_many_tasks', `The batch has more than the ${this.#rules.maxLines} lines that are allowed.`, raw.number);
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
      if (this.#bytes === 0) this.#add('empty_file', 'The input file is empty.');
      else this.#add('empty_batch', 'The input file has no requests.');
    }
    return undefined;
  }

  #check({ number, bytes }: RawLine): string | undefined {
    if (bytes === undefined) {
      const message = `This line is larger than the ${this.#rules.maxLineBytes} bytes that a line may have.`;
      return this.#add('invalid_request', message, number);
    }
    const line = parsed(bytes);
    if (line === undefined) return this.#add('invalid_json_line', 'This line is not parseable as valid JSON.', number);
    if (!isObject(line)) return this.#add('invalid_request', 'Each line must be a JSON object.', number);
    const { custom_id, method, url, body } = line;
    this.#field(number, 'custom_id', custom_id, 'a string', typeof custom_id === 'string');
    this.#field(number, 'method', method, "'POST'", method === 'POST');
    this.#field(number, 'url', url, 'a string', typeof url === 'string');
    this.#field(number, 'body', body, 'a JSON object', isObject(body));
    if (typeof url === 'string' && url !== this.#rules.endpoint) {
      this.#add('invalid_url', 'The URL provided for this request does not match the batch endpoint.', number, 'url');
    }
    if (isObject(body)) this.#body(number, body);
    if (typeof custom_id !== 'string') return undefined;
    if (this.#ids.has(custom_id)) {
      const message = `The custom_id '${shown(custom_id)}' is used by an earlier line.`;
      this.#add('duplicate_custom_id', message, number, 'custom_id');
    }
    this.#ids.add(custom_id);
    return custom_id;
  }

  #field(number: number, name: string, value: unknown, expected: string, fits: boolean): void {
    if (value === undefined || value === null) {
      this.#add('missing_required_parameter', `Missing required parameter: '${name}'.`, number, name);
    } else if (!fits) {
      this.#add('invalid_request', `Invalid value for '${name}': expected ${expected}.`, number, name);
    }
  }

  #body(number: number, body: Readonly<Record<string, unknown>>): void {
    const { endpoint } = this.#rules;
    if (body.stream) {
      const message = `${NAMES[endpoint]}: Streaming is not supported in the Batch API.`;
      this.#add('streaming_unsupported', message, number, 'body.stream');
    }
    const { model } = body;
    if (model === undefined || model === null) this.#add('invalid_request', 'Model parameter is required.', number, 'body.model');
    else if (typeof model !== 'string') this.#add('invalid_request', 'Model must be a string.', number, 'body.model');
    const { name, label, expected, fits } = INPUTS[endpoint];
    const input = body[name];
    if (input === undefined || input === null) {
      this.#add('invalid_request', `${label} parameter is required.`, number, `body.${name}`);
    } else if (!fits(input)) this.#add('invalid_request', `${label} must be ${expected}.`, number, `body.${name}`);
    if (typeof model === 'string') this.#checkModel(number, model);
  }

  #checkModel(number: number, model: string): void {
    if (!this.#models.has(model)) this.#models.set(model, this.#rules.refuses(model));
    const refused = this.#models.get(model);
    if (refused !== undefined) {
      const message = `The provided model '${shown(model)}' is not supported by the Batch API. (${refused})`;
      this.#add('model_not_found', message, number, 'body.model');
      return;
    }
    this.model ??= model;
    if (model === this.model || this.#rules.mixedModels) return;
    const message = `The model '${shown(model)}' differs from '${shown(this.model)}' of an earlier line; a batch has one model.`;
    this.#add('model_mismatch', message, number, 'body.model');
  }

  #add(code: string, message: string, line: number | null = null, param: string | null = null): undefined {
    this.errors.push({ code, message, line, param });
  }
}

interface InputField {
  readonly name: string;
  readonly label: string;
  readonly expected: string;
  readonly fits: (value: unknown) => boolean;
}

const isTexts = (value: unknown): boolean => typeof value === 'string' || Array.isArray(value);

const INPUTS: { readonly [E in BatchEndpoint]: InputField } = {
  '/v1/chat/completions': { name: 'messages', label: 'Messages', expected: 'an array', fits: Array.isArray },
  '/v1/completions': { name: 'prompt', label: 'Prompt', expected: 'a string or an array', fits: isTexts },
  '/v1/embeddings': { name: 'input', label: 'Input', expected: 'a string or an array', fits: isTexts },
};

const NAMES: { readonly [E in BatchEndpoint]: string } = {
  '/v1/chat/completions': 'Chat Completions',
  '/v1/completions': 'Completions',
  '/v1/embeddings': 'Embeddings',
};

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

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const shown = (text: string): string => (text.length > 80 ? `${text.slice(0, 80)}…` : text);
