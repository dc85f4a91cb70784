import type { Call } from '../contract/call.ts';
import type { LLMError } from '../errors/catalogue.ts';
import { isLLMError } from '../errors/catalogue.ts';
import { ConfigurationError } from '../errors/setup-errors.ts';
import { APIConnectionError } from '../errors/wire-errors.ts';
import { isObject, wrongInput } from './call-input.ts';

type Request = Readonly<Record<string, unknown>>;

/**
 * What a provider threw that is no error of this library. Encoders rely on the types of openai's parameters: one that broke on a
 * request of another shape becomes a `ConfigurationError` that names the place, if it can be told. A provider of the user's own may
 * throw anything; those that are built in throw nothing else before something is sent.
 */
export function unknownFailure(thrown: unknown, call: Call, isOwn: boolean): LLMError {
  try {
    checkShape(call.request as Request);
  } catch (wrong) {
    if (isLLMError(wrong)) return wrong;
  }
  const { provider, model } = call.target;
  const what = thrown instanceof Error ? thrown.name : typeof thrown;
  if (!isOwn && thrown instanceof TypeError) {
    const message = `a parameter is not of the type that openai's have: the request could not be written (${what}); see cause`;
    return new ConfigurationError({ message, provider, model, code: 'wrong_argument', cause: thrown }) as LLMError;
  }
  const message = `the provider failed with an error of no known type (${what}); see cause`;
  return new APIConnectionError({ message, provider, model, retryable: false, cause: thrown }) as LLMError;
}

/** @throws ConfigurationError for the first part of a request that has another shape than openai's. */
export function checkShape({ messages, response_format: format, stop, tool_choice: choice, modalities, audio }: Request): void {
  if (Array.isArray(messages)) for (const [i, message] of messages.entries()) checkMessage(message, `messages[${i}]`);
  if (isGiven(format)) {
    if (!isObject(format) || typeof format.type !== 'string')
      throw wrongInput('response_format', 'an object such as { type: "json_object" }', format);
    if (format.type === 'json_schema' && !isObject(format.json_schema))
      throw wrongInput('response_format.json_schema', 'an object with "name" and "schema"', format.json_schema);
  }
  if (isObject(choice) && choice.type === 'function' && !(isObject(choice.function) && typeof choice.function.name === 'string'))
    throw wrongInput('tool_choice.function.name', 'the name of a function');
  if (isGiven(stop) && typeof stop !== 'string' && !isTexts(stop)) throw wrongInput('stop', 'a text or an array of texts', stop);
  if (isGiven(modalities) && !isTexts(modalities)) throw wrongInput('modalities', 'an array of texts', modalities);
  if (isGiven(audio) && !isObject(audio)) throw wrongInput('audio', 'an object with "voice" and "format"', audio);
}

const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every((text) => typeof text === 'string');
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
    if (typeof given !== 'string') throw wrongInput(`${path}[${i}].function.arguments`, 'a text with JSON', given);
    if (typeof (call as Request).id !== 'string') throw wrongInput(`${path}[${i}].id`, 'a text', (call as Request).id);
  });
}
