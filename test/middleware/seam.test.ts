import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Seam, settledPart } from '../../src/middleware/fallback/resume/seam.ts';

/** What a reader has in the end, and how much was taken out; nothing is ever delivered twice or called back. */
function joined(written: string, ...pieces: string[]): { readonly text: string; readonly overlap: number } {
  const seam = new Seam(written);
  let text = written;
  for (const piece of pieces) text += seam.add(piece);
  text += seam.end();
  return { text, overlap: seam.overlap };
}

/** A text cut into pieces at some places. */
function cutAt(text: string, places: readonly number[]): string[] {
  const cuts = [...new Set(places.map((place) => place % (text.length + 1)))].toSorted((a, b) => a - b);
  return [0, ...cuts].map((cut, i) => text.slice(cut, cuts[i] ?? text.length));
}

const places = fc.array(fc.nat(10_000), { maxLength: 12 });

/** Words that all differ, so that what is repeated is repeated on purpose; some of other scripts. */
const words = fc
  .array(fc.shuffledSubarray([...'abcdefghijklmnopqrstuvwxyz'], { minLength: 3, maxLength: 8 }), { minLength: 3, maxLength: 40 })
  .map((letters) => letters.map((word) => word.join('')))
  .map((plain) => plain.map((word, i) => `${word}${i % 5 === 4 ? 'é🚀' : i % 7 === 6 ? '世界' : ''}${i}`));
const spaces = fc.array(fc.constantFrom(' ', '\n', '\n\n', ', ', '. '), { minLength: 40, maxLength: 40 });

const texts = fc.tuple(words, spaces).map(([list, gaps]) => {
  let text = '';
  const starts: number[] = [];
  list.forEach((word, i) => {
    starts.push(text.length);
    text += word + (i === list.length - 1 ? '' : gaps[i]);
  });
  return { text, starts };
});

describe('for any text, any cut and any way it arrives', () => {
  it('an exact continuation is delivered as it is', () => {
    fc.assert(
      fc.property(texts, fc.nat(), places, ({ text }, at, pieces) => {
        const cut = at % (text.length + 1);
        const written = text.slice(0, cut);
        expect(joined(written, ...cutAt(text.slice(settledPart(written).length), pieces)).text).toBe(text);
      }),
      { numRuns: 500 },
    );
  });

  it('what it repeats from the beginning of any word on is taken out', () => {
    fc.assert(
      fc.property(texts, fc.nat(), fc.nat(), places, ({ text, starts }, at, back, pieces) => {
        const cut = 1 + (at % text.length);
        const before = starts.filter((start) => start < cut);
        const from = before[back % before.length] as number;
        expect(joined(text.slice(0, cut), ...cutAt(text.slice(from), pieces)).text).toBe(text);
      }),
      { numRuns: 1000 },
    );
  });

  it('so is everything, when it starts all over, with white space before it', () => {
    fc.assert(
      fc.property(texts, fc.nat(), fc.constantFrom('', ' ', '\n\n'), places, ({ text }, at, lead, pieces) => {
        const cut = 2 + (at % (text.length - 1));
        expect(joined(text.slice(0, cut), ...cutAt(lead + text, pieces)).text).toBe(text);
      }),
      { numRuns: 500 },
    );
  });

  it('what has nothing in common with it is delivered whole', () => {
    fc.assert(
      fc.property(texts, fc.stringMatching(/^[A-Z][A-Z ]{0,60}$/), places, ({ text }, other, pieces) => {
        expect(joined(text, ...cutAt(other, pieces))).toEqual({ text: text + other, overlap: 0 });
      }),
    );
  });

  it('for any text at all: the reader gets an end of the continuation, and no more is held back than was written', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 60 }),
        fc.string({ unit: 'binary', maxLength: 60 }),
        places,
        (a, b, pieces) => {
          const seam = new Seam(a);
          let out = '';
          let sent = 0;
          for (const piece of cutAt(b, pieces)) {
            out += seam.add(piece);
            sent += piece.length;
            expect(sent - out.length - seam.overlap, 'held back').toBeLessThanOrEqual(
              a.length + b.length - b.trimStart().length + piece.length,
            );
          }
          out += seam.end();
          expect(b.endsWith(out)).toBe(true);
          expect(out.length + seam.overlap).toBe(b.length);
          expect(seam.decided).toBe(true);
          expect(seam.add('x'), 'open from now on').toBe('x');
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('the same for texts of few characters, where chance repeats much', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', 'b', ' ', '\n', '0', ',', '🚀', '世') }),
        fc.nat(),
        places,
        (text, at, pieces) => {
          const cut = at % (text.length + 1);
          const { text: got } = joined(text.slice(0, cut), ...cutAt(text.slice(cut), pieces));
          expect(text.startsWith(text.slice(0, cut))).toBe(true);
          expect(got.startsWith(text.slice(0, cut))).toBe(true);
          expect(got.length).toBeLessThanOrEqual(text.length);
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('repeated words are told from words that begin alike', () => {
  it.each([
    ['ban', ['ana'], 'banana'],
    ['Give me a', [' apple'], 'Give me a apple'],
    ['I did not', [' notice'], 'I did not notice'],
    ["don't", [' this'], "don't this"],
    ['The quick bro', ['brown fox'], 'The quick brown fox'],
    ['The quick bro', ['quick brown fox'], 'The quick brown fox'],
    ['one two ', ['twofold'], 'one two twofold'],
    ['it is', [' is it?'], 'it is it?'],
    ['[0, 0,', [' 0]'], '[0, 0, 0]'],
    ['0x00, 0x00, 0x00,', [' 0x00, 0x00,', '\n'], '0x00, 0x00, 0x00, 0x00, 0x00,\n'],
    ['| yes | yes |', [' yes |'], '| yes | yes | yes |'],
    ['ha ha', [' ha ha!'], 'ha ha ha ha!'],
    ['a(() => {\n});', ['\n});'], 'a(() => {\n});\n});'],
    ['## Intro', ['## Introduction'], '## Introduction'],
    ['- item one\n- it', ['- item two'], '- item one\n- item two'],
    ['北京是', ['是中国'], '北京是是中国'],
    ['他说：北京是中国的', ['中国的首都'], '他说：北京是中国的首都'],
    ['“Nein', ['Nein”, sagte sie'], '“Nein”, sagte sie'],
  ])('%j and %j', (written, pieces, text) => {
    expect(joined(written, ...pieces).text).toBe(text);
  });
});

describe('loose ends', () => {
  it.each([
    ['white space that comes again', 'a \n', [' \nb'], 'a \nb', 2],
    ['more of it than before', 'a\n', ['\n', '\nb'], 'a\n\nb', 1],
    ['less', 'a\n\n', ['\nb'], 'a\n\nb', 1],
    ['none', 'a ', ['b'], 'a b', 0],
    ['half a character', 'a \ud83d', ['\ud83d\ude80!'], 'a 🚀!', 1],
    ['half a character, and the whole in halves', 'a \ud83d', [' ', '\ud83d', '\ude80!'], 'a 🚀!', 2],
    ['nothing written', '', [' b'], ' b', 0],
    ['nothing but white space', '  ', ['  b'], '  b', 2],
    ['nothing comes', 'a ', [], 'a ', 0],
  ])('%s', (_, written, pieces, text, overlap) => {
    expect(joined(written, ...pieces)).toEqual({ text, overlap });
  });

  it('a model is shown neither white space at the end nor half a character', () => {
    expect(settledPart('a b \n\t')).toBe('a b');
    expect(settledPart('a \ud83d')).toBe('a');
    expect(settledPart('a 🚀')).toBe('a 🚀');
    expect(settledPart(' \n')).toBe('');
  });

  it('a long text that is begun anew and broken off adds nothing', () => {
    const written = 'The first of many sentences. The second one is longer.';
    expect(joined(written, 'The first of many')).toEqual({ text: written, overlap: 17 });
    expect(joined(written, 'The first')).toEqual({ text: `${written}The first`, overlap: 0 });
  });
});

describe('time and memory', () => {
  it('a text of a hundred thousand words that starts over in pieces is joined, without comparing it over and over', () => {
    const text = Array.from({ length: 100_000 }, (_, i) => `w${i}`).join(' ');
    const pieces = text.match(/.{1,20}/gs) ?? [];
    const written = text.slice(0, -100);
    expect(joined(written, ...pieces).text).toBe(text);
  });

  it('a text of one letter and its continuation of the same are read to their end', () => {
    expect(joined('a '.repeat(20_000), ...Array.from({ length: 5_000 }, () => 'a ')).text.length).toBeGreaterThan(40_000);
  });
});
