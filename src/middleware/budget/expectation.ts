import { answerLimitOf, countOf } from '../../contract/answer-limit.ts';
import type { Call, Target } from '../../contract/call.ts';
import type { Catalogue, TokenCounts } from '../../contract/catalogue.ts';
import type { Attempt } from '../../errors/attempt.ts';

/** What a call will probably use and cost. */
export interface Expectation {
  readonly tokens: number;
  /** At the dearest member of a pool; `undefined` where a price is not known. */
  readonly costUSD: number | undefined;
}

/** Tokens of an answer as long as none of its model has been seen and the request states no most. */
const FIRST_GUESS = 1_000;
/** How much the newest answer counts in the average. */
const WEIGHT = 0.2;
const MOST_MODELS = 1_000;

/** How long the answers of each model were, on average. Forgets the model that was learned first when it holds a thousand. */
export class AnswerLengths {
  readonly #average = new Map<string, number>();

  learn({ provider, model, usage, outcome }: Attempt): void {
    const length = usage?.completion_tokens;
    if (outcome !== 'success' || length === undefined) return;
    const name = `${provider}/${model}`;
    const before = this.#average.get(name);
    if (before === undefined && this.#average.size >= MOST_MODELS) this.#average.delete(this.#average.keys().next().value ?? '');
    this.#average.set(name, before === undefined ? length : before + (length - before) * WEIGHT);
  }

  /** @param most what the request allows. */
  expected({ target: { provider, model } }: Call, most: number | undefined): number {
    const length = this.#average.get(`${provider}/${model}`) ?? most ?? FIRST_GUESS;
    return Math.ceil(Math.min(length, most ?? Number.POSITIVE_INFINITY));
  }

  clear(): void {
    this.#average.clear();
  }
}

/** The prompt as estimated, and an answer of the usual length of its model, or of the most that the request allows. */
export function expectationOf(call: Call, catalogue: Catalogue, lengths: AnswerLengths): Expectation {
  const { target, operation, request } = call;
  const { n, documents } = request as Readonly<Record<string, unknown>>;
  const prompt = catalogue.estimateTokens(target, request);
  const answers = operation === 'embed' || operation === 'rerank' ? 0 : (countOf(n) ?? 1);
  const answer = answers === 0 ? 0 : lengths.expected(call, answerLimitOf(request));
  const usage: TokenCounts = { prompt_tokens: prompt, completion_tokens: answer * answers };
  const count = Array.isArray(documents) ? documents.length : undefined;
  const costs = placesOf(call).map((place) => catalogue.cost(place, usage, count));
  const known = costs.filter((cost) => cost !== undefined);
  return { tokens: prompt + answer * answers, costUSD: known.length < costs.length ? undefined : Math.max(...known) };
}

/** Where a call may go: to its target, or to any member of the pool that stands there. */
function placesOf({ target, resolve }: Call): readonly Target[] {
  const { pool, model } = target;
  if (pool === undefined) return [target];
  try {
    return pool.members.map((member) => resolve(member.model.includes('/') ? member.model : `${member.model}/${model}`));
  } catch {
    return [target]; // `fallback` tells what is wrong with it
  }
}
