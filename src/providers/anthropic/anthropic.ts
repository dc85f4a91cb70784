import { BATCH_OPERATIONS } from '../../contract/call.ts';
import type { ProviderContext, ProviderDefinition } from '../../contract/provider.ts';
import { anthropicOperations } from '../../dialects/anthropic/anthropic-dialect.ts';
import { anthropicCapabilities } from '../../dialects/anthropic/capabilities.ts';
import { anthropicFailures } from '../../dialects/anthropic/failure.ts';
import { modelPages } from '../../dialects/anthropic/models.ts';
import { hosted } from '../../dialects/anthropic/placement.ts';
import { claudePrefill } from '../../dialects/anthropic/prefill.ts';
import { pagedModels } from '../../dialects/model-pages.ts';
import { lazyOperations } from '../../wire/lazy-operations.ts';
import { defineProvider } from '../define-provider.ts';
import { missing, textSetting, wrongSetting } from '../settings.ts';

const BASE_URL = 'https://api.anthropic.com';
const KEYS = ['ANTHROPIC_API_KEY', 'ANTHROPIC_AUTH_TOKEN'] as const;
/** Servers of other makers know only this version; the newer one refuses all sampling parameters. */
const VERSION = '2023-06-01';
/** Tokens of a subscription login are accepted with this beta only; other tokens do not want it. */
const OAUTH_BETA = 'oauth-2025-04-20';

/**
 * Anthropic's own API, and servers that speak it. The base URL is that of Anthropic's SDK, without `/v1`; with it is accepted too.
 * Settings beyond the common ones: `authToken` (bearer, instead of a key), `version`, `betas`.
 */
export const anthropic: ProviderDefinition = defineProvider({
  id: 'anthropic',
  declares: {
    ...anthropicCapabilities,
    operations: [...anthropicCapabilities.operations, 'models', ...BATCH_OPERATIONS],
    keys: KEYS,
    keyless: false,
    needs: [],
  },
  create(context) {
    const { key, token } = credentials(context);
    const version = textSetting(context, 'version') ?? VERSION;
    const betas = betasOf(context);
    if (token?.startsWith('sk-ant-oat') && !betas.includes(OAUTH_BETA)) betas.push(OAUTH_BETA);
    const wire = context.connect({
      baseURL: baseURL(context),
      headers: {
        ...(token === undefined ? { 'x-api-key': key ?? '' } : { authorization: `Bearer ${token}` }),
        'anthropic-version': version,
        ...(betas.length === 0 ? {} : { 'anthropic-beta': betas.join(',') }),
        ...customHeaders(context),
      },
      failures: anthropicFailures,
      secrets: [key, token],
    });
    const placement = hosted({ version, betas });
    return {
      id: context.id,
      wire,
      operations: {
        ...anthropicOperations(wire, placement),
        models: pagedModels(wire, modelPages),
        ...lazyOperations(BATCH_OPERATIONS, async () =>
          (await import('../../dialects/anthropic/batches.ts')).batchOperations(wire, placement),
        ),
      },
      prefill: claudePrefill,
    };
  },
});

function baseURL(context: ProviderContext): string {
  const given = context.settings.baseURL ?? context.env('ANTHROPIC_BASE_URL') ?? BASE_URL;
  return given.replace(/\/+$/, '').replace(/\/v1$/, '');
}

/** A setting beats the environment, a token beats a key. */
function credentials(context: ProviderContext): { readonly key?: string; readonly token?: string } {
  const token = textSetting(context, 'authToken');
  if (token) return { token };
  const key = context.settings.apiKey || context.env('ANTHROPIC_API_KEY');
  if (key) return { key };
  const envToken = context.env('ANTHROPIC_AUTH_TOKEN');
  if (envToken) return { token: envToken };
  throw missing(context, 'API key', 'apiKey', KEYS);
}

function betasOf(context: ProviderContext): string[] {
  const { betas = [] } = context.settings;
  if (Array.isArray(betas) && betas.every((beta) => typeof beta === 'string')) return [...new Set<string>(betas)];
  throw wrongSetting(context, 'betas', 'a list of strings');
}

/** `ANTHROPIC_CUSTOM_HEADERS`: one `Name: value` per line, as Anthropic's SDK reads it. */
function customHeaders(context: ProviderContext): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const line of context.env('ANTHROPIC_CUSTOM_HEADERS')?.split('\n') ?? []) {
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(0, colon)).trim().toLowerCase();
    if (/^\S+$/.test(name)) headers[name] = line.slice(colon + 1).trim();
  }
  return headers;
}
