import type { BatchError } from 'openai/resources/batches';
import { BadRequestError } from '../errors/provider-errors.ts';
import type { BatchEndpoint } from './batches.ts';

/** What lines are held against. */
export interface LineCheckRules {
  /** `undefined` in {@link INPUTS}: an endpoint whose bodies are not known here. */
  readonly endpoint: string;
  /** Whether the lines of a batch may name several models. OpenAI's may not. */
  readonly mixedModels: boolean;
  /** Why a model cannot be run; `undefined` when it can. Default: any can. */
  readonly refuses?: ((model: string) => string | undefined) | undefined;
  /** What a `custom_id` must look like, and in words; default any string. */
  readonly customId?: { readonly pattern: RegExp; readonly words: string } | undefined;
}

/**
 * Checks the lines of a batch one by one, in the order of OpenAI's checks (`custom_id`, `method`, `url`, `body`, the URL, streaming,
 * the body's own fields, the model). Codes and texts are OpenAI's, Azure's where OpenAI has none.
 */
export class LineCheck {
  readonly errors: BatchError[] = [];
  /** Of the first line that names a good one. */
  model: string | undefined;
  readonly #rules: LineCheckRules;
  readonly #ids = new Set<string>();
  readonly #models = new Map<string, string | undefined>();

  constructor(rules: LineCheckRules) {
    this.#rules = rules;
  }

  /** Returns the line's id. */
  check(number: number, line: unknown): string | undefined {
    if (!isObject(line)) return this.add('invalid_request', 'Each line must be a JSON object.', number);
    const { custom_id, method, url, body } = line;
    this.#field(number, 'custom_id', custom_id, 'a string', typeof custom_id === 'string');
    this.#field(number, 'method', method, "'POST'", method === 'POST');
    this.#field(number, 'url', url, 'a string', typeof url === 'string');
    this.#field(number, 'body', body, 'a JSON object', isObject(body));
    if (typeof url === 'string' && url !== this.#rules.endpoint) {
      this.add('invalid_url', 'The URL provided for this request does not match the batch endpoint.', number, 'url');
    }
    if (isObject(body)) this.#body(number, body);
    return typeof custom_id === 'string' ? this.#checkId(number, custom_id) : undefined;
  }

  add(code: string, message: string, line: number | null = null, param: string | null = null): undefined {
    this.errors.push({ code, message, line, param });
  }

  #checkId(number: number, id: string): string {
    const { customId } = this.#rules;
    if (customId !== undefined && !customId.pattern.test(id)) {
      this.add('invalid_request', `Invalid value for 'custom_id': expected ${customId.words}.`, number, 'custom_id');
    }
    if (this.#ids.has(id)) {
      const message = `The custom_id '${shown(id)}' is used by an earlier line.`;
      this.add('duplicate_custom_id', message, number, 'custom_id');
    }
    this.#ids.add(id);
    return id;
  }

  #field(number: number, name: string, value: unknown, expected: string, fits: boolean): void {
    if (value === undefined || value === null) {
      this.add('missing_required_parameter', `Missing required parameter: '${name}'.`, number, name);
    } else if (!fits) {
      this.add('invalid_request', `Invalid value for '${name}': expected ${expected}.`, number, name);
    }
  }

  #body(number: number, body: Readonly<Record<string, unknown>>): void {
    const known = INPUTS[this.#rules.endpoint as BatchEndpoint] as InputField | undefined;
    if (body.stream) {
      const message = `${known?.endpoint ?? 'Requests'}: Streaming is not supported in the Batch API.`;
      this.add('streaming_unsupported', message, number, 'body.stream');
    }
    const { model } = body;
    if (model === undefined || model === null) this.add('invalid_request', 'Model parameter is required.', number, 'body.model');
    else if (typeof model !== 'string') this.add('invalid_request', 'Model must be a string.', number, 'body.model');
    if (known !== undefined) {
      const { name, label, expected, fits } = known;
      const input = body[name];
      if (input === undefined || input === null) {
        this.add('invalid_request', `${label} parameter is required.`, number, `body.${name}`);
      } else if (!fits(input)) this.add('invalid_request', `${label} must be ${expected}.`, number, `body.${name}`);
    }
    if (typeof model === 'string') this.#checkModel(number, model);
  }

  #checkModel(number: number, model: string): void {
    if (!this.#models.has(model)) this.#models.set(model, this.#rules.refuses?.(model));
    const refused = this.#models.get(model);
    if (refused !== undefined) {
      const message = `The provided model '${shown(model)}' is not supported by the Batch API. (${refused})`;
      this.add('model_not_found', message, number, 'body.model');
      return;
    }
    this.model ??= model;
    if (model === this.model || this.#rules.mixedModels) return;
    const message = `The model '${shown(model)}' differs from '${shown(this.model)}' of an earlier line; a batch has one model.`;
    this.add('model_mismatch', message, number, 'body.model');
  }
}

interface InputField {
  readonly name: string;
  readonly label: string;
  readonly expected: string;
  readonly fits: (value: unknown) => boolean;
  readonly endpoint: string;
}

const isTexts = (value: unknown): boolean => typeof value === 'string' || Array.isArray(value);
const TEXTS = 'a string or an array';

const INPUTS: { readonly [E in BatchEndpoint]: InputField } = {
  '/v1/chat/completions': {
    name: 'messages',
    label: 'Messages',
    expected: 'an array',
    fits: Array.isArray,
    endpoint: 'Chat Completions',
  },
  '/v1/completions': { name: 'prompt', label: 'Prompt', expected: TEXTS, fits: isTexts, endpoint: 'Completions' },
  '/v1/embeddings': { name: 'input', label: 'Input', expected: TEXTS, fits: isTexts, endpoint: 'Embeddings' },
};

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const shown = (text: string): string => (text.length > 80 ? `${text.slice(0, 80)}…` : text);

/** The error of a batch that was refused for what its lines are like; `details.errors` has them all. */
export function refusedLines(
  data: readonly BatchError[],
  facts: { readonly provider?: string; readonly batch?: string },
): BadRequestError {
  const first = data.slice(0, 3).map(({ line, message }) => (line ? `line ${line}: ${message}` : String(message)));
  const rest = data.length > first.length ? ` (and ${data.length - first.length} more)` : '';
  return new BadRequestError({
    message: `the batch was refused: ${first.join('; ')}${rest}`,
    ...(facts.provider === undefined ? {} : { provider: facts.provider }),
    status: 400,
    type: 'invalid_request_error',
    code: data[0]?.code ?? null,
    param: data[0]?.param ?? null,
    details: { ...(facts.batch === undefined ? {} : { batch: facts.batch }), errors: data },
  });
}
