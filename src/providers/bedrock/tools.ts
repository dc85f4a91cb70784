import type { Call } from '../../contract/call.ts';
import type { ChatRequest } from '../../contract/chat.ts';
import { inputSchema } from '../../dialects/anthropic/schema.ts';
import { isRecord } from '../../dialects/chat-rules.ts';
import { dropHint, unsupported } from '../../dialects/params.ts';
import type { Block, CachePoints } from './cache-points.ts';
import type { BedrockFamily } from './model-family.ts';

type ChatCall = Call<'chat' | 'stream'>;

export type ToolChoice = { readonly type: 'auto' | 'any' } | { readonly type: 'tool'; readonly name: string };

export interface ToolPlan {
  readonly tools: Block[];
  readonly choice?: ToolChoice | undefined;
}

/** `tools` and `tool_choice`. Converse has no "none": then no tools are sent. */
export function encodeTools(call: ChatCall, family: BedrockFamily, marks: CachePoints): ToolPlan {
  const { tools: given, tool_choice: choice } = call.request;
  const tools: Block[] = [];
  if (choice === 'none') return { tools };
  const allowed = allowedNames(choice);
  for (const tool of given ?? []) {
    if (tool.type !== 'function') {
      unsupported(call, 'tools', `bedrock knows function tools only, not "${tool.type}"`);
      continue;
    }
    const { name, description, parameters, strict } = tool.function;
    if (allowed !== undefined && !allowed.has(name)) continue;
    if (strict === true && !family.strictTools) dropHint(call, 'tools.function.strict');
    const isStrict = strict === true && family.strictTools;
    tools.push({
      toolSpec: {
        name,
        ...(description ? { description } : {}),
        inputSchema: { json: inputSchema(parameters, isStrict) },
        ...(isStrict ? { strict } : {}),
      },
    });
    marks.after(tools, tool);
  }
  return tools.length === 0 ? { tools } : { tools, choice: encodeChoice(call, choice) };
}

/** A choice that forces a tool, where the model or its thinking allows no such thing: an error, or the model's own choice. */
export function allowForcing(call: ChatCall, choice: ToolChoice | undefined, possible: boolean): ToolChoice | undefined {
  if (possible || choice === undefined || choice.type === 'auto') return choice;
  unsupported(call, 'tool_choice', 'this model cannot be forced to call a tool, or not while it reasons');
  return { type: 'auto' };
}

/** `toolConfig`, and what Claude alone understands of it. */
export function encodeToolConfig(
  call: ChatCall,
  { tools, choice }: ToolPlan,
  family: BedrockFamily,
): { readonly toolConfig?: object; readonly claudeFields?: object } {
  const single = call.request.parallel_tool_calls === false;
  if (single && family.claude === undefined) unsupported(call, 'parallel_tool_calls', 'of the models here only Claude has it');
  if (tools.length === 0) return {};
  if (single && family.claude !== undefined) {
    const claudeFields = { tool_choice: { ...(choice ?? { type: 'auto' }), disable_parallel_tool_use: true } };
    return { toolConfig: { tools }, claudeFields };
  }
  return { toolConfig: { tools, ...(choice === undefined ? {} : { toolChoice: wireChoice(choice) }) } };
}

const wireChoice = (choice: ToolChoice): object =>
  choice.type === 'tool' ? { tool: { name: choice.name } } : { [choice.type]: {} };

function encodeChoice(call: ChatCall, given: ChatRequest['tool_choice']): ToolChoice | undefined {
  if (given === undefined || given === null) return undefined;
  if (given === 'auto' || given === 'none') return { type: 'auto' };
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
