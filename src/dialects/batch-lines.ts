import { LineCheck, refusedLines } from '../contract/batch-line-check.ts';
import type { Call } from '../contract/call.ts';
import type { ReplyCodec } from '../contract/codec.ts';
import type { BatchRequestLine } from '../contract/native-batches.ts';
import type { WireMessage } from '../contract/wire.ts';
import { isLLMError } from '../errors/catalogue.ts';
import { BadRequestError } from '../errors/provider-errors.ts';

/** The operations that lines of batches ask for. */
export type LineOperation = 'chat' | 'complete' | 'embed';

/** How the requests of an endpoint are spoken: as in calls of their own. */
export type LineCodecs = Readonly<Record<string, LineCodec>>;

export type LineCodec = {
  readonly [K in LineOperation]: { readonly operation: K; readonly codec: ReplyCodec<K> };
}[LineOperation];

export const chatLines = (codec: ReplyCodec<'chat'>): LineCodec => ({ operation: 'chat', codec });
export const textLines = (codec: ReplyCodec<'complete'>): LineCodec => ({ operation: 'complete', codec });
export const vectorLines = (codec: ReplyCodec<'embed'>): LineCodec => ({ operation: 'embed', codec });

/** What a provider takes as the lines of one batch. */
export interface LineTraits {
  readonly codecs: LineCodecs;
  readonly mixedModels: boolean;
  readonly maxLines: number;
  /** Endpoints beyond those of the codecs are taken, and their bodies sent as they are. */
  readonly anyEndpoint?: boolean | undefined;
  readonly customId?: { readonly pattern: RegExp; readonly words: string } | undefined;
}

/** A line in the provider's own words. */
export interface EncodedLine {
  readonly customId: string;
  readonly model: string;
  readonly body: object;
  /** What the request would carry by itself. */
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * The lines of an order, checked and in the provider's own words. Nothing has been sent yet.
 *
 * @throws BadRequestError with every error in `details.errors`, as a batch that OpenAI refuses has them.
 */
export async function encodeLines(call: Call<'createBatch'>, traits: LineTraits): Promise<EncodedLine[]> {
  const { endpoint, lines = [] } = call.request;
  const { provider } = call.target;
  checkEndpoint(call, traits);
  const check = new LineCheck({ endpoint, mixedModels: traits.mixedModels, customId: traits.customId });
  if (lines.length === 0) check.add('empty_batch', 'The batch has no requests.');
  const encoded: EncodedLine[] = [];
  for (const [index, line] of lines.entries()) {
    const number = index + 1;
    if (number > traits.maxLines) {
      check.add('too_many_tasks', `The batch has more than the ${traits.maxLines} lines that are allowed.`, number);
      break;
    }
    const found = check.errors.length;
    const customId = check.check(number, line);
    if (customId === undefined || check.errors.length > found) continue;
    const message = await encodedMessage(call, line, traits.codecs[endpoint]).catch((error: unknown) => {
      if (!isLLMError(error)) throw error;
      const { param } = error as { readonly param?: string | null };
      const code = error.kind === 'unsupported_params' ? 'unsupported_parameter' : 'invalid_request';
      return check.add(code, error.reason, number, param ? `body.${param}` : null);
    });
    if (message?.body !== undefined) {
      encoded.push({ customId, model: modelOf(line), body: message.body, headers: message.headers ?? {} });
    }
  }
  if (check.errors.length > 0) throw refusedLines(check.errors, { provider });
  return encoded;
}

/** @throws BadRequestError for an endpoint whose requests the provider runs in no batch. */
export function checkEndpoint({ request: { endpoint }, target }: Call<'createBatch'>, { codecs, anyEndpoint }: LineTraits): void {
  if (anyEndpoint === true || Object.hasOwn(codecs, endpoint)) return;
  const supported = Object.keys(codecs).map((one) => `'${one}'`);
  throw refusedOrder(target.provider, `Invalid value: '${endpoint}'. Supported values are: ${supported.join(', ')}.`, 'endpoint');
}

/** An order that is refused before it is sent, as OpenAI refuses it. */
export function refusedOrder(provider: string, message: string, param: string, code = 'invalid_value'): BadRequestError {
  return new BadRequestError({ message, provider, status: 400, type: 'invalid_request_error', code, param });
}

/** The call that a line would be by itself. */
export function lineCall<K extends LineOperation>(call: Call, operation: K, model: string, request: object): Call<K> {
  return { ...call, operation, target: { ...call.target, model }, request } as unknown as Call<K>;
}

async function encodedMessage(
  call: Call<'createBatch'>,
  { body }: BatchRequestLine,
  line: LineCodec | undefined,
): Promise<Pick<WireMessage, 'body' | 'headers'>> {
  if (line === undefined) return { body: body as object };
  const { model, ...request } = body as { readonly model: string };
  const { operation, codec } = line as { readonly operation: 'chat'; readonly codec: ReplyCodec<'chat'> };
  return codec.encode(lineCall(call, operation, model, request));
}

const modelOf = ({ body }: BatchRequestLine): string => String((body as { readonly model?: unknown }).model);
