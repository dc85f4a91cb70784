import type { Call } from '../../contract/call.ts';
import type { ChatRequest } from '../../contract/chat.ts';
import type { GeminiOptions } from '../../contract/provider-options.ts';
import { isRecord } from '../chat-rules.ts';
import { dropHint, unsupported } from '../params.ts';
import { GEMINI_2_5, GEMINI_3, type ModelFamily } from './model-family.ts';
import { geminiSchema } from './schema.ts';
import type { GeminiService } from './service-traits.ts';
import { thinkingConfigOf } from './thinking.ts';

type ChatCall = Call<'chat' | 'stream'>;

/** `generationConfig`, without the fields that nobody set. */
export function generationConfig(
  call: ChatCall,
  options: GeminiOptions,
  service: GeminiService,
  family: ModelFamily,
): Record<string, unknown> {
  const { request } = call;
  const config: Record<string, unknown> = {
    maxOutputTokens: request.max_completion_tokens ?? request.max_tokens,
    temperature: request.temperature,
    topP: request.top_p,
    topK: options.topK ?? (request as { readonly top_k?: unknown }).top_k,
    stopSequences: typeof request.stop === 'string' ? [request.stop] : request.stop,
    candidateCount: request.n === 1 ? undefined : request.n,
    seed: request.seed,
    frequencyPenalty: penalty('frequency_penalty', call, service, family),
    presencePenalty: penalty('presence_penalty', call, service, family),
    responseLogprobs: request.logprobs === true ? true : undefined,
    logprobs: request.logprobs === true ? request.top_logprobs : undefined,
    thinkingConfig: options.thinkingConfig ?? thinking(call, family),
    ...responseFormat(call, family),
    ...modalities(call, options),
    mediaResolution: options.mediaResolution ?? mediaResolution(call),
    ...(isRecord(options.generationConfig) ? options.generationConfig : {}),
  };
  for (const [field, value] of Object.entries(config)) {
    if (value === undefined || value === null) delete config[field];
  }
  return config;
}

function penalty(
  param: 'frequency_penalty' | 'presence_penalty',
  call: ChatCall,
  service: GeminiService,
  family: ModelFamily,
): number | undefined {
  const value = call.request[param];
  if (!value) return undefined;
  const refused = !service.penaltiesOn25 && family.generation >= GEMINI_2_5 && family.generation < GEMINI_3;
  if (!refused) return value;
  unsupported(call, param, 'Gemini 2.5 models refuse it');
  return undefined;
}

function thinking(call: ChatCall, family: ModelFamily): object | undefined {
  const effort = call.request.reasoning_effort;
  if (!effort) return undefined;
  const config = thinkingConfigOf(effort, family);
  if (config === undefined && effort !== 'none') unsupported(call, 'reasoning_effort', 'this model does not think');
  return config;
}

function responseFormat(call: ChatCall, family: ModelFamily): object {
  const format = call.request.response_format;
  if (!format || format.type === 'text') return {};
  if ((call.request.tools?.length ?? 0) > 0 && family.generation < GEMINI_3) {
    unsupported(call, 'response_format', 'models before Gemini 3 take either tools or a format');
    return {};
  }
  const schema: unknown = format.type === 'json_schema' ? format.json_schema.schema : undefined;
  return { responseMimeType: 'application/json', ...(schema === undefined ? {} : { responseJsonSchema: geminiSchema(schema) }) };
}

function modalities(call: ChatCall, options: GeminiOptions): object {
  const { modalities: wanted, audio } = call.request;
  const names = wanted?.map((modality) => modality.toUpperCase());
  const plain = names === undefined || (names.length === 1 && names[0] === 'TEXT');
  if (audio?.format !== undefined && audio.format !== 'pcm16') dropHint(call, 'audio.format');
  return {
    responseModalities: options.responseModalities ?? (plain ? undefined : names),
    speechConfig: options.speechConfig ?? speechConfig(audio),
  };
}

function speechConfig(audio: ChatRequest['audio']): object | undefined {
  if (!audio) return undefined;
  const voiceName = typeof audio.voice === 'string' ? audio.voice : audio.voice.id;
  return { voiceConfig: { prebuiltVoiceConfig: { voiceName } } };
}

const RESOLUTIONS: ReadonlyMap<unknown, string> = new Map([
  ['low', 'MEDIA_RESOLUTION_LOW'],
  ['high', 'MEDIA_RESOLUTION_HIGH'],
]);

/** One resolution holds for the whole request, so `detail` counts where all images agree on it. */
function mediaResolution(call: ChatCall): string | undefined {
  const details = new Set<unknown>();
  for (const { content } of call.request.messages) {
    if (!Array.isArray(content)) continue;
    for (const part of content as readonly unknown[]) {
      if (isRecord(part) && part.type === 'image_url') details.add(isRecord(part.image_url) ? part.image_url.detail : undefined);
    }
  }
  const [detail] = details;
  const resolution = details.size === 1 ? RESOLUTIONS.get(detail) : undefined;
  const silent = details.size === 0 || [...details].every((each) => each === undefined || each === 'auto');
  if (resolution === undefined && !silent) dropHint(call, 'image_url.detail');
  return resolution;
}
