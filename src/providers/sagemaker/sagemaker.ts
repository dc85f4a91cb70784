import type { Call, OperationName } from '../../contract/call.ts';
import { ChatTally } from '../../contract/chat-tally.ts';
import type { Operation } from '../../contract/codec.ts';
import type { Provider, ProviderContext, ProviderDefinition } from '../../contract/provider.ts';
import type { Wire } from '../../contract/wire.ts';
import { CompletionTally } from '../../dialects/openai/completions.ts';
import { ConfigurationError } from '../../errors/setup-errors.ts';
import { AWSSigner } from '../../wire/auth/aws-sigv4.ts';
import { AWSPayloadParts } from '../../wire/framing/aws-event-stream.ts';
import { withExceptions } from '../../wire/framing/aws-exceptions.ts';
import { JSONLinesParser } from '../../wire/framing/json-lines.ts';
import { SSEParser } from '../../wire/framing/sse.ts';
import { replyOperation, streamOperation } from '../../wire/operations.ts';
import { awsCredentials, awsDomain, awsRegion } from '../aws-account.ts';
import { defineProvider } from '../define-provider.ts';
import { firstEnv } from '../settings.ts';
import { sagemakerCapabilities } from './capabilities.ts';
import { vectorCodec } from './embeddings.ts';
import { sagemakerFailures } from './failure.ts';
import { decodeGeneratedChat, decodeGeneratedText } from './generated.ts';
import { chatGeneration, textGeneration } from './generation-stream.ts';
import { type ContainerDialect, dialectOf } from './invocation.ts';
import { chatCodec, completeCodec, completeStreamCodec, embedCodec, streamCodec } from './openai-container.ts';
import { type ChatTemplate, textEncoder } from './text-generation.ts';

const URLS = ['AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME', 'AWS_ENDPOINT_URL'] as const;

type Operations = Provider['operations'];

/**
 * Models behind endpoints of SageMaker; the model's name is the endpoint's. The base URL is the endpoint of AWS' SDK. Settings:
 * `region`; `accessKeyId`, `secretAccessKey` and `sessionToken`, or `credentials()`; `dialect`, what the container speaks
 * (default `openai`); `template`, a function that makes a prompt of messages, for containers that know no chat.
 */
export const sagemaker: ProviderDefinition = defineProvider({
  id: 'sagemaker',
  declares: sagemakerCapabilities,
  create(context) {
    const given = context.settings.baseURL ?? firstEnv(context, URLS);
    const credentials = awsCredentials(context, { settings: [], variables: [] });
    const signer = new AWSSigner({ service: 'sagemaker', region: () => awsRegion(context, given), credentials });
    const wire = context.connect({
      baseURL: given ?? hostOf(awsRegion(context, undefined)),
      authorize: signer.sign,
      failures: { ...sagemakerFailures, rules: [signer.rule, ...(sagemakerFailures.rules ?? [])] },
      secrets: credentials.secrets,
    });
    return { id: context.id, wire, operations: operationsOf(wire, context) };
  },
});

const hostOf = (region: string): string => `https://runtime.sagemaker.${region}.${awsDomain(region)}`;

function operationsOf(wire: Wire, context: ProviderContext): Operations {
  const { dialect } = context.settings;
  const template = templateOf(context);
  const openai = {
    chat: replyOperation(wire, chatCodec),
    stream: streamOperation(wire, streamCodec),
    complete: replyOperation(wire, completeCodec),
    completeStream: streamOperation(wire, completeStreamCodec),
    embed: replyOperation(wire, embedCodec),
  };
  const tgi = generation(wire, 'tgi', template);
  const djl = generation(wire, 'djl', template);
  const inputs = replyOperation(wire, vectorCodec('inputs'));
  const textInputs = replyOperation(wire, vectorCodec('text_inputs'));

  const choose = <K extends OperationName>(
    fallback: Operation<K>,
    others: { readonly [D in ContainerDialect]?: Operation<K> },
  ): Operation<K> => {
    return async (call) => (others[dialectOf(call as Call, dialect)] ?? fallback)(call);
  };
  return {
    chat: choose(openai.chat, { tgi: tgi.chat, djl: djl.chat }),
    stream: choose(openai.stream, { tgi: tgi.stream, djl: djl.stream }),
    complete: choose(openai.complete, { tgi: tgi.complete, djl: djl.complete }),
    completeStream: choose(openai.completeStream, { tgi: tgi.completeStream, djl: djl.completeStream }),
    embed: choose(openai.embed, { tgi: inputs, djl: inputs, 'hf-embed': inputs, 'jumpstart-embed': textInputs }),
  };
}

/** Containers that continue a text: TGI streams server-sent events, DJL lines of JSON. */
function generation(
  wire: Wire,
  dialect: 'tgi' | 'djl',
  template: ChatTemplate | undefined,
): Required<Pick<Operations, 'chat' | 'stream' | 'complete' | 'completeStream'>> {
  const framing = (): AWSPayloadParts => new AWSPayloadParts(dialect === 'tgi' ? new SSEParser() : new JSONLinesParser());
  const whole = textEncoder(dialect, template, false);
  const streamed = textEncoder(dialect, template, true);
  return {
    chat: replyOperation<'chat'>(wire, { encode: whole, decode: decodeGeneratedChat }),
    complete: replyOperation<'complete'>(wire, { encode: whole, decode: decodeGeneratedText }),
    stream: streamOperation<'stream'>(wire, {
      encode: streamed,
      framing,
      decoder: (context) => withExceptions(chatGeneration(context), context),
      tally: () => new ChatTally(),
    }),
    completeStream: streamOperation<'completeStream'>(wire, {
      encode: streamed,
      framing,
      decoder: (context) => withExceptions(textGeneration(context), context),
      tally: () => new CompletionTally(),
    }),
  };
}

function templateOf({ id, settings: { template } }: ProviderContext): ChatTemplate | undefined {
  if (template === undefined || template === null) return undefined;
  if (typeof template === 'function') return template as ChatTemplate;
  const param = `providers.${id}.template`;
  const message = `${param} must be a function that makes a prompt of messages`;
  throw new ConfigurationError({ message, provider: id, code: 'invalid_option', param });
}
