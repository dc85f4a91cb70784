import type { Call } from '../../contract/call.ts';
import type { ChatRequest } from '../../contract/chat.ts';
import { isRecord } from '../chat-rules.ts';
import { dropHint, unsupported, warn } from '../params.ts';
import { GEMINI_3, type ModelFamily } from './model-family.ts';
import type { GeminiService } from './service-traits.ts';

interface FunctionCallingConfig {
  mode: 'AUTO' | 'ANY' | 'NONE' | 'VALIDATED';
  allowedFunctionNames?: string[];
}

interface Choice {
  readonly config?: FunctionCallingConfig;
  /** Only these are declared at all. */
  readonly declared?: ReadonlySet<string>;
}

export interface EncodedTools {
  tools?: object[];
  toolConfig?: object;
}

/** Functions, search and the choice among them. */
export function encodeTools(call: Call<'chat' | 'stream'>, service: GeminiService, family: ModelFamily): EncodedTools {
  const { request } = call;
  const { config, declared } = choiceOf(request.tool_choice, call);
  const declarations = declarationsOf(request.tools ?? [], declared, call);
  const tools: object[] = declarations.length === 0 ? [] : [{ functionDeclarations: declarations }];
  const search = isRecord(request.web_search_options) && searchAllowed(declarations.length > 0, call, family);
  if (search) tools.push({ googleSearch: {} });

  const validated = strictConfig(request.tools ?? [], config, call, family);
  const toolConfig = {
    ...(validated === undefined ? {} : { functionCallingConfig: validated }),
    ...(search && declarations.length > 0 && service.serverToolFlag ? { includeServerSideToolInvocations: true } : {}),
  };
  return { ...(tools.length === 0 ? {} : { tools }), ...(Object.keys(toolConfig).length === 0 ? {} : { toolConfig }) };
}

function declarationsOf(
  tools: NonNullable<ChatRequest['tools']>,
  declared: ReadonlySet<string> | undefined,
  call: Call,
): Record<string, unknown>[] {
  const declarations: Record<string, unknown>[] = [];
  for (const [index, tool] of tools.entries()) {
    if (tool.type !== 'function') {
      unsupported(call, `tools[${index}].type`, 'only functions can be declared');
      continue;
    }
    const { name, description, parameters } = tool.function;
    if (declared !== undefined && !declared.has(name)) continue;
    declarations.push({
      name,
      ...(description === undefined ? {} : { description }),
      ...(takesArguments(parameters) ? { parametersJsonSchema: parameters } : {}),
    });
  }
  return declarations;
}

/** An object without properties is refused as a schema, so it is left out. */
function takesArguments(parameters: unknown): boolean {
  if (!isRecord(parameters)) return false;
  const { properties, additionalProperties } = parameters;
  if (isRecord(properties) && Object.keys(properties).length > 0) return true;
  return isRecord(additionalProperties) || ['$ref', 'anyOf', 'oneOf', 'allOf'].some((keyword) => keyword in parameters);
}

function choiceOf(choice: ChatRequest['tool_choice'], call: Call): Choice {
  if (choice === undefined || choice === null) return {};
  if (choice === 'auto') return { config: { mode: 'AUTO' } };
  if (choice === 'none') return { config: { mode: 'NONE' } };
  if (choice === 'required') return { config: { mode: 'ANY' } };
  if (choice.type === 'function') return { config: { mode: 'ANY', allowedFunctionNames: [choice.function.name] } };
  if (choice.type === 'allowed_tools') {
    const names = choice.allowed_tools.tools.flatMap((tool) => {
      const name = isRecord(tool.function) ? tool.function.name : tool.name;
      return typeof name === 'string' ? [name] : [];
    });
    // a list of names is only taken where a call is demanded
    if (choice.allowed_tools.mode === 'auto') return { config: { mode: 'AUTO' }, declared: new Set(names) };
    return { config: { mode: 'ANY', allowedFunctionNames: names } };
  }
  unsupported(call, 'tool_choice');
  return {};
}

/** `strict` is met by a mode of the whole request, from Gemini 3 on, where calls are neither forced nor forbidden. */
function strictConfig(
  tools: NonNullable<ChatRequest['tools']>,
  config: FunctionCallingConfig | undefined,
  call: Call,
  family: ModelFamily,
): FunctionCallingConfig | undefined {
  const chosen = tools.length === 0 && (config?.mode === 'AUTO' || config?.mode === 'NONE') ? undefined : config;
  if (!tools.some((tool) => tool.type === 'function' && tool.function.strict === true)) return chosen;
  if (chosen?.mode === 'ANY' || chosen?.mode === 'NONE') return chosen;
  if (family.generation >= GEMINI_3) return { mode: 'VALIDATED' };
  dropHint(call, 'tools[].function.strict');
  return chosen;
}

function searchAllowed(withFunctions: boolean, call: Call<'chat' | 'stream'>, family: ModelFamily): boolean {
  if (withFunctions && family.generation < GEMINI_3) {
    unsupported(call, 'web_search_options', 'models before Gemini 3 cannot search and call functions in one request');
    return false;
  }
  for (const [option, value] of Object.entries(call.request.web_search_options ?? {})) {
    if (value !== undefined && value !== null) {
      warn(call, `${call.target.provider} has no "web_search_options.${option}"; searched without it`);
    }
  }
  return true;
}
