import type { LLMError } from '../errors/catalogue.ts';
import { checkCallOptions, checkMessages, checkTools, isObject, wrongInput } from './call-input.ts';
import { withoutHelperOptions } from './helper-client.ts';
import { checkShape } from './malformed.ts';

/** What is wrong with what a helper of openai's was given; its classes would break on it with errors of no type. */
export const wrongStreamInput = (params: unknown, options: unknown): LLMError | undefined =>
  refusal(() => checkTools(check(params, options).tools));

/** The same for a tool loop, whose tools hold the functions that it runs. */
export const wrongLoopInput = (params: unknown, options: unknown): LLMError | undefined =>
  refusal(() => {
    const { tools } = check(params, options);
    if (!Array.isArray(tools)) throw wrongInput('tools', 'an array of tools with functions to run', tools);
    for (const [i, tool] of tools.entries()) checkRunnable(tool, `tools[${i}]`);
  });

type Request = Readonly<Record<string, unknown>>;

/** What is no function is for the provider to run. A function without a name of its own goes by that of what it runs. */
function checkRunnable(tool: unknown, path: string): void {
  if (!isObject(tool) || typeof tool.type !== 'string') throw wrongInput(path, 'an object with "type"', tool ?? null);
  if (tool.type !== 'function') return;
  if (!isObject(tool.function))
    throw wrongInput(`${path}.function`, 'an object with "function", the function to run', tool.function);
  const run = tool.$callback ?? tool.function.function;
  if (typeof run !== 'function') throw wrongInput(`${path}.function.function`, 'the function to run', run);
  const name: unknown = tool.function.name || run.name;
  if (typeof name !== 'string' || name === '') throw wrongInput(`${path}.function.name`, 'the name of the function');
}

function check(params: unknown, options: unknown): Request {
  const request = isObject(params) ? params : {};
  checkMessages(request.messages);
  checkShape(request);
  const { n } = request;
  if (n !== undefined && n !== null && n !== 1)
    throw wrongInput('n', '1: a helper follows one answer; chat.completions.create takes more', n);
  if (options !== undefined) checkCallOptions(isObject(options) ? withoutHelperOptions(options) : options);
  return request;
}

function refusal(check: () => void): LLMError | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    return error as LLMError;
  }
}
