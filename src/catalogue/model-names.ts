import type { ModelTarget } from '../contract/catalogue.ts';

/** Providers that serve the models of another and are listed under its name. */
const SAME_MODELS: Readonly<Record<string, string>> = {
  cohere_chat: 'cohere',
  ollama_chat: 'ollama',
  'text-completion-openai': 'openai',
};

/** Services that pass a call on to the maker of the model, at the maker's price; models are called `maker/model`. */
const GATEWAYS: ReadonlySet<string> = new Set(['openrouter', 'vercel_ai_gateway', 'litellm_proxy', 'portkey']);

/** What gateways call the makers of models, where it is not the provider's id. */
const MAKERS: Readonly<Record<string, string>> = {
  google: 'gemini',
  'x-ai': 'xai',
  mistralai: 'mistral',
  moonshotai: 'moonshot',
  'z-ai': 'zai',
  qwen: 'dashscope',
  alibaba: 'dashscope',
};

/**
 * Names under which a model may be listed, the most exact first: `us.anthropic.claude-sonnet-4-5-20250929-v1:0`, then without
 * region, then without date and version.
 */
export function* namesOf({ provider, model }: ModelTarget): Generator<ModelTarget, void, undefined> {
  const home = SAME_MODELS[provider] ?? provider;
  for (const name of forms(home, model)) yield { provider: home, model: name };
  if (!GATEWAYS.has(home)) return;
  const slash = model.indexOf('/');
  if (slash <= 0) return;
  const maker = model.slice(0, slash).toLowerCase();
  const madeBy = MAKERS[maker] ?? maker;
  if (GATEWAYS.has(madeBy)) return;
  // openrouter's variants (`:free`, `:nitro`) have other prices and windows; `:thinking` is the model itself
  const own = model.slice(slash + 1).replace(/:thinking$/, '');
  for (const name of forms(madeBy, own)) yield { provider: madeBy, model: name };
  // gateways write versions with dots: claude-sonnet-4.5
  if (own.includes('.')) for (const name of forms(madeBy, own.replaceAll('.', '-'))) yield { provider: madeBy, model: name };
}

function* forms(provider: string, model: string): Generator<string, void, undefined> {
  yield model;
  const base = withoutPlace(provider, model);
  if (base !== model) yield base;
  let name = base;
  for (;;) {
    const shorter = name.replace(VERSION, '');
    if (shorter === name || shorter === '') return;
    name = shorter;
    yield name;
  }
}

/** `models/gemini-2.5-pro`, `publishers/google/models/…`, `eu.anthropic.…`, `ft:gpt-4o-mini:acme::7p4lURel`. */
function withoutPlace(provider: string, model: string): string {
  if (provider === 'bedrock') return model.replace(/^(?:global|us-gov|apac|[a-z]{2})\./, '');
  if (model.startsWith('ft:')) return model.split(':').slice(0, 2).join(':');
  return model.replace(/^(?:publishers\/[^/]+\/)?models\//, '');
}

/** One date or version at the end: `-2025-08-07`, `-20250929`, `@20250929`, `-v1:0`, `-001`, `-latest`, `:latest`. */
const VERSION = /(?:[-@]\d{4}-\d{2}-\d{2}|[-@]\d{8}|-v\d+(?::\d+)?|:\d+|[-@]\d{3}|[-@:]latest|@default)$/;
