import type { Call } from '../contract/call.ts';
import type { LLMError } from '../errors/catalogue.ts';
import { isLLMError } from '../errors/catalogue.ts';
import { APIConnectionError } from '../errors/wire-errors.ts';
import { isObject, wrongInput } from './call-input.ts';

type Request = Readonly<Record<string, unknown>>;

/**
 * What a provider threw that is no error of this library. Encoders rely on the types of openai's parameters: one that broke on a
 * request of another shape becomes a `ConfigurationError` that names the place. Any other failure is the provider's own.
 */
export function unknownFailure(thrown: unknown, call: Call): LLMError {
  try {
    checkShape(call.request as Request);
  } catch (wrong) {
    if (isLLMError(wrong)) return wrong;
  }
  const { provider, model } = call.target;
  const what = thrown instanceof Error ? thrown.name : typeof thrown;
  const message = `the provider failed with an error of no known type (${what}); see cause`;
  return new APIConnectionError({ message, provider, model, retryable: false, cause: thrown }) as LLMError;
}

/** @throws ConfigurationError for the first part of a request that has another shape than openai's. */
function checkShape({ messages, response_format: format, stop }: Request): void {
  if (Array.isArray(messages)) for (const [i, message] of messages.entries()) checkMessage(message, `messages[${i}]`);
  if (isGiven(format)) {
    if (!isObject(format) || typeof format.type !== 'string')
      throw wrongInput('response_format', 'an object such as { type: "json_object" }', format);
    if (format.type === 'json_schema' && !isObject(format.json_schema))
      throw wrongInput('response_format.json_schema', 'an object with "name" and "schema"', format.json_schema);
  }
  if (isGiven(stop) && typeof stop !== 'string' && !Array.isArray(stop))
    throw wrongInput('stop', 'a text or an array of texts', stop);
}

const isGiven = (value: unknown): boolean => value !== undefined && value !== null;

function checkMessage({ role, content, tool_calls: calls, tool_call_id: id }: Request, path: string): void {
  if (typeof content !== 'string') checkParts(content, `${path}.content`, String(role));
  if (isGiven(calls)) checkToolCalls(calls, `${path}.tool_calls`);
  if (role === 'tool' && typeof id !== 'string') throw wrongInput(`${path}.tool_call_id`, 'the id of a tool call', id);
}

const NEVER_EMPTY: ReadonlySet<string> = new Set(['user', 'system', 'developer', 'tool']);

function checkParts(content: unknown, path: string, role: string): void {
  if (!isGiven(content) && !NEVER_EMPTY.has(role)) return;
  if (!Array.isArray(content)) throw wrongInput(path, 'a text or an array of parts', content);
  content.forEach((part: unknown, i) => {
    if (!isObject(part) || typeof part.type !== 'string') throw wrongInput(`${path}[${i}]`, 'an object with "type"', part);
  });
}

function checkToolCalls(calls: unknown, path: string): void {
  if (!Array.isArray(calls)) throw wrongInput(path, 'an array of tool calls', calls);
  calls.forEach((call: unknown, i) => {
    if (isObject(call) && call.type === 'custom') return;
    const called = isObject(call) ? call.function : undefined;
    if (!isObject(called) || typeof called.name !== 'string') throw wrongInput(`${path}[${i}]`, 'an object with "function.name"');
    const { arguments: given } = called;
    if (isGiven(given) && typeof given !== 'string')
      throw wrongInput(`${path}[${i}].function.arguments`, 'a text with JSON', given);
  });
}
