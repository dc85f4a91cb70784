import type { Call } from '../../contract/call.ts';
import { isRecord } from '../chat-rules.ts';
import { dropHint, HINTS, unsupported, warn } from '../params.ts';
import type { Quirks } from './quirks.ts';

/** A request body on its way to a host; `undefined` fields are not sent. */
export type Body = Record<string, unknown>;

/** Turns a host's deviations into changes of a body. Made once per provider. */
export type ParameterPolicy = (body: Body, call: Call) => void;

/** The policy of a host; `undefined` where there is nothing to change. */
export function parameterPolicy(quirks: Quirks): ParameterPolicy | undefined {
  const kept = new Set(quirks.keeps);
  const lacks = new Set((quirks.lacks ?? []).filter((param) => !kept.has(param)));
  const steps: ParameterPolicy[] = [];
  if (lacks.size > 0) steps.push((body, call) => leaveOut(body, call, lacks));
  if (quirks.tokenLimit !== undefined) steps.push(oneTokenLimit(quirks.tokenLimit));
  if (quirks.newTokenLimit !== undefined) steps.push(newTokenLimit(quirks.newTokenLimit));
  if (quirks.renames !== undefined) steps.push(rename(quirks.renames));
  if (quirks.clamps !== undefined) steps.push(clamp(quirks.clamps));
  if (quirks.maxStops !== undefined) steps.push(limitStops(quirks.maxStops));
  if (quirks.responseFormats !== undefined) steps.push(limitResponseFormats(quirks.responseFormats));
  if (quirks.strictTools === 'drop') steps.push(dropStrict);
  if (quirks.namedTool === 'filter') steps.push(filterNamedTool);
  if (quirks.toolChoices !== undefined) steps.push(limitToolChoices(quirks.toolChoices));
  if (quirks.bodyWithTools !== undefined) steps.push(addWithTools(quirks.bodyWithTools));
  if (steps.length === 0) return undefined;
  return (body, call) => {
    for (const step of steps) step(body, call);
  };
}

function leaveOut(body: Body, call: Call, lacks: ReadonlySet<string>): void {
  for (const param of lacks) {
    const value = body[param];
    if (value === undefined) continue;
    body[param] = undefined;
    if (value === null || saysNothing(param, value)) continue;
    if (HINTS.has(param)) dropHint(call, param);
    else unsupported(call, param);
  }
}

const NEUTRAL: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ['n', 1],
  ['logprobs', false],
  ['top_logprobs', 0],
  ['frequency_penalty', 0],
  ['presence_penalty', 0],
  ['parallel_tool_calls', true],
  ['store', false],
  ['service_tier', 'auto'],
]);

/** Whether a value asks for nothing but what happens without it. */
function saysNothing(param: string, value: unknown): boolean {
  if (NEUTRAL.get(param) === value) return true;
  if (Array.isArray(value)) {
    return value.length === 0 || (param === 'modalities' && value.length === 1 && value[0] === 'text');
  }
  return param === 'logit_bias' && isRecord(value) && Object.keys(value).length === 0;
}

const oneTokenLimit =
  (field: 'max_tokens' | 'max_completion_tokens'): ParameterPolicy =>
  (body) => {
    const limit = body.max_completion_tokens ?? body.max_tokens;
    if (limit === undefined || limit === null) return;
    body.max_tokens = undefined;
    body.max_completion_tokens = undefined;
    body[field] = limit;
  };

const newTokenLimit =
  (models: RegExp): ParameterPolicy =>
  (body, { target }) => {
    if (body.max_tokens === undefined || !models.test(target.model)) return;
    body.max_completion_tokens ??= body.max_tokens;
    body.max_tokens = undefined;
  };

const rename =
  (names: Readonly<Record<string, string>>): ParameterPolicy =>
  (body) => {
    for (const [param, field] of Object.entries(names)) {
      const value = body[param];
      if (value === undefined) continue;
      body[param] = undefined;
      if (value !== null) body[field] = value;
    }
  };

const clamp =
  (clamps: NonNullable<Quirks['clamps']>): ParameterPolicy =>
  (body, call) => {
    for (const [param, { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY }] of Object.entries(clamps)) {
      const value = body[param];
      if (typeof value !== 'number' || (value >= min && value <= max)) continue;
      body[param] = Math.min(max, Math.max(min, value));
      warn(call, `${call.target.provider} takes no "${param}" of ${value}; sent as ${String(body[param])}`);
    }
  };

const limitStops =
  (most: number): ParameterPolicy =>
  (body, call) => {
    if (!Array.isArray(body.stop) || body.stop.length <= most) return;
    body.stop = undefined;
    unsupported(call, 'stop', `it takes ${most === 1 ? 'one sequence' : `${most} sequences`} at most`);
  };

const limitResponseFormats =
  (known: readonly string[]): ParameterPolicy =>
  (body, call) => {
    const format = body.response_format;
    if (!isRecord(format) || typeof format.type !== 'string' || known.includes(format.type)) return;
    body.response_format = undefined;
    unsupported(call, 'response_format', `it knows ${known.join(' and ')}`);
  };

const limitToolChoices =
  (known: readonly string[]): ParameterPolicy =>
  (body, call) => {
    const choice = body.tool_choice;
    if (choice === undefined || choice === null) return;
    if (known.includes(typeof choice === 'string' ? choice : 'named')) return;
    body.tool_choice = undefined;
    unsupported(call, 'tool_choice', `it knows ${known.join(' and ')}`);
  };

const functionName = (tool: unknown): unknown => (isRecord(tool) && isRecord(tool.function) ? tool.function.name : undefined);

const filterNamedTool: ParameterPolicy = (body) => {
  const name = functionName(body.tool_choice);
  if (name === undefined || !Array.isArray(body.tools)) return;
  body.tools = body.tools.filter((tool) => functionName(tool) === name);
  body.tool_choice = 'required';
};

const dropStrict: ParameterPolicy = (body, call) => {
  if (!Array.isArray(body.tools)) return;
  let dropped = false;
  body.tools = body.tools.map((tool) => {
    if (!isRecord(tool) || !isRecord(tool.function) || tool.function.strict === undefined) return tool;
    const { strict, ...rest } = tool.function;
    dropped ||= strict === true;
    return { ...tool, function: rest };
  });
  if (dropped) dropHint(call, 'strict');
};

const addWithTools =
  (fields: Readonly<Record<string, unknown>>): ParameterPolicy =>
  (body) => {
    if (!Array.isArray(body.tools) || body.tools.length === 0) return;
    for (const [field, value] of Object.entries(fields)) body[field] ??= value;
  };
