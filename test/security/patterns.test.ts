import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../../src');

interface Pattern {
  readonly where: string;
  readonly source: string;
  readonly flags: string;
}

/** Every regular expression that is written down in the sources. */
const patterns: readonly Pattern[] = readdirSync(ROOT, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .flatMap((name) => {
    const found: Pattern[] = [];
    const file = ts.createSourceFile(name, readFileSync(join(ROOT, name), 'utf8'), ts.ScriptTarget.Latest, true);
    const visit = (node: ts.Node): void => {
      if (ts.isRegularExpressionLiteral(node)) {
        const end = node.text.lastIndexOf('/');
        const line = file.getLineAndCharacterOfPosition(node.pos).line + 1;
        found.push({ where: `${name}:${line}`, source: node.text.slice(1, end), flags: node.text.slice(end + 1) });
      }
      ts.forEachChild(node, visit);
    };
    visit(file);
    return found;
  });

const SIGNS = [...' a1A,."\'{[<-&\\/=_:;\n\t', '1,', '1.', 'a ', '1 ', '1s ', '. ', '\r\n', '<a', '<!--'];
/** No pattern ends with it. */
const WRONG_END = '\u0001!';

/** What a pattern may begin to match, again and again: the words in it, and signs of every sort. */
function attacks({ source }: Pattern): (readonly [opening: string, pump: string])[] {
  const plain = source.replace(/\\[bBdDwWsSnrt]|\(\?[:!=<]+/g, ' ');
  const found = plain.match(/[A-Za-z0-9_'"<>:,. -]{2,}/g) ?? [];
  const words = [...new Set(found.flatMap((word) => [word, word.trim()]))].filter((word) => word !== '').slice(0, 12);
  const pumps = [...SIGNS, ...words.flatMap((word) => [word, `${word} `])];
  return ['', ...words].flatMap((opening) => pumps.map((pump) => [opening, pump] as const));
}

/** Milliseconds, the least of some runs: what else the machine does only adds. */
function cost({ source, flags }: Pattern, [opening, pump]: readonly [string, string], length: number, runs = 1): number {
  const text = opening + pump.repeat(Math.ceil(length / pump.length)).slice(0, length) + WRONG_END;
  const pattern = new RegExp(source, flags.replace(/[gy]/g, ''));
  let least = Number.POSITIVE_INFINITY;
  for (let run = 0; run < runs; run++) {
    const start = performance.now();
    pattern.test(text);
    least = Math.min(least, performance.now() - start);
  }
  return least;
}

/** A quadratic pattern takes 9 times as long for a text of three times the length, a cubic one 27 times. */
const MOST_GROWTH = 18;
/** What a quadratic one never takes for a hundred characters. */
const NOTEWORTHY_MS = 0.1;

describe('patterns', () => {
  it('are found', () => {
    expect(patterns.length).toBeGreaterThan(400);
  });

  it('take no exponential time', () => {
    const slow = patterns.flatMap((pattern) =>
      attacks(pattern)
        .filter((attack) => cost(pattern, attack, 24) > 20 && cost(pattern, attack, 24, 5) > 20)
        .map((attack) => [pattern.where, ...attack]),
    );
    expect(slow).toEqual([]);
  });

  it('take at most quadratic time, so that the bounds of what they are asked about hold', () => {
    const slow: unknown[] = [];
    for (const pattern of patterns) {
      for (const attack of attacks(pattern)) {
        if (cost(pattern, attack, 100) < NOTEWORTHY_MS) continue;
        const short = cost(pattern, attack, 100, 5);
        const growth = cost(pattern, attack, 300, 2) / short;
        if (short > NOTEWORTHY_MS && growth > MOST_GROWTH) slow.push([pattern.where, pattern.source, ...attack, growth]);
      }
    }
    expect(slow).toEqual([]);
  }, 60_000);
});
