import { answerLimitOf, countOf } from '../../contract/answer-limit.ts';
import type { Call } from '../../contract/call.ts';
import { andThen } from '../../contract/maybe-promise.ts';
import type { MaybePromise } from '../../contract/store.ts';
import type { Usage } from '../../contract/usage.ts';
import type { LLMError } from '../../errors/catalogue.ts';
import type { Place } from './place.ts';

/** What answers have until one has come that tells: a paragraph or two. */
const FIRST_GUESS = 400;
const CHARACTERS_OF_TOKEN = 4;

/** How many tokens a call will have, from its prompt and its own limit, or from the answers so far where it sets none. */
export class TokenEstimate {
  #usualAnswer: number | undefined;

  /** Writes `prompt` and `tokens` of a place; a promise while the counter is being loaded. */
  count(place: Place, perMinute: number): MaybePromise<void> {
    return andThen(countPrompt(place.call), (prompt) => {
      const answers = answersOf(place.call);
      const most = answerLimitOf(place.call.request);
      place.prompt = prompt;
      if (most !== undefined) place.tokens = prompt + answers * most;
      else {
        const guessed = prompt + Math.ceil(answers * (this.#usualAnswer ?? FIRST_GUESS));
        // a guess alone makes no call too large
        place.tokens = Math.min(guessed, Math.max(prompt, perMinute));
      }
    });
  }

  learn({ completion_tokens: tokens }: Partial<Usage>): void {
    if (typeof tokens !== 'number' || !(tokens >= 0)) return;
    this.#usualAnswer = this.#usualAnswer === undefined ? tokens : this.#usualAnswer + (tokens - this.#usualAnswer) / 5;
  }
}

/** Without the catalogue nothing is known of the prompt; the usage will tell. */
function countPrompt({ catalogue, target, request }: Call): MaybePromise<number> {
  const counted = andThen(catalogue(), (known) => known.countTokens(target, request));
  return counted instanceof Promise ? counted.catch(() => 0) : counted;
}

/** How many answers are written. Vectors and rankings have none. */
function answersOf({ operation, request }: Call): number {
  if (operation === 'embed' || operation === 'rerank') return 0;
  const { n, best_of } = request as { readonly n?: unknown; readonly best_of?: unknown };
  return Math.max(1, countOf(n) ?? 1, countOf(best_of) ?? 1);
}

/** Tokens of an answer with usage; `undefined` where it tells none. */
export function totalOf(usage: Partial<Usage> | null | undefined): number | undefined {
  const total = usage?.total_tokens ?? (usage?.prompt_tokens ?? Number.NaN) + (usage?.completion_tokens ?? 0);
  return Number.isFinite(total) && total >= 0 ? total : undefined;
}

/**
 * What the provider has counted for a call that failed. Refused or never sent: nothing. Given up half-way: the prompt at least,
 * and what had come of the answer.
 */
export function usedByFailure(error: LLMError, { prompt = 0 }: Place): number {
  const { kind, status, partial } = error;
  const told = totalOf(partial?.usage);
  if (told !== undefined) return told;
  if (partial !== undefined) {
    const { content, reasoning_content, chunks } = partial;
    return prompt + Math.max(chunks, Math.ceil((content.length + reasoning_content.length) / CHARACTERS_OF_TOKEN));
  }
  const given = kind === 'timeout' ? error.phase !== 'connect' : kind === 'aborted' || kind === 'stream_interrupted';
  return given && status === undefined ? prompt : 0;
}
