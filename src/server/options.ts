import * as z from 'zod/mini';
import type { BatchEngine } from '../contract/batches.ts';
import { checkOptions } from '../contract/check-options.ts';

/** What {@link createHandler} serves, and to whom. */
export interface HandlerOptions {
  /** The engine behind `/v1/files` and `/v1/batches`. Default: the client's. `false`: none. */
  readonly batches?: BatchEngine | false | undefined;
  /** Who knows one of these keys is let in: `Authorization: Bearer …`. Default: everybody. */
  readonly keys?: readonly string[] | undefined;
  /** Bare names that clients may use, with what they stand for: `{ fast: 'openai/gpt-5-mini' }`. Names with a provider pass as they are. */
  readonly models?: Readonly<Record<string, string>> | undefined;
  readonly limits?: HandlerLimits | undefined;
}

export interface HandlerLimits {
  /** Bytes of a JSON body. Default 64 MiB. */
  readonly maxBodyBytes?: number | undefined;
  /** Bytes of an uploaded file. Default 512 MB, OpenAI's limit. */
  readonly maxFileBytes?: number | undefined;
}

const MODEL = '"provider/model"';
const KEY = 'keys of at least 8 characters without spaces';
const BYTES = 'a whole number of bytes ≥ 1';
const KEYS = 'at least one key; leave "keys" out to let everybody in';
const ENGINE = 'an engine, as batchEngine() of holdfast/batches makes them, or false';

const MAX_BODY_BYTES = 64 * 1024 * 1024;
const MAX_FILE_BYTES = 512_000_000;

/** The options with their defaults. */
export interface CheckedOptions {
  readonly batches?: BatchEngine | false | undefined;
  readonly keys?: readonly string[] | undefined;
  readonly models: Readonly<Record<string, string>>;
  readonly limits: { readonly maxBodyBytes: number; readonly maxFileBytes: number };
}

const bytes = z.int(BYTES).check(z.gte(1, BYTES));

const schema = z.strictObject({
  batches: z.optional(z.custom<BatchEngine | false>((value) => value === false || isEngine(value), ENGINE)),
  keys: z.optional(z.array(z.string(KEY).check(z.regex(/^\S{8,}$/, KEY))).check(z.minLength(1, KEYS))),
  models: z._default(z.record(z.string(), z.string(MODEL).check(z.regex(/^[\w-]+(\/.+)?$/, MODEL))), {}),
  limits: z._default(
    z.strictObject({ maxBodyBytes: z._default(bytes, MAX_BODY_BYTES), maxFileBytes: z._default(bytes, MAX_FILE_BYTES) }),
    { maxBodyBytes: MAX_BODY_BYTES, maxFileBytes: MAX_FILE_BYTES },
  ),
});

/** @throws ConfigurationError naming every wrong option. */
export function checkHandlerOptions(options: HandlerOptions): CheckedOptions {
  return checkOptions(schema, options, 'createHandler');
}

function isEngine(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'files' in value && 'batches' in value && 'start' in value;
}
