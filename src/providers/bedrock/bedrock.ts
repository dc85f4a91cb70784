import { BATCH_OPERATIONS } from '../../contract/call.ts';
import { ChatTally } from '../../contract/chat-tally.ts';
import type { ConnectionSpec, ProviderContext, ProviderDefinition } from '../../contract/provider.ts';
import { claudePrefill } from '../../dialects/anthropic/prefill.ts';
import { AWSSigner } from '../../wire/auth/aws-sigv4.ts';
import { AWSEventStream } from '../../wire/framing/aws-event-stream.ts';
import { withExceptions } from '../../wire/framing/aws-exceptions.ts';
import { lazyOperations } from '../../wire/lazy-operations.ts';
import { replyOperation, streamOperation } from '../../wire/operations.ts';
import { awsCredentials, awsDomain, awsRegion, hasExplicitCredentials } from '../aws-account.ts';
import { defineProvider } from '../define-provider.ts';
import { firstEnv } from '../settings.ts';
import { BEARER_KEYS, bedrockCapabilities } from './capabilities.ts';
import { decodeConverse } from './decode.ts';
import { embedOperation } from './embeddings.ts';
import { converseEncoder } from './encode.ts';
import { bedrockFailures } from './failure.ts';
import { modelsCodec } from './models.ts';
import { ConverseStreamDecoder } from './stream-decoder.ts';

const RUNTIME_URLS = ['AWS_ENDPOINT_URL_BEDROCK_RUNTIME', 'AWS_ENDPOINT_URL', 'AWS_BEDROCK_BASE_URL'] as const;
const CONTROL_URLS = ['AWS_ENDPOINT_URL_BEDROCK', 'AWS_ENDPOINT_URL'] as const;

/**
 * Models on AWS, all through Converse. The base URL is the endpoint of AWS' SDK, without a path; with one in the settings
 * the list of models is asked for there too. Settings: `region`; `apiKey` (a Bedrock key), or `accessKeyId`,
 * `secretAccessKey` and `sessionToken`, or `credentials()`; without any of them the environment and AWS' default chain are asked.
 */
export const bedrock: ProviderDefinition = defineProvider({
  id: 'bedrock',
  declares: bedrockCapabilities,
  create(context) {
    const given = context.settings.baseURL;
    const runtimeURL = given ?? firstEnv(context, RUNTIME_URLS);
    const controlURL = given ?? firstEnv(context, CONTROL_URLS);
    const host = (service: string): string => {
      const region = awsRegion(context, undefined);
      return `https://${service}.${region}.${awsDomain(region)}`;
    };
    const access = accessOf(context, runtimeURL);
    const runtime = runtimeURL ?? host('bedrock-runtime');
    const control = controlURL ?? host('bedrock');
    const wire = context.connect({ ...access, baseURL: runtime });
    const controlWire = control === runtime ? wire : context.connect({ ...access, baseURL: control });
    return {
      id: context.id,
      wire,
      operations: {
        chat: replyOperation<'chat'>(wire, { encode: converseEncoder<'chat'>(false), decode: decodeConverse }),
        stream: streamOperation<'stream'>(wire, {
          encode: converseEncoder<'stream'>(true),
          framing: () => new AWSEventStream(),
          decoder: (decoding) => withExceptions(new ConverseStreamDecoder(decoding), decoding),
          tally: () => new ChatTally(),
        }),
        embed: embedOperation(wire),
        models: replyOperation<'models'>(controlWire, modelsCodec),
        ...lazyOperations(BATCH_OPERATIONS, async () => (await import('./batches.ts')).batchOperations(controlWire)),
      },
      prefill: claudePrefill,
    };
  },
});

/** A key or signatures. What the settings say beats the environment, where a key beats all other credentials. */
function accessOf(context: ProviderContext, baseURL: string | undefined): Omit<ConnectionSpec, 'baseURL'> {
  const key = keyOf(context);
  if (key) return { headers: { authorization: `Bearer ${key}` }, failures: bedrockFailures, secrets: [key] };
  const credentials = awsCredentials(context, { settings: ['apiKey'], variables: BEARER_KEYS });
  const signer = new AWSSigner({ service: 'bedrock', region: () => awsRegion(context, baseURL), credentials });
  const rules = [signer.rule, ...(bedrockFailures.rules ?? [])];
  return { authorize: signer.sign, failures: { ...bedrockFailures, rules }, secrets: credentials.secrets };
}

/** An empty `apiKey` says that the one in the environment is not meant. */
function keyOf(context: ProviderContext): string | undefined {
  const apiKey: unknown = context.settings.apiKey;
  if (typeof apiKey === 'string') return apiKey;
  return apiKey === null || hasExplicitCredentials(context) ? undefined : firstEnv(context, BEARER_KEYS);
}
