import type { BilledUsage, Catalogue, ModelFacts, ModelTarget } from '../contract/catalogue.ts';
import { costOf } from './cost.ts';
import { countTokens, estimateTokens, estimateUsage } from './count-tokens.ts';
import { readModelLine } from './model-line.ts';
import { namesOf } from './model-names.ts';
import data from './models.json' with { type: 'json' };

/** Facts of the user's own, by `provider/model` with the provider's id; each replaces what is known of that model. */
export type ModelOverrides = Readonly<Record<string, ModelFacts | undefined>>;

const MOST_REMEMBERED = 1_000;

/** The data file with what the user has told besides. */
export function createCatalogue(overrides: ModelOverrides = {}): Catalogue {
  const known = new Map<string, ModelFacts | null>();

  const look = (target: ModelTarget): ModelFacts | undefined => {
    const { provider, model, base = provider } = target;
    const told = overrides[`${provider}/${model}`] ?? overrides[`${base}/${model}`];
    const listed = listedFacts({ provider: base, model });
    return told === undefined ? listed : { ...listed, ...told };
  };

  const find = (target: ModelTarget): ModelFacts | undefined => {
    const { provider, model, base } = target;
    const key = base === undefined ? `${provider}/${model}` : `${provider}=${base}/${model}`;
    const facts = known.get(key);
    if (facts !== undefined) return facts ?? undefined;
    if (known.size >= MOST_REMEMBERED) known.clear();
    const found = look(target);
    known.set(key, found ?? null);
    return found;
  };

  return {
    find,
    cost(target: ModelTarget, usage: BilledUsage, documents?: number): number | undefined {
      const prices = find(target)?.prices;
      return prices === undefined ? undefined : costOf(prices, usage, documents);
    },
    countTokens,
    estimateTokens,
    estimateUsage,
  };
}

/** What the library knows of models by itself. */
export const catalogue: Catalogue = createCatalogue();

/** Lines by provider and name, made at the first look at a provider. */
const lines = new Map<string, ReadonlyMap<string, string>>();

function linesOf(provider: string): ReadonlyMap<string, string> {
  let byName = lines.get(provider);
  if (byName === undefined) {
    const models: Readonly<Record<string, readonly string[]>> = data.models;
    const listed = Object.hasOwn(models, provider) ? models[provider] : undefined;
    byName = new Map((listed ?? []).map((line) => [line.slice(0, line.indexOf(' ')), line]));
    lines.set(provider, byName);
  }
  return byName;
}

function listedFacts(target: ModelTarget): ModelFacts | undefined {
  for (const { provider, model } of namesOf(target)) {
    const line = linesOf(provider).get(model);
    if (line !== undefined) return readModelLine(line).facts;
  }
  return undefined;
}
