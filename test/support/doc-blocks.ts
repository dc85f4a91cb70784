import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { ROOT } from './run-program.ts';

/** A fenced block of a page. */
export interface DocBlock {
  /** `README.md › Calls 2`: the page, the heading above it and which of its blocks in that language. */
  readonly name: string;
  readonly page: string;
  readonly language: string;
  readonly code: string;
  /** From `<!-- not run: … -->` on the line before the fence. */
  readonly notRun: string | undefined;
}

/** Every fenced block of the README, the other pages at the root, and the folders `docs` and `examples`. */
export function docBlocks(): DocBlock[] {
  const pages = [
    ...readdirSync(ROOT).filter((name) => name.endsWith('.md')),
    ...pagesBelow(join(ROOT, 'docs')),
    ...pagesBelow(join(ROOT, 'examples')),
  ];
  return pages.flatMap(blocksOf);
}

export function readPage(page: string): string {
  return readFileSync(join(ROOT, page), 'utf8');
}

function pagesBelow(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md') && !name.startsWith('api/'))
    .map((name) => relative(ROOT, join(folder, name)));
}

function blocksOf(page: string): DocBlock[] {
  const blocks: DocBlock[] = [];
  const lines = readPage(page).split('\n');
  const counts = new Map<string, number>();
  let heading = '';
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? '';
    const title = /^#+ (.+)$/.exec(line)?.[1];
    if (title !== undefined) heading = title;
    const language = /^```(\w*)$/.exec(line)?.[1];
    if (language === undefined) continue;
    const end = lines.indexOf('```', at + 1);
    if (end < 0) throw new Error(`${page}: a block under "${heading}" has no end`);
    const count = (counts.get(`${heading} ${language}`) ?? 0) + 1;
    counts.set(`${heading} ${language}`, count);
    blocks.push({
      name: `${page} › ${heading} ${count}`,
      page,
      language,
      code: lines.slice(at + 1, end).join('\n'),
      notRun: /^<!-- not run: (.+) -->$/.exec(lines[at - 1] ?? '')?.[1],
    });
    at = end;
  }
  return blocks;
}
