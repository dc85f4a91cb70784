import type { CallOptions } from '../../../src/contract/call.ts';
import type { ChatMessageParam, ChatRequest } from '../../../src/contract/chat.ts';
import type { MediaSource } from '../../../src/contract/media.ts';
import { encodeGenerate } from '../../../src/dialects/gemini/encode.ts';
import type { GeminiService } from '../../../src/dialects/gemini/service-traits.ts';
import { developerAPI } from '../../../src/dialects/gemini/service-traits.ts';
import { encodeJSON } from '../../../src/wire/json-body.ts';
import { callOf } from '../../support/call.ts';

export interface Encoded {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>> | undefined;
  /** The body after a trip through its bytes. */
  readonly body: Body;
  readonly warnings: readonly string[];
}

export interface Part {
  readonly [field: string]: unknown;
}

export interface Body {
  readonly contents: readonly { readonly role: string; readonly parts: readonly Part[] }[];
  readonly systemInstruction?: unknown;
  readonly generationConfig?: Readonly<Record<string, unknown>>;
  readonly tools?: readonly Readonly<Record<string, unknown>>[];
  readonly toolConfig?: unknown;
  readonly [field: string]: unknown;
}

export interface Setting {
  readonly model?: string;
  readonly service?: GeminiService;
  readonly options?: CallOptions;
  readonly media?: MediaSource;
}

export const hello: readonly ChatMessageParam[] = [{ role: 'user', content: 'Hello' }];

/** A request as it goes out. */
export async function encoded(request: ChatRequest, setting: Setting = {}): Promise<Encoded> {
  const { model = 'gemini-3.6-flash', service = developerAPI, options = {}, media } = setting;
  const call = callOf('chat', request, { provider: 'gemini', model, options, media });
  const { path, headers, body = {} } = await encodeGenerate(call, service, 'generateContent');
  const bytes = encodeJSON(body);
  const text = typeof bytes === 'string' ? bytes : new TextDecoder().decode(bytes);
  return { path, headers, body: JSON.parse(text), warnings: call.warnings };
}
