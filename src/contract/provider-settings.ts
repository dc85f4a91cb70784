import * as z from 'zod/mini';
import type { HeadersLike } from './headers.ts';
import { isHeadersLike } from './headers.ts';

/**
 * The settings of the built-in providers. Each takes the first four and those that name it; what is left out comes from the
 * environment. A setting that no provider knows is a `ConfigurationError`.
 */
export interface BuiltInSettings {
  /** The key. Left out: the provider's environment variable. */
  readonly apiKey?: string | undefined;
  /** What the provider's own SDK means by it. With it no other host is contacted. */
  readonly baseURL?: string | undefined;
  /** Extra headers of every request. `null` takes one of the library's own off. */
  readonly headers?: HeadersLike | undefined;
  /** Milliseconds for each attempt. */
  readonly timeout?: number | undefined;

  /** `openai`, `text-completion-openai`: sent as `OpenAI-Organization`. */
  readonly organization?: string | undefined;
  /** `openai`, `text-completion-openai`: sent as `OpenAI-Project`. `vertex_ai`: the Google Cloud project. */
  readonly project?: string | undefined;
  /** `text-completion-openai`: what stands between the messages of a chat. Default: a line break. */
  readonly separator?: string | undefined;
  /** `anthropic`: a bearer token instead of a key. */
  readonly authToken?: string | undefined;
  /** `anthropic`: sent as `anthropic-version`. Default `2023-06-01`. */
  readonly version?: string | undefined;
  /** `anthropic`: sent as `anthropic-beta`. */
  readonly betas?: readonly string[] | undefined;
  /** `azure`: address of the resource, `https://NAME.openai.azure.com`. */
  readonly endpoint?: string | undefined;
  /** `azure`: a date chooses the dated API; left out: the v1 API. `gemini`: default `v1beta`. `watsonx`: a date. */
  readonly apiVersion?: string | undefined;
  /** `azure`: the deployment that all models are asked for. */
  readonly deployment?: string | undefined;
  /** `azure`: gives a token of Entra ID for each request, instead of a key. */
  readonly azureADTokenProvider?: (() => string | Promise<string>) | undefined;
  /** `bedrock`, `sagemaker`: the AWS region. `watsonx`: IBM's. */
  readonly region?: string | undefined;
  /** `bedrock`, `sagemaker`. */
  readonly accessKeyId?: string | undefined;
  /** `bedrock`, `sagemaker`. */
  readonly secretAccessKey?: string | undefined;
  /** `bedrock`, `sagemaker`: of temporary keys. */
  readonly sessionToken?: string | undefined;
  /** `bedrock`, `sagemaker`: gives AWS credentials; asked again when they expire. */
  readonly credentials?: (() => object | Promise<object>) | undefined;
  /** `sagemaker`: what the container speaks: `openai` (default), `tgi`, `djl`, `hf-embed`, `jumpstart-embed`. */
  readonly dialect?: string | undefined;
  /** `sagemaker`: makes the prompt of messages for containers that continue a text. */
  readonly template?: ((...given: never[]) => string) | undefined;
  /** `vertex_ai`: a Google Cloud region, or `global`. */
  readonly location?: string | undefined;
  /** `vertex_ai`: a token, or a function that gives one for each request. */
  readonly accessToken?: string | (() => string | Promise<string>) | undefined;
  /** `vertex_ai`: the Claude models there take JSON Schemas. Default `false`. */
  readonly structuredOutputs?: boolean | undefined;
  /** `watsonx`: a bearer token instead of a key. */
  readonly token?: string | undefined;
  /** `watsonx`: the key of an installation of one's own, sent as `ZenApiKey`. */
  readonly zenApiKey?: string | undefined;
  /** `watsonx`: the project that calls are paid by. */
  readonly projectId?: string | undefined;
  /** `watsonx`: the deployment space that calls are paid by. */
  readonly spaceId?: string | undefined;
  /** `watsonx`: where a key is exchanged for a token, if `baseURL` is set. */
  readonly iamURL?: string | undefined;
  /** `cloudflare`: the account. */
  readonly accountId?: string | undefined;
  /** `cloudflare`: sends through this AI Gateway of the account. */
  readonly gatewayId?: string | undefined;
  /** `cloudflare`: the token of the gateway. */
  readonly gatewayKey?: string | undefined;
  /** `cloudflare`: the OpenAI-compatible API, `v1` (default), or the native one, `run`. */
  readonly api?: string | undefined;
  /** `huggingface`: the organisation that pays. */
  readonly billTo?: string | undefined;
  /** `huggingface`: seconds that an endpoint may take to start. */
  readonly scaleUpTimeout?: number | undefined;
  /** `nlp_cloud`: the language of the texts, such as `fra_Latn`. Default: English. */
  readonly language?: string | undefined;
  /** `databricks`: the workspace. */
  readonly host?: string | undefined;
  /** `databricks`: of a service principal, instead of a key. */
  readonly clientId?: string | undefined;
  /** `databricks`: of a service principal, instead of a key. */
  readonly clientSecret?: string | undefined;
  /** `snowflake`: the account. */
  readonly account?: string | undefined;
  /** `openrouter`: sent as `HTTP-Referer`. */
  readonly referer?: string | undefined;
  /** `openrouter`: sent as `X-Title`. */
  readonly title?: string | undefined;
  /** `friendliai`: the team that pays. */
  readonly team?: string | undefined;
  /** `portkey`: the provider behind it. */
  readonly provider?: string | undefined;
  /** `portkey`. */
  readonly virtualKey?: string | undefined;
  /** `portkey`: a configuration, or its id. */
  readonly config?: string | object | undefined;
  /** `portkey`. */
  readonly traceId?: string | undefined;
  /** `portkey`: kept with each request. */
  readonly metadata?: object | undefined;
  /** `portkey`. */
  readonly strictOpenAiCompliance?: boolean | undefined;
  /** Hosts that speak OpenAI's dialect: where one deviates from what is known of it. */
  readonly quirks?: object | undefined;
}

const OWN_NAMES =
  'organization project separator authToken version betas endpoint apiVersion deployment azureADTokenProvider ' +
  'region accessKeyId secretAccessKey sessionToken credentials dialect template location accessToken ' +
  'structuredOutputs token zenApiKey projectId spaceId iamURL accountId gatewayId gatewayKey api billTo ' +
  'scaleUpTimeout language host clientId clientSecret account referer title team provider virtualKey config ' +
  'traceId metadata strictOpenAiCompliance quirks ' +
  'credentialScope expiration $source'; // what else AWS' SDK writes into credentials: they may be spread here

/** Headers that a user gives. */
export const headersOption: z.ZodMiniType<HeadersLike> = z.custom<HeadersLike>(
  isHeadersLike,
  'an object whose values are strings',
);

/** A limit of time: `Infinity` is none. */
export const limitOption: z.ZodMiniType<number> = z.custom<number>(
  (value) => typeof value === 'number' && value > 0,
  'a number of milliseconds above 0',
);

/** What the values of one provider's own settings must be is that provider's business. */
export const settingsOption: z.ZodMiniType<BuiltInSettings> = z.strictObject({
  apiKey: z.optional(z.string('a string; keys usually come from the environment')),
  baseURL: z.optional(z.string('an address such as "https://host/v1"')),
  headers: z.optional(headersOption),
  timeout: z.optional(limitOption),
  ...Object.fromEntries(OWN_NAMES.split(' ').map((name) => [name, z.optional(z.unknown())])),
}) as z.ZodMiniType<BuiltInSettings>;
