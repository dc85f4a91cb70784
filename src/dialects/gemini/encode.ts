import type { Call } from '../../contract/call.ts';
import type { ChatRequest } from '../../contract/chat.ts';
import type { GeminiOptions } from '../../contract/provider-options.ts';
import type { WireMessage } from '../../contract/wire.ts';
import { BadRequestError } from '../../errors/provider-errors.ts';
import { isRecord } from '../chat-rules.ts';
import { dropHint, refuseUnknown, unsupported, warn } from '../params.ts';
import { encodeContents } from './contents.ts';
import { generationConfig } from './generation-config.ts';
import { type LoadedMedia, loadMedia } from './media-parts.ts';
import { familyOf } from './model-family.ts';
import type { GeminiService, GeminiServiceTier } from './service-traits.ts';
import { encodeTools } from './tools.ts';

type ChatCall = Call<'chat' | 'stream'>;

/** Parameters that {@link encodeGenerate} looks at; all others are refused, or dropped as hints. */
const KNOWN: ReadonlySet<string> = new Set([
  'messages',
  'stream_options',
  'providerOptions',
  'max_completion_tokens',
  'max_tokens',
  'temperature',
  'top_p',
  'top_k',
  'stop',
  'n',
  'seed',
  'frequency_penalty',
  'presence_penalty',
  'logprobs',
  'top_logprobs',
  'reasoning_effort',
  'response_format',
  'modalities',
  'audio',
  'tools',
  'tool_choice',
  'parallel_tool_calls',
  'web_search_options',
  'service_tier',
  'metadata',
]);

/** Options that belong into `generationConfig`; all others are top-level fields of the request. */
const CONFIG_OPTIONS: ReadonlySet<string> = new Set([
  'thinkingConfig',
  'topK',
  'responseModalities',
  'mediaResolution',
  'speechConfig',
  'generationConfig',
  'tools',
  'toolConfig',
]);

const TIERS: ReadonlyMap<string, GeminiServiceTier> = new Map([
  ['default', 'standard'],
  ['flex', 'flex'],
  ['priority', 'priority'],
]);

/** A chat request as a `generateContent` body. A promise only where images must be loaded first. */
export function encodeGenerate(call: ChatCall, service: GeminiService, method: string): WireMessage | Promise<WireMessage> {
  const loaded = loadMedia(call.request.messages, call, service);
  return loaded instanceof Promise
    ? loaded.then((media) => generateMessage(call, service, method, media))
    : generateMessage(call, service, method, loaded);
}

function generateMessage(call: ChatCall, service: GeminiService, method: string, loaded: LoadedMedia): WireMessage {
  const { request, target } = call;
  const family = familyOf(target.model);
  const options = optionsOf(request, service);
  refuseUnknown(call, request, KNOWN);
  if (request.parallel_tool_calls === false) unsupported(call, 'parallel_tool_calls', 'there is no switch for it');

  const { contents, system } = encodeContents(request.messages, call, service, family, loaded);
  const config = generationConfig(call, options, service, family);
  const tier = serviceTier(call, service);
  const body = {
    contents,
    ...(system === '' ? {} : { systemInstruction: { parts: [{ text: system }] } }),
    ...withOptions(encodeTools(call, service, family), options),
    ...(Object.keys(config).length === 0 ? {} : { generationConfig: config }),
    ...labels(call, service),
    ...tier.body,
    ...Object.fromEntries(Object.entries(options).filter(([field]) => !CONFIG_OPTIONS.has(field))),
  };
  return {
    path: modelPath(call, service, method),
    body: options.cachedContent === undefined ? body : withoutCached(body, call),
    ...(tier.headers === undefined ? {} : { headers: tier.headers }),
  };
}

/** The caller's settings for this service alone. */
export function optionsOf(request: Pick<ChatRequest, 'providerOptions'>, service: GeminiService): GeminiOptions {
  const options = request.providerOptions?.[service.optionsKey];
  return isRecord(options) ? options : {};
}

/**
 * The path of a method of the call's model.
 *
 * @throws BadRequestError for a name that would lead to another path.
 */
export function modelPath(call: Call, service: GeminiService, method: string): string {
  const segments = service.modelName(call.target.model).split('/');
  if (segments.every((segment) => segment !== '' && segment !== '.' && segment !== '..')) {
    return `/${segments.map(encodeURIComponent).join('/')}:${method}`;
  }
  const { provider, model } = call.target;
  throw new BadRequestError({ message: `"${model}" is not the name of a model`, provider, model, param: 'model' });
}

function withOptions(encoded: { tools?: object[]; toolConfig?: object }, options: GeminiOptions): object {
  const tools = [...(encoded.tools ?? []), ...(Array.isArray(options.tools) ? options.tools : [])];
  const toolConfig = { ...encoded.toolConfig, ...(isRecord(options.toolConfig) ? options.toolConfig : {}) };
  return { ...(tools.length === 0 ? {} : { tools }), ...(Object.keys(toolConfig).length === 0 ? {} : { toolConfig }) };
}

function serviceTier(call: ChatCall, service: GeminiService): ReturnType<GeminiService['serviceTier']> {
  const wanted = call.request.service_tier;
  if (!wanted || wanted === 'auto') return {};
  const tier = TIERS.get(wanted);
  if (tier !== undefined) return service.serviceTier(tier);
  dropHint(call, 'service_tier');
  return {};
}

function labels(call: ChatCall, service: GeminiService): object {
  const { metadata } = call.request;
  if (!metadata) return {};
  if (service.labels) return { labels: metadata };
  dropHint(call, 'metadata');
  return {};
}

/** A cache holds the system instruction and the tools; a request that repeats them is refused. */
function withoutCached(body: Record<string, unknown>, call: ChatCall): object {
  const { systemInstruction, tools, toolConfig, ...rest } = body;
  if (systemInstruction !== undefined || tools !== undefined || toolConfig !== undefined) {
    warn(
      call,
      `${call.target.provider}: system messages and tools come from "cachedContent"; those of the request were left out`,
    );
  }
  return rest;
}
