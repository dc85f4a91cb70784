import type { Bill, Catalogue, ModelFacts, ModelTarget, TokenCounts } from '../contract/catalogue.ts';
import { costOf } from './cost.ts';
import { countTokens, estimateTokens, estimateUsage } from './count-tokens.ts';
import { readModelLine } from './model-line.ts';
import { namesOf } from './model-names.ts';
import data from './models.json' with { type: 'json' };

/** Facts of the user's own, by `provider/model` with the provider's id; each replaces what is known of that model. */
export type ModelOverrides = Readonly<Record<string, ModelFacts | undefined>>;

const MOST_REMEMBERED = 1_000;
const NOTHING: TokenCounts = { prompt_tokens: 0 };
const UNKNOWN: Bill = {};

/** The data file with what the user has told besides. */
export function createCatalogue(overrides: ModelOverrides = {}): Catalogue {
  const known = new Map<string, Map<string, ModelFacts | null>>();
  let remembered = 0;

  const look = (target: ModelTarget): ModelFacts | undefined => {
    const { provider, model, base = provider } = target;
    const told = overrides[`${provider}/${model}`] ?? overrides[`${base}/${model}`];
    const listed = listedFacts({ provider: base, model });
    return told === undefined ? listed : { ...listed, ...told };
  };

  const find = (target: ModelTarget): ModelFacts | undefined => {
    const { provider, model, base } = target;
    const place = base === undefined ? provider : `${provider}=${base}`;
    const facts = known.get(place)?.get(model);
    if (facts !== undefined) return facts ?? undefined;
    if (++remembered > MOST_REMEMBERED) {
      known.clear();
      remembered = 1;
    }
    const found = look(target);
    const models = known.get(place) ?? new Map<string, ModelFacts | null>();
    known.set(place, models.set(model, found ?? null));
    return found;
  };

  const cost = (target: ModelTarget, usage: TokenCounts, documents?: number): number | undefined => {
    const prices = find(target)?.prices;
    return prices === undefined ? undefined : costOf(prices, usage, documents);
  };

  return {
    find,
    cost,
    countTokens,
    estimateTokens,
    bill(target, request, usage, written): Bill {
      const { documents } = request as { readonly documents?: readonly unknown[] };
      if (usage !== undefined) return told(usage, cost(target, usage, documents?.length));
      if (written !== undefined) {
        const guessed = estimateUsage(target, request, written);
        return { ...told(guessed, cost(target, guessed, documents?.length)), estimated: true };
      }
      // what is paid by the request needs no counts
      const costUSD = find(target)?.prices?.perRequest === undefined ? undefined : cost(target, NOTHING, documents?.length);
      return costUSD === undefined ? UNKNOWN : { costUSD };
    },
  };
}

const told = (usage: TokenCounts, costUSD: number | undefined): Bill => (costUSD === undefined ? { usage } : { usage, costUSD });

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
