import { readModelLine, writeModelLine } from '../src/catalogue/model-line.ts';
import { namesOf } from '../src/catalogue/model-names.ts';
import type { ModelFacts, ModelPrices, PriceTier } from '../src/contract/catalogue.ts';

/** What LiteLLM's file says of one model; only what is read here. */
type Entry = Readonly<Record<string, unknown>>;

const MODES: ReadonlySet<unknown> = new Set(['chat', 'completion', 'responses', 'embedding', 'rerank']);

/** LiteLLM's names of services that are one provider here. Where two list the same model, the first counts. */
const PROVIDER_OF: Readonly<Record<string, string>> = {
  'text-completion-openai': 'openai',
  azure_text: 'azure',
  azure_ai: 'azure',
  bedrock_converse: 'bedrock',
  cohere_chat: 'cohere',
  'fireworks_ai-embedding-models': 'fireworks_ai',
};

/** Models are free where they run on the user's own machine; elsewhere two zeros mean that nobody knows the price. */
const OWN_MACHINE: ReadonlySet<string> = new Set(['ollama']);

const MOST_TOKENS = 100_000_000;
const HIGHEST_PRICE = 5_000;

/** Provider ids with the lines of their models, sorted. */
export type ModelLines = Readonly<Record<string, readonly string[]>>;

export interface ReadModels {
  readonly models: ModelLines;
  /** Entries that were left out because a number in them cannot be right, and which. */
  readonly refused: readonly string[];
}

/** @param known Whether a provider id is in the registry. */
export function readLiteLLM(file: unknown, known: (provider: string) => boolean): ReadModels {
  if (typeof file !== 'object' || file === null || Array.isArray(file)) throw new Error('expected an object of models');
  const byProvider = new Map<string, Map<string, ModelFacts>>();
  const refused: string[] = [];
  const entries = Object.entries(file as Record<string, Entry>).filter(([key, entry]) => key !== 'sample_spec' && isEntry(entry));
  // a key with the provider's prefix says more than one without, and the service's own name more than a relative's
  const rank = ([key, entry]: [string, Entry]): number => Number(!key.includes('/')) + 2 * Number(isRelative(entry));
  for (const [key, entry] of entries.sort((a, b) => rank(a) - rank(b) || compare(a[0], b[0]))) {
    const place = placeOf(key, entry);
    if (place === undefined || !MODES.has(entry.mode) || !known(place.provider)) continue;
    const facts = factsOf(entry, place.provider, place.name);
    if (typeof facts === 'string') {
      refused.push(`${key}: ${facts}`);
      continue;
    }
    const models = byProvider.get(place.provider) ?? new Map<string, ModelFacts>();
    byProvider.set(place.provider, models);
    if (Object.keys(facts).length > 0 && !models.has(place.name)) models.set(place.name, facts);
  }
  const providers = [...byProvider].filter(([, models]) => models.size > 0).sort(([a], [b]) => compare(a, b));
  return { models: Object.fromEntries(providers.map(([id, models]) => [id, linesOf(id, models)])), refused };
}

const isEntry = (entry: unknown): boolean => typeof entry === 'object' && entry !== null && !Array.isArray(entry);

const isRelative = ({ litellm_provider }: Entry): boolean => Object.hasOwn(PROVIDER_OF, String(litellm_provider));

function placeOf(key: string, { litellm_provider }: Entry): { provider: string; name: string } | undefined {
  if (typeof litellm_provider !== 'string' || /\s/.test(key)) return undefined;
  const service = litellm_provider.startsWith('vertex_ai') ? 'vertex_ai' : litellm_provider;
  const provider = PROVIDER_OF[service] ?? service;
  for (const prefix of new Set([litellm_provider, service, provider])) {
    if (key.startsWith(`${prefix}/`)) return named(provider, key.slice(prefix.length + 1));
  }
  // classes of prices rather than models: together-ai-21.1b-41b
  if (key.startsWith(`${provider.replaceAll('_', '-')}-`) && /\d+(?:\.\d+)?[bm]\b|default/.test(key)) return undefined;
  return named(provider, key);
}

/** Regions and sizes before a name belong to LiteLLM's own routing: `us-east-1/…`, `1024-x-1024/…`, `eu/gpt-5`. */
function named(provider: string, name: string): { provider: string; name: string } | undefined {
  const routed = provider === 'bedrock' || provider === 'azure' || provider === 'openai';
  return routed && name.includes('/') ? undefined : { provider, name };
}

/** The facts, or what is wrong with them. */
function factsOf(entry: Entry, provider: string, name: string): ModelFacts | string {
  const facts: { -readonly [K in keyof ModelFacts]: ModelFacts[K] } = {};
  const maxInput = tokens(entry.max_input_tokens);
  const maxOutput = entry.mode === 'embedding' || entry.mode === 'rerank' ? undefined : tokens(entry.max_output_tokens);
  if (maxInput === WRONG || maxOutput === WRONG) return 'a window that cannot be';
  if (maxInput !== undefined) facts.maxInputTokens = maxInput;
  if (maxOutput !== undefined) facts.maxOutputTokens = maxOutput;
  for (const [field, ability] of ABILITY_FIELDS) {
    const value = entry[field];
    if (typeof value === 'boolean') facts[ability] ??= value;
  }
  if (isSeparate(name, maxInput)) facts.separateOutput = true;
  const prices = pricesOf(entry);
  if (prices === WRONG) return 'a price that cannot be';
  if (prices !== undefined && (isCharged(prices) || OWN_MACHINE.has(provider))) facts.prices = prices;
  return facts;
}

const ABILITY_FIELDS = [
  ['supports_vision', 'vision'],
  ['supports_function_calling', 'tools'],
  ['supports_reasoning', 'reasoning'],
  ['supports_native_structured_output', 'structuredOutput'],
  ['supports_response_schema', 'structuredOutput'],
  ['supports_assistant_prefill', 'prefill'],
] as const;

/** Gemini limits prompt and answer apart; OpenAI divides 400 000 into 272 000 and 128 000, and 1 050 000 likewise. */
const isSeparate = (name: string, maxInput: number | undefined): boolean =>
  maxInput === 272_000 || maxInput === 922_000 || /(?:^|\/)gemini-/.test(name);

const WRONG = Symbol('wrong');
type Checked<T> = T | undefined | typeof WRONG;

function tokens(value: unknown): Checked<number> {
  if (value === undefined || value === null || value === 0) return undefined;
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= MOST_TOKENS ? value : WRONG;
}

/** US dollars for a million tokens from those for one, without the noise of floating point. */
function price(value: unknown): Checked<number> {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'number' || !(value >= 0)) return WRONG;
  const perMillion = Number((value * 1_000_000).toPrecision(6));
  return perMillion <= HIGHEST_PRICE ? perMillion : WRONG;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

function pricesOf(entry: Entry): Checked<ModelPrices> {
  if (Array.isArray(entry.tiered_pricing)) return fromRanges(entry.tiered_pricing);
  const base = priceSet(entry, '');
  const perRequest =
    entry.mode === 'rerank' ? (entry.input_cost_per_query ?? entry.input_cost_per_request) : entry.input_cost_per_request;
  if (perRequest !== undefined && !(typeof perRequest === 'number' && perRequest >= 0 && perRequest < 10)) return WRONG;
  if (base === WRONG) return WRONG;
  if (base === undefined && perRequest === undefined) return undefined;
  const prices: Writable<ModelPrices> = base ?? { input: 0, output: 0 };
  if (typeof perRequest === 'number' && perRequest > 0) prices.perRequest = perRequest;
  const audioInput = price(entry.input_cost_per_audio_token);
  const audioOutput = price(entry.output_cost_per_audio_token);
  if (audioInput === WRONG || audioOutput === WRONG) return WRONG;
  if (audioInput !== undefined && (audioInput !== prices.input || audioOutput !== undefined)) prices.audioInput = audioInput;
  if (prices.audioInput !== undefined && audioOutput !== undefined) prices.audioOutput = audioOutput;
  const tiers: PriceTier[] = [];
  for (const field of Object.keys(entry)) {
    const above = /^input_cost_per_token_above_(\d+)k_tokens$/.exec(field)?.[1];
    if (above === undefined) continue;
    const tier = priceSet(entry, `_above_${above}k_tokens`, prices);
    if (tier === WRONG) return WRONG;
    if (tier !== undefined) tiers.push({ above: Number(above) * 1000, ...tier });
  }
  if (tiers.length > 0) prices.tiers = tiers.sort((a, b) => a.above - b.above);
  return prices;
}

interface PriceSet {
  input: number;
  output: number;
  cacheRead?: number;
  cacheWrite?: number;
}

function priceSet(entry: Entry, suffix: string, otherwise?: PriceSet | ModelPrices): Checked<PriceSet> {
  const input = price(entry[`input_cost_per_token${suffix}`]);
  const output = price(entry[`output_cost_per_token${suffix}`]);
  const read = price(entry[`cache_read_input_token_cost${suffix}`]);
  const write = price(entry[`cache_creation_input_token_cost${suffix}`]);
  if (input === WRONG || output === WRONG || read === WRONG || write === WRONG) return WRONG;
  if (input === undefined) return undefined;
  const set: PriceSet = { input, output: output ?? otherwise?.output ?? 0 };
  // a zero here stands for a service that makes no such difference
  if (read) set.cacheRead = read;
  if (write) set.cacheWrite = write;
  return set;
}

function fromRanges(ranges: readonly unknown[]): Checked<ModelPrices> {
  const tiers: PriceTier[] = [];
  for (const range of ranges as readonly Entry[]) {
    const above = Array.isArray(range.range) ? range.range[0] : undefined;
    const set = priceSet(range, '');
    if (set === WRONG || typeof above !== 'number' || !(above >= 0 && above <= MOST_TOKENS)) return WRONG;
    if (set !== undefined) tiers.push({ above, ...set });
  }
  const [first, ...rest] = tiers.sort((a, b) => a.above - b.above);
  if (first === undefined) return undefined;
  const { above: _, ...base } = first;
  return rest.length === 0 ? base : { ...base, tiers: rest };
}

const isCharged = ({ input, output, perRequest = 0, tiers }: ModelPrices): boolean =>
  input > 0 || output > 0 || perRequest > 0 || tiers !== undefined;

/** Sorted lines, without those that a lookup finds under a shorter name anyway. */
function linesOf(provider: string, models: ReadonlyMap<string, ModelFacts>): string[] {
  const kept = new Map<string, string>();
  for (const [name, facts] of [...models].sort(([a], [b]) => a.length - b.length || compare(a, b))) {
    const line = writeModelLine(name, facts);
    const rest = line.slice(name.length);
    const found = [...namesOf({ provider, model: name })].find((other) => other.provider === provider && kept.has(other.model));
    if (found !== undefined && kept.get(found.model) === rest) continue;
    if (writeModelLine(name, readModelLine(line).facts) !== line) throw new Error(`${provider}/${name} cannot be written`);
    kept.set(name, rest);
  }
  return [...kept].map(([name, rest]) => name + rest).sort(compare);
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
