import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { analyse } from 'scslre';
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

const slow = ({ source, flags, where }: Pattern): string[] =>
  analyse({ source, flags })
    .reports.filter(({ type, exponential }) => exponential || type !== 'Move')
    .map(({ type }) => `${where} ${type}: ${source}`);

describe('patterns', () => {
  it('are found', () => {
    expect(patterns.length).toBeGreaterThan(400);
  });

  // what a search has to begin anew at each place ("Move") is left: it is bounded by the texts that are searched
  it('never try more than one way through the same text', () => {
    expect(patterns.flatMap(slow)).toEqual([]);
  });

  it('would be told if they did', () => {
    expect(slow({ where: 'here', source: '(a+)+$', flags: '' })).toHaveLength(1);
    expect(slow({ where: 'here', source: '^a*a*$', flags: '' })).toHaveLength(1);
  });
});
