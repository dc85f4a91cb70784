import type { Call, OperationName } from '../../contract/call.ts';
import { ChatTally } from '../../contract/chat-tally.ts';
import type { DecodeContext, ReplyCodec, StreamCodec } from '../../contract/codec.ts';
import type { WireMessage } from '../../contract/wire.ts';
import { isRecord } from '../../dialects/chat-rules.ts';
import {
  CompletionStreamDecoder,
  CompletionTally,
  completionEncoder,
  decodeCompletion,
} from '../../dialects/openai/completions.ts';
import { decodeChat } from '../../dialects/openai/decode.ts';
import { decodeEmbeddings, embedEncoder } from '../../dialects/openai/embeddings.ts';
import { chatEncoder } from '../../dialects/openai/encode.ts';
import type { Quirks } from '../../dialects/openai/quirks.ts';
import { ChatStreamDecoder } from '../../dialects/openai/stream-decoder.ts';
import { AWSPayloadParts } from '../../wire/framing/aws-event-stream.ts';
import { withExceptions } from '../../wire/framing/aws-exceptions.ts';
import { SSEParser } from '../../wire/framing/sse.ts';
import { containerFields, invocation } from './invocation.ts';

/** Parameters go to the container as they are; what it makes of them is its business. */
export const CONTAINER_QUIRKS: Quirks = { offers: ['chat', 'complete', 'embed'], base64Vectors: false };

/** A codec whose bodies travel through an endpoint. The container knows its model; it is named only if the caller does. */
function through<K extends OperationName>(
  encode: (call: Call<K>) => WireMessage,
  streams: boolean,
): (call: Call<K>) => WireMessage {
  return (call) => {
    const request = { ...call.request, providerOptions: { [call.target.provider]: containerFields(call as Call) } };
    const { model: _, ...body } = encode({ ...call, request }).body as Record<string, unknown>;
    const { model } = containerFields(call as Call);
    return invocation(call as Call, typeof model === 'string' ? { model, ...body } : body, streams);
  };
}

/** A service's own error inside a 200 is told by its header. */
export function refuseServiceError(body: unknown, context: DecodeContext): void {
  const named = context.headers['x-amzn-errortype'] !== undefined;
  if (named || (isRecord(body) && typeof body.Message === 'string')) throw context.failure(body);
}

function decoded<K extends OperationName>(decode: ReplyCodec<K>['decode']): ReplyCodec<K>['decode'] {
  return (body, context) => {
    refuseServiceError(body, context as DecodeContext);
    return decode(body, context);
  };
}

export const chatCodec: ReplyCodec<'chat'> = {
  encode: through<'chat'>(chatEncoder(CONTAINER_QUIRKS, false), false),
  decode: decoded<'chat'>(decodeChat),
};

export const completeCodec: ReplyCodec<'complete'> = {
  encode: through<'complete'>(completionEncoder(CONTAINER_QUIRKS, false), false),
  decode: decoded<'complete'>(decodeCompletion),
};

export const embedCodec: ReplyCodec<'embed'> = {
  encode: through<'embed'>(embedEncoder(CONTAINER_QUIRKS), false),
  decode: decoded<'embed'>(decodeEmbeddings),
};

const sse = (): AWSPayloadParts => new AWSPayloadParts(new SSEParser());

export const streamCodec: StreamCodec<'stream'> = {
  encode: through<'stream'>(chatEncoder(CONTAINER_QUIRKS, true), true),
  framing: sse,
  decoder: (context) => withExceptions(new ChatStreamDecoder(context, CONTAINER_QUIRKS), context),
  tally: () => new ChatTally(),
};

export const completeStreamCodec: StreamCodec<'completeStream'> = {
  encode: through<'completeStream'>(completionEncoder(CONTAINER_QUIRKS, true), true),
  framing: sse,
  decoder: (context) => withExceptions(new CompletionStreamDecoder(context), context),
  tally: () => new CompletionTally(),
};
