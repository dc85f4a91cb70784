import { isOverAndOver, isRepetition, mayBeRepeatedFrom } from './words.ts';

/** Of the written text, how much of its end is looked at for a repetition. */
const WINDOW = 4_000;
/** A continuation that ends within a repetition of at least so many characters has nothing to add. */
const LEAST_UNFINISHED = 16;

/** The first half of a character. */
const HALF = /[\ud800-\udbff]$/;

/**
 * The part of a broken text that its continuation is asked for with: without white space and half a character at its end, which a
 * model would write anew.
 */
export const settledPart = (written: string): string => written.replace(HALF, '').trimEnd();

/**
 * Where a continuation joins what was written before: takes out of it what it repeats, be it the last words or all from the
 * beginning. Text is held back while it may still turn out to be a repetition, hardly more than was written.
 */
export class Seam {
  /** How many characters were taken out. */
  overlap = 0;
  readonly #shown: string;
  /** Delivered, but not shown to the model: it writes it again. */
  readonly #loose: string;
  /** Places of the shown text that the continuation repeats from, as far as it was compared. */
  #places: number[] | undefined;
  /** The length of the longest repetition. */
  #repeated = 0;
  #held = '';
  /** White space before the first word of the held text. */
  #lead = 0;
  /** How much of the held text, without its lead, was compared. */
  #compared = 0;
  #stage: 'repetition' | 'loose end' | 'open' = 'repetition';

  constructor(written: string) {
    this.#shown = settledPart(written);
    this.#loose = written.slice(this.#shown.length);
  }

  get decided(): boolean {
    return this.#stage === 'open';
  }

  /** More of the continuation. Returns what the reader gets. */
  add(text: string): string {
    if (this.#stage === 'open') return text;
    this.#held += text;
    if (this.#stage === 'repetition' && this.#mayRepeat(text)) return '';
    const { length } = this.#held;
    if (length < this.#loose.length && this.#loose.startsWith(this.#held)) return '';
    return this.#open();
  }

  /** Nothing more comes. */
  end(): string {
    if (this.#stage === 'repetition') {
      const within = this.#places?.some((place) => !this.#settle(place, '')) ?? false;
      const nothingNew = within && this.#compared >= LEAST_UNFINISHED && !isOverAndOver(this.#held.trim());
      this.#cut(nothingNew ? this.#held.length : this.#repetition());
    }
    return this.#open();
  }

  /** Compares what has come; `false` once it is clear what of it is a repetition. */
  #mayRepeat(text: string): boolean {
    let piece = text;
    if (this.#places === undefined) {
      piece = this.#held.trimStart();
      if (piece === '') return true;
      this.#lead = this.#held.length - piece.length;
      this.#places = placesIn(this.#shown);
    }
    const shown = this.#shown;
    const from = this.#compared;
    this.#places = this.#places.filter((place) => {
      const rest = shown.length - place - from;
      if (piece.length <= rest) return shown.startsWith(piece, place + from);
      if (piece.startsWith(shown.slice(place + from))) this.#settle(place, piece.slice(rest));
      return false;
    });
    this.#compared += piece.length;
    if (this.#places.length > 0) return true;
    this.#cut(this.#repetition());
    return false;
  }

  /** A repetition from a place is complete. Returns whether it was. */
  #settle(place: number, after: string): boolean {
    const repeated = this.#shown.slice(place);
    if (after === '' && this.#compared < repeated.length) return false;
    const believed = isRepetition(this.#shown.slice(0, place), repeated, after, this.#lead > 0, this.#loose !== '');
    if (believed) this.#repeated = Math.max(this.#repeated, repeated.length);
    return true;
  }

  #repetition(): number {
    return this.#repeated === 0 ? 0 : this.#lead + this.#repeated;
  }

  #cut(length: number): void {
    this.overlap += length;
    this.#held = this.#held.slice(length);
    this.#stage = 'loose end';
  }

  #open(): string {
    let same = 0;
    while (same < this.#loose.length && this.#loose[same] === this.#held[same]) same++;
    const half = HALF.exec(this.#loose)?.[0];
    if (half !== undefined && same < this.#loose.length && this.#held[same] === half) same++;
    this.overlap += same;
    const rest = this.#held.slice(same);
    this.#held = '';
    this.#stage = 'open';
    return rest;
  }
}

/** Of the last places of a text, and its very beginning, those that a repetition may begin at. */
function placesIn(text: string): number[] {
  const places: number[] = [];
  const first = Math.max(0, text.length - WINDOW);
  if (first > 0) places.push(0);
  for (let place = first; place < text.length; place++) if (mayBeRepeatedFrom(text, place)) places.push(place);
  return places;
}
