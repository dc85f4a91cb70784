import type { ModelFacts, ModelPrices, PriceTier, TokenPrices } from '../contract/catalogue.ts';

/**
 * One model as a line of the data file: its name, then words that each begin with a sign.
 *
 * | word | meaning |
 * |---|---|
 * | `i272000` `o128000` | tokens that fit, tokens that an answer may have |
 * | `$1.25/10` | prices of input and output |
 * | `r0.125` `w1.5` | prices of tokens read from and written to a cache |
 * | `a32/64` | prices of audio tokens of prompt and answer, the second where it is known |
 * | `q0.002` | price of a request |
 * | `>200000` | the prices after it hold for prompts that are longer |
 * | `+vtrspo` `-p` | what it can, and what it cannot do |
 *
 * Prices are US dollars for a million tokens.
 */
export function readModelLine(line: string): { readonly name: string; readonly facts: ModelFacts } {
  const [name = '', ...words] = line.split(' ');
  const facts: { -readonly [K in keyof ModelFacts]: ModelFacts[K] } = {};
  const tiers: Writable<PriceTier>[] = [];
  let prices: Writable<ModelPrices> | undefined;
  for (const word of words) {
    const rest = word.slice(1);
    const at: Writable<TokenPrices> | undefined = tiers.at(-1) ?? prices;
    switch (word[0]) {
      case 'i':
        facts.maxInputTokens = Number(rest);
        break;
      case 'o':
        facts.maxOutputTokens = Number(rest);
        break;
      case '$': {
        const [input = 0, output = 0] = rest.split('/').map(Number);
        if (at === undefined) prices = { input, output };
        else Object.assign(at, { input, output });
        break;
      }
      case 'r':
        if (at !== undefined) at.cacheRead = Number(rest);
        break;
      case 'w':
        if (at !== undefined) at.cacheWrite = Number(rest);
        break;
      case 'a': {
        const [audioInput, audioOutput] = rest.split('/').map(Number);
        if (prices !== undefined) Object.assign(prices, { audioInput, ...(audioOutput === undefined ? {} : { audioOutput }) });
        break;
      }
      case 'q':
        if (prices !== undefined) prices.perRequest = Number(rest);
        break;
      case '>':
        tiers.push({ above: Number(rest), input: 0, output: 0 });
        break;
      case '+':
      case '-':
        for (const letter of rest) {
          const ability = ABILITIES[letter];
          if (ability !== undefined) facts[ability] = word[0] === '+';
        }
        break;
    }
  }
  if (prices !== undefined) facts.prices = tiers.length === 0 ? prices : { ...prices, tiers };
  return { name, facts };
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

type Ability = 'vision' | 'tools' | 'reasoning' | 'structuredOutput' | 'prefill' | 'separateOutput';

/** The letter of each ability. */
export const ABILITIES: Readonly<Record<string, Ability>> = {
  v: 'vision',
  t: 'tools',
  r: 'reasoning',
  s: 'structuredOutput',
  p: 'prefill',
  o: 'separateOutput',
};

/** The line of a model, the same for the same facts. */
export function writeModelLine(name: string, facts: ModelFacts): string {
  const { maxInputTokens, maxOutputTokens, prices } = facts;
  const words = [name];
  if (maxInputTokens !== undefined) words.push(`i${maxInputTokens}`);
  if (maxOutputTokens !== undefined) words.push(`o${maxOutputTokens}`);
  for (const [sign, wanted] of [
    ['+', true],
    ['-', false],
  ] as const) {
    const letters = Object.keys(ABILITIES).filter((letter) => facts[ABILITIES[letter] as Ability] === wanted);
    if (letters.length > 0) words.push(`${sign}${letters.join('')}`);
  }
  if (prices === undefined) return words.join(' ');
  words.push(...priceWords(prices));
  if (prices.audioInput !== undefined) {
    words.push(`a${prices.audioInput}${prices.audioOutput === undefined ? '' : `/${prices.audioOutput}`}`);
  }
  if (prices.perRequest !== undefined) words.push(`q${prices.perRequest}`);
  for (const tier of prices.tiers ?? []) words.push(`>${tier.above}`, ...priceWords(tier));
  return words.join(' ');
}

function priceWords({ input, output, cacheRead, cacheWrite }: TokenPrices): string[] {
  const words = [`$${input}/${output}`];
  if (cacheRead !== undefined) words.push(`r${cacheRead}`);
  if (cacheWrite !== undefined) words.push(`w${cacheWrite}`);
  return words;
}
