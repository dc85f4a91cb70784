const WORD = /[\p{L}\p{N}\p{M}_]/u;
const LETTER = /\p{L}/u;
/** Scripts that put no spaces between words. */
const UNSPACED = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}]/u;

/** A repetition that begins within a word, or with a number, must be as long as this to be taken for one; */
const LEAST_OF_ANY = 5;
/** one that begins with a sign as long as this: `## A`, `- it`. */
const LEAST_OF_SIGNS = 3;
/** So must a word, in characters, that the next word would begin with by chance. */
const LEAST_WORD = 4;

/** Whether what follows a place of a text, up to its end, is worth comparing: words from their beginning, or much of anything. */
export function mayBeRepeatedFrom(text: string, place: number): boolean {
  const at = characterAt(text, place);
  if (/\s/.test(at) || isLowSurrogate(text.charCodeAt(place))) return false;
  const length = text.length - place;
  const inside = WORD.test(at) && isInWord(text, place);
  if (UNSPACED.test(at)) return !inside || length > 1;
  if (LETTER.test(at) && !inside) return true;
  return (place === 0 || length >= (WORD.test(at) ? LEAST_OF_ANY : LEAST_OF_SIGNS)) && LETTER.test(text.slice(place));
}

/**
 * Whether a repetition is one and not the next words, which happen to begin as the last ones did: `a` goes on with ` apple`,
 * `0x00, 0x00,` with ` 0x00`.
 *
 * @param before what was written before it. @param repeated what was written and came again. @param after what came then.
 * @param spaced white space came before it. @param closed white space had been written after it: the last word was whole.
 */
export function isRepetition(before: string, repeated: string, after: string, spaced: boolean, closed: boolean): boolean {
  if (before.trimEnd().endsWith(repeated) || isOverAndOver(repeated)) return false;
  const last = characterAt(repeated, lastAt(repeated));
  const goesOn = after !== '' && isSpacedWord(last) && isSpacedWord(characterAt(after, 0));
  if (!goesOn || /\s/.test(repeated)) return true;
  return !closed && (!spaced || before === '' || repeated.length >= LEAST_WORD);
}

/** Whether a text is one piece over and over, as `ha ha` and `0, 0, 0,` are. */
export function isOverAndOver(text: string): boolean {
  return isPeriodic(text) || isPeriodic(`${text} `) || isPeriodic(`${text}\n`);
}

function isPeriodic(text: string): boolean {
  const borders = new Uint32Array(text.length);
  let border = 0;
  for (let at = 1; at < text.length; at++) {
    while (border > 0 && text[at] !== text[border]) border = borders[border - 1] ?? 0;
    if (text[at] === text[border]) border++;
    borders[at] = border;
  }
  return border > 0 && (text.length - border) * 2 <= text.length;
}

const isSpacedWord = (character: string): boolean => WORD.test(character) && !UNSPACED.test(character);

function isInWord(text: string, place: number): boolean {
  const before = characterAt(text, lastAt(text.slice(0, place)));
  return WORD.test(before) || (/['’]/.test(before) && place > 1 && LETTER.test(text[place - 2] ?? ''));
}

const isLowSurrogate = (code: number): boolean => code >= 0xdc00 && code <= 0xdfff;

/** Where the last character of a text begins. */
const lastAt = (text: string): number => Math.max(0, text.length - (isLowSurrogate(text.charCodeAt(text.length - 1)) ? 2 : 1));

const characterAt = (text: string, at: number): string => String.fromCodePoint(text.codePointAt(at) ?? 0);
