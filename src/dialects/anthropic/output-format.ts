import type { Call } from '../../contract/call.ts';
import { warn } from '../params.ts';
import type { ModelFamily } from './model-families.ts';
import { inputSchema, strictSchema } from './schema.ts';
import type { ToolChoice, ToolPlan } from './tools.ts';

type ChatCall = Call<'chat' | 'stream'>;

/** The tool whose input is the answer, for models without structured output. */
export const JSON_TOOL = 'json';

/** Whether the answer to this call comes as the input of {@link JSON_TOOL}: encoder and decoder must agree. */
export function answersThroughTool(call: ChatCall, family: ModelFamily): boolean {
  return call.request.response_format?.type === 'json_schema' && !family.structuredOutput;
}

/** `output_config.format`, where the model understands it. */
export function encodeFormat(call: ChatCall, family: ModelFamily): object | undefined {
  const format = call.request.response_format;
  if (format?.type !== 'json_schema' || !family.structuredOutput) return undefined;
  return { type: 'json_schema', schema: strictSchema(format.json_schema.schema ?? { type: 'object' }) };
}

/** What the model is told where no parameter exists. */
export function formatInstruction(call: ChatCall): string | undefined {
  if (call.request.response_format?.type !== 'json_object') return undefined;
  warn(call, 'anthropic has no JSON mode without a schema; the model is asked for JSON in the system prompt');
  return 'Answer with one valid JSON object and nothing else: no explanation and no Markdown fences around it.';
}

/** Adds the answering tool. The caller's own tools stay callable beside it. */
export function withJSONTool(call: ChatCall, plan: ToolPlan): ToolPlan {
  const format = call.request.response_format;
  if (format?.type !== 'json_schema') return plan;
  const { description, schema } = format.json_schema;
  const tool = {
    name: JSON_TOOL,
    description: description ?? 'Gives the final answer to the user. Call it once, with the whole answer.',
    input_schema: inputSchema(schema, false),
  };
  return { tools: [...plan.tools, tool], choice: choiceWith(plan) };
}

function choiceWith({ tools, choice }: ToolPlan): ToolChoice {
  if (tools.length === 0 || choice?.type === 'none') return { type: 'tool', name: JSON_TOOL, disable_parallel_tool_use: true };
  if (choice?.type === 'tool') return choice;
  return { ...choice, type: 'any' };
}
