const MIN_ECHO = 24;
const WINDOW = 16;
const STEP = MIN_ECHO - WINDOW;
/** Places of one window in the text that are looked at. */
const MAX_PLACES = 32;
const ECHO = '[…]';
const QUOTE = /["'`]/;

const NONE = 0;
const CUT = 1;
const LEFT = 2;

/**
 * Replaces what the text repeats of a prompt: every run of 24 characters or more. Such a run holds at least one of the prompt's
 * 16-character windows that start at a multiple of 8, so only those are looked up among the windows of the text: the time
 * that it takes grows with the prompt, but not with their product.
 *
 * @param counts Whether an echo that begins there is to be replaced.
 */
export function withoutEchoes(text: string, prompt: string, counts: (from: number) => boolean = () => true): string {
  if (!mayHoldEcho(text) || !mayHoldEcho(prompt)) return text;
  const windows = new Windows(text);
  const marks = new Uint8Array(text.length);
  for (let at = 0; at + WINDOW <= prompt.length; at += STEP) {
    for (const start of windows.placesOf(prompt, at)) {
      if (marks[start] !== NONE && marks[start + WINDOW - 1] !== NONE) continue;
      const { from, to } = widened(text, start, prompt, at);
      if (to - from >= MIN_ECHO) marks.fill(counts(from) ? CUT : LEFT, from, to);
    }
  }
  return withoutMarked(text, marks);
}

/** The text without what it quotes of the prompt: those are the caller's words, and they may sound like any failure. */
export function withoutQuotes(text: string, { promptText }: { promptText(): string }): string {
  if (!mayHoldEcho(text) || !QUOTE.test(text)) return text;
  return withoutEchoes(text, promptText(), (from) => QUOTE.test(text[from - 1] ?? ''));
}

export const mayHoldEcho = (text: string): boolean => text.length >= MIN_ECHO;

/** The windows of a text by what they hold. */
class Windows {
  readonly #places = new Map<string, number[]>();
  readonly #seen = new Uint8Array(1 << 16);

  constructor(text: string) {
    for (let start = 0; start + WINDOW <= text.length; start++) {
      const window = text.slice(start, start + WINDOW);
      const places = this.#places.get(window);
      if (places === undefined) this.#places.set(window, [start]);
      else if (places.length < MAX_PLACES) places.push(start);
      this.#seen[hashAt(text, start)] = 1;
    }
  }

  placesOf(prompt: string, at: number): readonly number[] {
    if (this.#seen[hashAt(prompt, at)] === 0) return [];
    return this.#places.get(prompt.slice(at, at + WINDOW)) ?? [];
  }
}

function hashAt(text: string, at: number): number {
  const first = text.charCodeAt(at);
  const middle = text.charCodeAt(at + 7);
  return (first * 31 + middle * 1021 + text.charCodeAt(at + WINDOW - 1) * 8191) & 0xffff;
}

function widened(text: string, start: number, prompt: string, at: number): { readonly from: number; readonly to: number } {
  let before = 0;
  while (before < start && before < at && text[start - before - 1] === prompt[at - before - 1]) before++;
  let after = WINDOW;
  while (start + after < text.length && at + after < prompt.length && text[start + after] === prompt[at + after]) after++;
  return { from: start - before, to: start + after };
}

function withoutMarked(text: string, marks: Uint8Array): string {
  let shown = '';
  let taken = 0;
  for (let from = marks.indexOf(CUT); from !== -1; from = marks.indexOf(CUT, taken)) {
    shown += text.slice(taken, from) + ECHO;
    taken = from + 1;
    while (marks[taken] === CUT) taken++;
  }
  return shown + text.slice(taken);
}
