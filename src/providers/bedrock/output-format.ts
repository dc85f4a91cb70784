import type { Call } from '../../contract/call.ts';
import { inputSchema, strictSchema } from '../../dialects/anthropic/schema.ts';
import { warn } from '../../dialects/params.ts';
import { type BedrockFamily, bedrockFamily } from './model-family.ts';
import type { ToolChoice, ToolPlan } from './tools.ts';

type ChatCall = Call<'chat' | 'stream'>;

/** The tool whose input is the answer, for models without structured output. */
export const JSON_TOOL = 'json';

/** The name of the tool whose input is the answer, if this call has one: encoder and decoder must agree. */
export function answerTool(call: ChatCall): string | undefined {
  const family = bedrockFamily(call);
  const asked = call.request.response_format?.type === 'json_schema';
  return asked && family.schema === 'tool' && family.claude?.forcedChoice !== false ? JSON_TOOL : undefined;
}

/** A schema for the answer, where Converse or Claude has a field for it. */
export function encodeFormat(
  call: ChatCall,
  family: BedrockFamily,
): { readonly outputConfig?: object; readonly claudeFormat?: object } {
  const format = call.request.response_format;
  if (format?.type !== 'json_schema' || family.schema === 'tool') return {};
  const { name, description, schema = { type: 'object' } } = format.json_schema;
  if (family.schema === 'output_config') return { claudeFormat: { type: 'json_schema', schema: strictSchema(schema) } };
  const jsonSchema = { schema: JSON.stringify(schema), name, ...(description ? { description } : {}) };
  return { outputConfig: { textFormat: { type: 'json_schema', structure: { jsonSchema } } } };
}

/** What the model is told where it has no parameter and cannot be forced to call a tool. */
export function formatInstruction(call: ChatCall, family: BedrockFamily): string | undefined {
  const format = call.request.response_format;
  const bare = 'Answer with one valid JSON object and nothing else: no explanation and no Markdown fences around it.';
  if (format?.type === 'json_object') {
    warn(call, 'bedrock has no JSON mode without a schema; the model is asked for JSON in the system prompt');
    return bare;
  }
  if (format?.type !== 'json_schema' || family.schema !== 'tool' || answerTool(call) !== undefined) return undefined;
  warn(call, 'this model has no structured output on bedrock; it is asked for JSON in the system prompt');
  return `${bare} It must follow this JSON schema: ${JSON.stringify(format.json_schema.schema ?? {})}`;
}

/** Adds the answering tool. The caller's own tools stay callable beside it. */
export function withJSONTool(call: ChatCall, plan: ToolPlan): ToolPlan {
  const format = call.request.response_format;
  if (format?.type !== 'json_schema') return plan;
  const { description, schema } = format.json_schema;
  const toolSpec = {
    name: JSON_TOOL,
    description: description || 'Gives the final answer to the user. Call it once, with the whole answer.',
    inputSchema: { json: inputSchema(schema, false) },
  };
  return { tools: [...plan.tools, { toolSpec }], choice: choiceWith(plan) };
}

function choiceWith({ tools, choice }: ToolPlan): ToolChoice {
  if (tools.length === 0) return { type: 'tool', name: JSON_TOOL };
  return choice?.type === 'tool' ? choice : { type: 'any' };
}
