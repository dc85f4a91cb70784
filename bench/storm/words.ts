/** Text that can be checked: every answer to call 17 is `call17word1 call17word2 … call17word12`. */
export const WORDS = 12;

/** What is asked for; the server reads the call's number from it. */
export const promptOf = (call: number): string => `Please count to ${WORDS} for call ${call}.`;

/** The words of an answer from number `first` to number `last`, as a stream sends them. */
export const wordsOf = (call: number, first = 1, last: number = WORDS): string[] =>
  Array.from({ length: last - first + 1 }, (_, i) => `${first + i === 1 ? '' : ' '}call${call}word${first + i}`);

/** The number of the call that a request body belongs to, and the last word of its answer that was sent along with it. */
export function readRequest(body: unknown): { readonly call: number; readonly said: number } | undefined {
  const text = JSON.stringify(body);
  const call = /for call (-?\d+)\./.exec(text)?.[1];
  if (call === undefined) return undefined;
  const said = [...text.matchAll(new RegExp(`call${call}word(\\d+)`, 'g'))].map(([, number]) => Number(number));
  return { call: Number(call), said: Math.max(0, ...said) };
}

/** What is wrong with a text that reached the caller. */
export interface TextFaults {
  /** Words that came again. */
  readonly duplicated: number;
  /** Words that are missing before the last one that came, or that belong to another call. */
  readonly lost: number;
  /** Whether the text ends too early. */
  readonly short: boolean;
}

const WORD = /^call(-?\d+)word(\d+)$/;

export function checkText(call: number, text: string): TextFaults {
  const words = text.trim() === '' ? [] : text.trim().split(/\s+/);
  let duplicated = 0;
  let lost = 0;
  let last = 0;
  for (const word of words) {
    const [owner, number = 0] = (WORD.exec(word) ?? []).slice(1).map(Number);
    if (owner !== call || number < 1 || number > WORDS) lost++;
    else if (number <= last) duplicated++;
    else {
      lost += number - last - 1;
      last = number;
    }
  }
  return { duplicated, lost, short: last < WORDS };
}
