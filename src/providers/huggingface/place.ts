import type { Call } from '../../contract/call.ts';
import type { ProviderContext } from '../../contract/provider.ts';
import type { WireMessage } from '../../contract/wire.ts';
import { ConfigurationError } from '../../errors/setup-errors.ts';
import { firstEnv, missing } from '../settings.ts';

/** Two services under one name: the router to many providers, and an endpoint of one's own (TGI, TEI, vLLM …). */
export interface Place {
  /** Without `/v1`. */
  readonly baseURL: string;
  readonly router: boolean;
  readonly key: string | undefined;
}

export const KEYS = ['HF_TOKEN', 'HUGGINGFACE_API_KEY', 'HUGGING_FACE_HUB_TOKEN'] as const;
export const BASE_ENV = ['HF_API_BASE', 'HUGGINGFACE_API_BASE'] as const;

const ROUTER = 'https://router.huggingface.co';

/**
 * Where requests go. A base URL may be written with `/v1` or a whole route behind it, as pages of endpoints show it.
 *
 * @throws ConfigurationError when the router is asked without a token.
 */
export function placeOf(context: ProviderContext): Place {
  const given = context.settings.baseURL ?? firstEnv(context, BASE_ENV) ?? ROUTER;
  const baseURL = given.replace(/\/+$/, '').replace(/(?:\/v1)?\/(?:chat\/)?completions$|\/v1$/, '');
  const router = baseURL === ROUTER;
  const key = context.settings.apiKey || (router || safe(baseURL) ? firstEnv(context, KEYS) : undefined);
  if (router && key === undefined) throw missing(context, 'access token', 'apiKey', KEYS);
  return { baseURL, router, key };
}

/** A token from the environment never travels in clear text. */
function safe(baseURL: string): boolean {
  if (!URL.canParse(baseURL)) return false;
  const { protocol, hostname } = new URL(baseURL);
  return protocol === 'https:' || /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(hostname);
}

/** The model as the router writes it: `groq/org/model` is `org/model:groq` there. */
export function routedModel(call: Call): string {
  const { model, provider } = call.target;
  if (/^https?:\/\//i.test(model)) {
    throw new ConfigurationError({
      message: `the address of an endpoint is a setting, so that a token goes nowhere by a model's name: give providers.${provider}.baseURL to createClient`,
      provider,
      model,
      code: 'wrong_option',
      param: `providers.${provider}.baseURL`,
    });
  }
  const segments = model.split('/');
  if (segments.length < 3 || model.includes(':')) return model;
  const [partner, ...id] = segments;
  return `${id.join('/')}:${partner}`;
}

/** Last changes for either place: the router's model names, and a nucleus of everything, which TGI refuses. */
export function rewriteFor({ router }: Place): (message: WireMessage, call: Call) => WireMessage {
  return (message, call) => {
    const { body } = message as { readonly body?: Readonly<Record<string, unknown>> };
    if (body === undefined) return message;
    const { top_p: nucleus, ...rest } = body;
    const changed = nucleus === undefined || nucleus === 1 ? rest : body;
    return { ...message, body: router && 'model' in changed ? { ...changed, model: routedModel(call) } : changed };
  };
}
