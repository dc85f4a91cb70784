import type { CallOptions } from '../contract/call.ts';
import { isHeadersLike } from '../contract/headers.ts';
import { isPool } from '../contract/pool.ts';
import { ConfigurationError } from '../errors/setup-errors.ts';
import { didYouMean } from './suggestions.ts';

/** Checks on what callers pass in: by hand and only of what would otherwise fail far from its cause. */

const OPTION_NAMES: ReadonlySet<string> = new Set([
  'signal',
  'timeout',
  'deadline',
  'maxRetries',
  'fallbacks',
  'headers',
  'metadata',
  'correlationId',
  'idempotencyKey',
  'unsupportedParams',
  'cache',
] satisfies (keyof CallOptions)[]);

const describe = (value: unknown): string => {
  if (value === null) return 'null';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty array' : 'an array';
  if (typeof value === 'number') return String(value);
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
};

/** `messages: expected at least one message, got an empty array`. */
export function wrongInput(path: string, expected: string, got?: unknown): ConfigurationError {
  const found = got === undefined ? '' : `, got ${describe(got)}`;
  return new ConfigurationError({ message: `${path}: expected ${expected}${found}`, code: 'wrong_argument', param: path });
}

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export function checkParams(params: unknown): void {
  if (!isObject(params)) throw wrongInput('params', 'an object with "model"', params);
}

/** Gives a request lists of its own: what the caller does to the given ones later is not sent. */
export function withOwnLists<T extends object>(request: T): T {
  const fields = request as Record<string, unknown>;
  for (const name in fields) {
    const value = fields[name];
    if (Array.isArray(value)) fields[name] = value.slice();
  }
  return request;
}

export function checkMessages(messages: unknown): void {
  if (!Array.isArray(messages)) throw wrongInput('messages', 'an array with at least one message', messages);
  if (messages.length === 0) throw wrongInput('messages', 'at least one message', messages);
  for (let i = 0; i < messages.length; i++) {
    const message: unknown = messages[i];
    if (!isObject(message)) throw wrongInput(`messages[${i}]`, 'an object with "role" and "content"', message ?? null);
    if (typeof message.role !== 'string') throw wrongInput(`messages[${i}].role`, 'a string such as "user"', message.role);
  }
}

export function checkTools(tools: unknown): void {
  if (tools === undefined || tools === null) return;
  if (!Array.isArray(tools)) throw wrongInput('tools', 'an array of tools', tools);
  for (let i = 0; i < tools.length; i++) {
    const tool: unknown = tools[i];
    if (!isObject(tool)) throw wrongInput(`tools[${i}]`, 'an object with "type"', tool ?? null);
    if (typeof tool.type !== 'string') throw wrongInput(`tools[${i}].type`, '"function"', tool.type);
    if (tool.type !== 'function') continue;
    if (!isObject(tool.function)) throw wrongInput(`tools[${i}].function`, 'an object with "name"', tool.function);
    const { name, parameters } = tool.function;
    if (parameters !== undefined && parameters !== null && !isObject(parameters)) {
      throw wrongInput(`tools[${i}].function.parameters`, 'a JSON Schema object', parameters);
    }
    if (typeof name !== 'string' || name === '') {
      throw wrongInput(`tools[${i}].function.name`, 'the name of the function', name === '' ? undefined : name);
    }
  }
}

const knownOptions = (): string => `known are ${[...OPTION_NAMES].map((name) => JSON.stringify(name)).join(', ')}`;

export function checkCallOptions(options: unknown): void {
  if (!isObject(options)) throw wrongInput('options', 'an object', options ?? null);
  for (const name in options) {
    if (OPTION_NAMES.has(name)) continue;
    throw new ConfigurationError({
      message: `options.${name}: no such option of a call; ${didYouMean(name, OPTION_NAMES) ?? knownOptions()}`,
      code: 'unknown_option',
      param: `options.${name}`,
    });
  }
  const { signal, headers, metadata, fallbacks, unsupportedParams, maxRetries, cache } = options;
  if (signal !== undefined && signal !== null && !isSignal(signal)) throw wrongInput('options.signal', 'an AbortSignal', signal);
  checkMilliseconds('options.timeout', options.timeout);
  checkMilliseconds('options.deadline', options.deadline);
  if (maxRetries !== undefined && !(Number.isInteger(maxRetries) && (maxRetries as number) >= 0)) {
    throw wrongInput('options.maxRetries', 'a whole number, 0 or more', maxRetries);
  }
  if (headers !== undefined && headers !== null && !isHeadersLike(headers)) {
    throw wrongInput('options.headers', 'an object of names and strings, Headers, or pairs', headers);
  }
  if (metadata !== undefined && !isObject(metadata)) throw wrongInput('options.metadata', 'an object', metadata);
  if (fallbacks !== undefined) checkFallbacks(fallbacks);
  for (const name of ['correlationId', 'idempotencyKey'] as const) {
    const value = options[name];
    if (value !== undefined && (typeof value !== 'string' || value === ''))
      throw wrongInput(`options.${name}`, 'a string that is not empty', value === '' ? undefined : value);
  }
  if (unsupportedParams !== undefined && unsupportedParams !== 'error' && unsupportedParams !== 'drop') {
    throw wrongInput('options.unsupportedParams', '"error" or "drop"');
  }
  if (cache !== undefined && cache !== 'refresh' && cache !== 'skip') throw wrongInput('options.cache', '"refresh" or "skip"');
}

function checkFallbacks(fallbacks: unknown): void {
  if (!Array.isArray(fallbacks)) throw wrongInput('options.fallbacks', 'an array of "provider/model"', fallbacks);
  fallbacks.forEach((fallback: unknown, i) => {
    if (isPool(fallback)) return;
    const model = isObject(fallback) ? fallback.model : fallback;
    if (typeof model !== 'string' || model === '') {
      throw wrongInput(`options.fallbacks[${i}]`, '"provider/model" or an object with "model"', fallback);
    }
  });
}

function checkMilliseconds(path: string, value: unknown): void {
  if (value !== undefined && !(typeof value === 'number' && value > 0)) {
    throw wrongInput(path, 'a number of milliseconds above 0', value);
  }
}

const isSignal = (value: unknown): value is AbortSignal =>
  isObject(value) && typeof value.aborted === 'boolean' && typeof value.addEventListener === 'function';
