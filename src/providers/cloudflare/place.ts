import type { ProviderContext } from '../../contract/provider.ts';
import type { Quirks } from '../../dialects/openai/quirks.ts';
import { firstEnv, missing, textSetting, wrongSetting } from '../settings.ts';

/** Where requests go, and in which of the three forms. */
export interface Place {
  readonly baseURL: string;
  /** Routes and model names of the OpenAI-compatible forms. */
  readonly quirks: Pick<Quirks, 'paths' | 'modelPrefix'>;
  /** What stands before the model in the path of the native form; `undefined` for the others. */
  readonly run: string | undefined;
  /** The account's list of models is at hand. */
  readonly lists: boolean;
  readonly gateway: boolean;
}

const API = 'https://api.cloudflare.com/client/v4';
const GATEWAY = 'https://gateway.ai.cloudflare.com/v1';
const BASE_ENV = ['CLOUDFLARE_API_BASE'] as const;
const ACCOUNT_ENV = ['CLOUDFLARE_ACCOUNT_ID'] as const;
const GATEWAY_ENV = ['CLOUDFLARE_GATEWAY_ID'] as const;

/** @throws ConfigurationError when there is no account to send to. */
export function placeOf(context: ProviderContext): Place {
  const native = apiOf(context) === 'run';
  const given = (context.settings.baseURL ?? firstEnv(context, BASE_ENV))?.replace(/\/+$/, '');
  const gatewayId = textSetting(context, 'gatewayId') ?? (given === undefined ? firstEnv(context, GATEWAY_ENV) : undefined);
  if (given !== undefined && isGateway(given)) return gatewayPlace(given, native);
  if (gatewayId !== undefined) {
    const root = given ?? GATEWAY;
    return gatewayPlace(`${root}/${account(context)}/${encodeURIComponent(gatewayId)}`, native);
  }
  if (given !== undefined && /\/accounts\//.test(given)) {
    return accountPlace(given.replace(/\/ai(?:\/(?:v1|run))?$/, ''), native || given.endsWith('/ai/run'));
  }
  return accountPlace(`${given ?? API}/accounts/${account(context)}`, native);
}

const isGateway = (url: string): boolean => /\/\/gateway\.ai\.cloudflare\.com\/|\/(?:compat|workers-ai(?:\/v1)?)$/.test(url);

function accountPlace(root: string, native: boolean): Place {
  const paths = { chat: '/v1/chat/completions', embed: '/v1/embeddings' };
  return { baseURL: `${root}/ai`, quirks: { paths }, run: native ? '/run/' : undefined, lists: true, gateway: false };
}

function gatewayPlace(url: string, native: boolean): Place {
  const baseURL = url.replace(/\/(?:compat|workers-ai(?:\/v1)?)$/, '');
  if (native) return { baseURL, quirks: {}, run: '/workers-ai/', lists: false, gateway: true };
  const compat = !/\/workers-ai(?:\/v1)?$/.test(url);
  const paths = {
    chat: compat ? '/compat/chat/completions' : '/workers-ai/v1/chat/completions',
    embed: compat ? '/compat/embeddings' : '/workers-ai/v1/embeddings',
  };
  return { baseURL, quirks: { paths }, run: undefined, lists: false, gateway: true };
}

function account(context: ProviderContext): string {
  const id = textSetting(context, 'accountId') ?? firstEnv(context, ACCOUNT_ENV);
  if (id === undefined) throw missing(context, 'account', 'accountId', ACCOUNT_ENV);
  return encodeURIComponent(id);
}

function apiOf(context: ProviderContext): 'v1' | 'run' {
  const api = textSetting(context, 'api') ?? 'v1';
  if (api === 'v1' || api === 'run') return api;
  throw wrongSetting(context, 'api', '"v1" or "run"');
}
