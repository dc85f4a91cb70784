import type { Call } from '../../contract/call.ts';
import type { ChatRequest } from '../../contract/chat.ts';
import { isRecord } from '../chat-rules.ts';
import { dropHint, unsupported } from '../params.ts';
import type { Block, CacheMarks } from './cache.ts';
import type { ModelFamily } from './model-families.ts';
import { inputSchema } from './schema.ts';

/** `{ type: 'auto' | 'any' | 'none' | 'tool', … }` of the Messages API. */
export interface ToolChoice {
  readonly type: 'auto' | 'any' | 'none' | 'tool';
  readonly name?: string;
  readonly disable_parallel_tool_use?: boolean;
}

export interface ToolPlan {
  readonly tools: readonly object[];
  readonly choice?: ToolChoice;
}

type ChatCall = Call<'chat' | 'stream'>;

/** `tools` and `tool_choice`. `native` are Anthropic's own tools, from the provider options. */
export function encodeTools(call: ChatCall, family: ModelFamily, native: unknown, marks: CacheMarks): ToolPlan {
  const { request } = call;
  const allowed = allowedNames(request.tool_choice);
  const tools: object[] = [];
  for (const tool of request.tools ?? []) {
    if (tool.type !== 'function') unsupported(call, `a tool of type "${tool.type}"`, 'use a function tool');
    else if (allowed === undefined || allowed.has(tool.function.name)) tools.push(encodeTool(call, tool, family, marks));
  }
  if (request.web_search_options) tools.push(webSearch(request.web_search_options));
  if (Array.isArray(native)) tools.push(...native.filter(isRecord));
  if (tools.length === 0) return { tools };
  const choice = encodeChoice(call, request.tool_choice);
  return choice === undefined ? { tools } : { tools, choice };
}

/** A choice that forces a tool, where the model or its thinking allows no such thing: an error, or `auto`. */
export function allowForcing(call: ChatCall, choice: ToolChoice | undefined, possible: boolean): ToolChoice | undefined {
  if (possible || (choice?.type !== 'any' && choice?.type !== 'tool')) return choice;
  unsupported(call, 'tool_choice', 'this model cannot be forced to call a tool, or not while it reasons');
  const { disable_parallel_tool_use } = choice;
  return { type: 'auto', ...(disable_parallel_tool_use === undefined ? {} : { disable_parallel_tool_use }) };
}

type FunctionTool = Extract<NonNullable<ChatRequest['tools']>[number], { type: 'function' }>;

function encodeTool(call: ChatCall, tool: FunctionTool, family: ModelFamily, marks: CacheMarks): object {
  const { name, description, parameters, strict } = tool.function;
  if (strict === true && !family.structuredOutput) dropHint(call, 'strict');
  const isStrict = strict === true && family.structuredOutput;
  const encoded = {
    name,
    ...(description === undefined ? {} : { description }),
    input_schema: inputSchema(parameters, isStrict),
    ...(isStrict ? { strict } : {}),
  };
  marks.mark(encoded as unknown as Block, tool);
  return encoded;
}

function encodeChoice(call: ChatCall, given: ChatRequest['tool_choice']): ToolChoice | undefined {
  const single = call.request.parallel_tool_calls === false ? { disable_parallel_tool_use: true } : {};
  const choice = wordOf(call, given);
  if (choice === undefined) return 'disable_parallel_tool_use' in single ? { type: 'auto', ...single } : undefined;
  return choice.type === 'none' ? choice : { ...choice, ...single };
}

function wordOf(call: ChatCall, given: ChatRequest['tool_choice']): ToolChoice | undefined {
  if (given === undefined || given === null) return undefined;
  if (given === 'none') return { type: 'none' };
  if (given === 'auto') return { type: 'auto' };
  if (given === 'required') return { type: 'any' };
  if (given.type === 'function') return { type: 'tool', name: given.function.name };
  if (given.type === 'allowed_tools') return { type: given.allowed_tools.mode === 'required' ? 'any' : 'auto' };
  unsupported(call, 'tool_choice', 'custom tools do not exist here');
  return undefined;
}

function allowedNames(given: ChatRequest['tool_choice']): ReadonlySet<unknown> | undefined {
  if (typeof given !== 'object' || given === null || given.type !== 'allowed_tools') return undefined;
  return new Set(given.allowed_tools.tools.map((tool) => (isRecord(tool.function) ? tool.function.name : tool.name)));
}

function webSearch(options: NonNullable<ChatRequest['web_search_options']>): object {
  const { user_location: location } = options;
  const tool = { type: 'web_search_20250305', name: 'web_search' };
  return location ? { ...tool, user_location: { type: 'approximate', ...location.approximate } } : tool;
}
