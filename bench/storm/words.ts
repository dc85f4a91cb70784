/** Text that can be checked: every answer to call 17 is `17:1 17:2 … 17:12`. */
export const WORDS = 12;

/** What is asked for; the server reads the call's number from it. */
export const promptOf = (call: number): string => `Please count to ${WORDS} for call ${call}.`;

/** The words of an answer from number `first` to number `last`, as a stream sends them. */
export const wordsOf = (call: number, first = 1, last: number = WORDS): string[] =>
  Array.from({ length: last - first + 1 }, (_, i) => `${first + i === 1 ? '' : ' '}${call}:${first + i}`);

/** The number of the call that a request body belongs to, and how many words of its answer were sent along with it. */
export function readRequest(body: unknown): { readonly call: number; readonly said: number } | undefined {
  const text = JSON.stringify(body);
  const call = /for call (-?\d+)\./.exec(text)?.[1];
  if (call === undefined) return undefined;
  const said = [...text.matchAll(new RegExp(`(?<![\\d-])${call}:(\\d+)`, 'g'))].map(([, number]) => Number(number));
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

export function checkText(call: number, text: string): TextFaults {
  const words = text.trim() === '' ? [] : text.trim().split(/\s+/);
  let duplicated = 0;
  let lost = 0;
  let last = 0;
  for (const word of words) {
    const [owner, number] = word.split(':').map(Number);
    if (owner !== call || number === undefined || !(number >= 1 && number <= WORDS)) lost++;
    else if (number <= last) duplicated++;
    else {
      lost += number - last - 1;
      last = number;
    }
  }
  return { duplicated, lost, short: last < WORDS };
}
