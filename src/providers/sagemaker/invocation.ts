import type { Call } from '../../contract/call.ts';
import type { SageMakerOptions } from '../../contract/provider-options.ts';
import type { WireMessage } from '../../contract/wire.ts';
import { isRecord } from '../../dialects/chat-rules.ts';
import { ConfigurationError } from '../../errors/setup-errors.ts';

/** What containers speak. */
export type ContainerDialect = NonNullable<SageMakerOptions['dialect']>;

const DIALECTS: readonly string[] = ['openai', 'tgi', 'djl', 'hf-embed', 'jumpstart-embed', 'openai-embed'];

/** Options that travel in headers, all of which the container never sees. */
const HEADERS: Readonly<Record<string, string>> = {
  customAttributes: 'x-amzn-sagemaker-custom-attributes',
  targetModel: 'x-amzn-sagemaker-target-model',
  targetVariant: 'x-amzn-sagemaker-target-variant',
  targetContainerHostname: 'x-amzn-sagemaker-target-container-hostname',
  inferenceComponent: 'x-amzn-sagemaker-inference-component',
  inferenceId: 'x-amzn-sagemaker-inference-id',
  sessionId: 'x-amzn-sagemaker-session-id',
  prefixAwareId: 'x-amzn-sagemaker-prefix-aware-id',
};

/** `providerOptions.sagemaker` of a call, empty where there is none. */
export function optionsOf(call: Call): SageMakerOptions {
  const all = (call.request as { readonly providerOptions?: unknown }).providerOptions;
  const own = isRecord(all) && Object.hasOwn(all, 'sagemaker') ? all.sagemaker : undefined;
  return isRecord(own) ? own : {};
}

/** The options that are none of ours: fields of the container's body. */
export function containerFields(call: Call): Record<string, unknown> {
  const { dialect: _, prompt: __, ...fields } = optionsOf(call);
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !Object.hasOwn(HEADERS, name)));
}

/**
 * What the container of a call speaks.
 *
 * @throws ConfigurationError for a word that is none of the dialects.
 */
export function dialectOf(call: Call, setting: unknown): ContainerDialect {
  const dialect: unknown = optionsOf(call).dialect ?? setting ?? 'openai';
  if (typeof dialect === 'string' && DIALECTS.includes(dialect)) return dialect as ContainerDialect;
  const { provider, model } = call.target;
  throw new ConfigurationError({
    message: `dialect must be one of ${DIALECTS.join(', ')}`,
    provider,
    model,
    code: 'invalid_option',
    param: `providers.${provider}.dialect`,
  });
}

/**
 * A body on its way to an endpoint. The model's name is the endpoint's, or `endpoint/component`.
 *
 * @throws ConfigurationError when no endpoint can have this name.
 */
export function invocation(call: Call, body: object, streams: boolean): WireMessage {
  const { provider, model } = call.target;
  const [endpoint = '', component, ...more] = model.split('/');
  if (!/^[A-Za-z0-9](?:-*[A-Za-z0-9]){0,62}$/.test(endpoint) || more.length > 0) {
    throw new ConfigurationError({
      message: `"${model}" is no endpoint: expected sagemaker/<endpoint> or sagemaker/<endpoint>/<inference component>`,
      provider,
      model,
      code: 'invalid_option',
      param: 'model',
    });
  }
  const options: Readonly<Record<string, unknown>> = {
    ...(component === undefined ? {} : { inferenceComponent: component }),
    ...prefixOf(call),
    ...optionsOf(call),
  };
  const headers: Record<string, string> = streams
    ? { accept: 'application/vnd.amazon.eventstream', 'x-amzn-sagemaker-accept': 'application/json' }
    : { accept: 'application/json' };
  for (const [name, header] of Object.entries(HEADERS)) {
    const value = options[name];
    if (typeof value === 'string' && value !== '') headers[header] = value;
  }
  return { path: `/endpoints/${endpoint}/invocations${streams ? '-response-stream' : ''}`, body, headers };
}

function prefixOf({ request }: Call): object {
  const { prompt_cache_key: key } = request as { readonly prompt_cache_key?: unknown };
  return typeof key === 'string' ? { prefixAwareId: key } : {};
}
