import type { MaybePromise } from './store.ts';
import type { Target } from './target.ts';
import type { Usage } from './usage.ts';

/** US dollars for a million tokens. */
export interface ModelPrices {
  readonly input: number;
  readonly output: number;
  /** Tokens read from the provider's prompt cache; `input` where it is absent. */
  readonly cacheRead?: number | undefined;
  /** Tokens written to it; `input` where it is absent. */
  readonly cacheWrite?: number | undefined;
}

/** What is known of a model. Facts that nobody has told are absent. */
export interface ModelFacts {
  /** Tokens of a prompt that fit. */
  readonly maxInputTokens?: number | undefined;
  /** Tokens that an answer may have. */
  readonly maxOutputTokens?: number | undefined;
  readonly prices?: ModelPrices | undefined;
  /** Images in messages. */
  readonly vision?: boolean | undefined;
  readonly tools?: boolean | undefined;
  readonly reasoning?: boolean | undefined;
  /** JSON that follows a schema. */
  readonly structuredOutput?: boolean | undefined;
  /** It continues an assistant message that ends the prompt. */
  readonly prefill?: boolean | undefined;
}

/** What is known of models, for layers that must know it before a request is sent or a bill is paid. */
export interface Catalogue {
  /** `undefined` for a model that the catalogue does not know. */
  find(target: Pick<Target, 'provider' | 'model'>): ModelFacts | undefined;
  /** US dollars; `undefined` where no price is known. */
  cost(target: Pick<Target, 'provider' | 'model'>, usage: Usage): number | undefined;
  /** About how many tokens the prompt of a request has for a target; media and tools are counted roughly. */
  countTokens(target: Pick<Target, 'provider' | 'model'>, request: object): MaybePromise<number>;
}
