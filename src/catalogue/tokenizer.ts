import { estimateTokenCount } from 'tokenx';
import type { MaybePromise } from '../contract/store.ts';
import type { ModelFamily } from './model-family.ts';

/** Counts the tokens of a text. */
export type CountText = (text: string) => number;

/** Scripts whose words `tokenx` takes for too few tokens, what holds JSON together, and words that look like keys, hashes and base64. */
const LANGUAGES = [
  { pattern: /^(?=.*\d)(?=.*[A-Za-z])[A-Za-z\d]{16,}$/, averageCharsPerToken: 1.6 },
  { pattern: /^["'{}[\],:;()\\]{3,}$/, averageCharsPerToken: 2.2 },
  { pattern: /[\u0400-\u052f]/, averageCharsPerToken: 3.2 },
  { pattern: /[\u0590-\u07ff\u0900-\u0dff\ufb1d-\ufefc]/, averageCharsPerToken: 2.6 },
  { pattern: /[\u0e00-\u109f\u1200-\u137f\u1780-\u17ff]/, averageCharsPerToken: 2.2 },
];

/** The estimate of the `tokenx` package, for any model. */
export const estimateText: CountText = (text) => estimateTokenCount(text, { languageConfigs: LANGUAGES });

type Encoding = ModelFamily['encoding'];

const loaders: { readonly [E in Encoding]: () => Promise<{ countTokens(text: string, options: object): number }> } = {
  o200k_base: () => import('gpt-tokenizer/encoding/o200k_base'),
  cl100k_base: () => import('gpt-tokenizer/encoding/cl100k_base'),
};

const loaded = new Map<Encoding, MaybePromise<CountText>>();

/** The vocabulary itself where `gpt-tokenizer` is installed, the estimate where it is not. */
export function tokenizerFor(encoding: Encoding): MaybePromise<CountText> {
  const known = loaded.get(encoding);
  if (known !== undefined) return known;
  const loading = loaders[encoding]().then(
    ({ countTokens }) => remember(encoding, exactly(countTokens)),
    () => remember(encoding, estimateText),
  );
  loaded.set(encoding, loading);
  return loading;
}

function remember(encoding: Encoding, count: CountText): CountText {
  loaded.set(encoding, count);
  return count;
}

/** Words of the control language are text like any other here. */
const AS_TEXT = { disallowedSpecial: new Set<string>() };

/** A run without a break is one word to the tokenizer, which takes time by the square of its length: cut, it counts a token more. */
const LONG_RUN = /([\p{L}\p{M}]{256}|[^\s\p{L}\p{N}]{256}|\s{256})/u;

const exactly =
  (countTokens: (text: string, options: object) => number): CountText =>
  (text) =>
    text.length > 256 && LONG_RUN.test(text)
      ? text.split(LONG_RUN).reduce((sum, piece) => sum + countTokens(piece, AS_TEXT), 0)
      : countTokens(text, AS_TEXT);
