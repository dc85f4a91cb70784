import type { Attempt, TokenCounts } from '../errors/attempt.ts';
import type { PartialOutput } from '../errors/partial.ts';
import type { MaybePromise } from './store.ts';
import type { Target } from './target.ts';

/** US dollars for a million tokens. */
export interface TokenPrices {
  readonly input: number;
  readonly output: number;
  /** Tokens read from the provider's prompt cache; `input` where it is absent. */
  readonly cacheRead?: number | undefined;
  /** Tokens written to it; `input` where it is absent. */
  readonly cacheWrite?: number | undefined;
}

/** Prices of a request whose prompt is longer than `above` tokens; they hold for all of its tokens. */
export interface PriceTier extends TokenPrices {
  readonly above: number;
}

/** What a model costs. */
export interface ModelPrices extends TokenPrices {
  /** US dollars for a million audio tokens of a prompt; `input` where it is absent. */
  readonly audioInput?: number | undefined;
  /** US dollars for a million audio tokens of an answer; `output` where it is absent. */
  readonly audioOutput?: number | undefined;
  /** US dollars for each request, besides its tokens. Rerankers: for each hundred documents or part of it. */
  readonly perRequest?: number | undefined;
  /** Other prices for long prompts, by rising `above`. */
  readonly tiers?: readonly PriceTier[] | undefined;
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
  /** The answer has a window of its own: room that is kept for it does not lessen the prompt's. */
  readonly separateOutput?: boolean | undefined;
}

/** Whom a question is about; an instance of a built-in provider is looked up as its `base`. */
export type ModelTarget = Pick<Target, 'provider' | 'model' | 'base'>;

export type { TokenCounts } from '../errors/attempt.ts';

/** The part of an attempt that concerns money. */
export type Bill = Pick<Attempt, 'usage' | 'costUSD' | 'estimated'>;

/** What is known of models, for layers that must know it before a request is sent or a bill is paid. */
export interface Catalogue {
  /** `undefined` for a model that the catalogue does not know. */
  find(target: ModelTarget): ModelFacts | undefined;
  /** US dollars; `undefined` where no price is known. `documents`: how many a reranker got. */
  cost(target: ModelTarget, usage: TokenCounts, documents?: number): number | undefined;
  /**
   * How many tokens the prompt of a request has for a target: exact for OpenAI's models where the optional package `gpt-tokenizer`
   * is installed, otherwise an estimate; media are counted roughly. A promise only while that package is being loaded. Never
   * throws or rejects.
   *
   * @param room how many would fit. A prompt that clearly fits, or clearly does not, is then not counted exactly.
   */
  countTokens(target: ModelTarget, request: object, room?: number): MaybePromise<number>;
  /** The same at once and without the package, within about a tenth for English and code, a quarter for other languages. */
  estimateTokens(target: ModelTarget, request: object): number;
  /**
   * What an attempt used and cost: by the provider's counts, otherwise estimated where it ended early. What is unknown is absent.
   *
   * @param usage what the provider counted.
   * @param written what had come of an answer that ended early; `null` for nothing.
   */
  bill(target: ModelTarget, request: object, usage: TokenCounts | undefined, written?: PartialOutput | null): Bill;
}
