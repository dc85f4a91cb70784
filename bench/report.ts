import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SCENARIOS } from './scenarios.ts';

/** Figures of each round, by scenario and client. */
export type Results = Record<string, Record<string, number[]>>;

export interface BenchRun {
  readonly node: string;
  readonly rounds: number;
  readonly results: Results;
  readonly bundle?: { readonly gzip: number; readonly minified: number } | undefined;
}

const COLUMNS: readonly (readonly [string, string])[] = [
  ['undici', '`undici.request` by hand'],
  ['holdfast', 'Holdfast'],
  ['openai', '`openai`'],
  ['ai', '`ai`'],
  ['fetch', '`fetch` by hand'],
  ['holdfast#makeOnFetch', 'Holdfast on `fetch`'],
];

const yardstickOf = (scenario: string, client: string): string =>
  scenario === 'import' ? 'openai' : client === 'holdfast#makeOnFetch' ? 'fetch' : 'undici';

const unitOf = (scenario: string): string => SCENARIOS.find(({ name }) => name === scenario)?.unit ?? 'ms';

export const median = (figures: readonly number[]): number =>
  [...figures].sort((a, b) => a - b)[Math.floor(figures.length / 2)] ?? Number.NaN;

/** The table of a run as Markdown: medians of the yardstick, ratios of the others. */
export function table({ results }: BenchRun): string {
  const head = ['', ...COLUMNS.map(([, title]) => title)];
  const rows = Object.entries(results).map(([scenario, byClient]) => {
    const cells = COLUMNS.map(([client]) => {
      const figures = byClient[client];
      if (figures === undefined) return '–';
      const yardstick = yardstickOf(scenario, client);
      if (yardstick === client) return `${median(figures).toPrecision(3)} ${unitOf(scenario)}`;
      return `${(median(figures) / median(byClient[yardstick] ?? [])).toFixed(2)}×`;
    });
    return [scenario, ...cells];
  });
  return [head, head.map((_, i) => (i === 0 ? '---' : '--:')), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** Writes a run into the section of the README that is kept for it. */
export function writeIntoReadme(run: BenchRun): void {
  const path = join(import.meta.dirname, '..', 'README.md');
  const size =
    run.bundle === undefined
      ? ''
      : ` A minimal chat program, bundled without the transport, is ${(run.bundle.gzip / 1000).toFixed(0)} kB gzipped.`;
  const text = `\`npm run bench -- --rounds ${run.rounds}\` on Node ${run.node.slice(1)}, two shared cores, server in a process of its own, clients interleaved, medians.
Ratios are to the client written by hand on the same transport (for the import, to \`openai\`); Holdfast runs with its default layers.

${table(run)}

CPU counts all threads of the process, the garbage collector's too. Raw figures: \`bench/results/latest.json\`.${size}`;
  const readme = readFileSync(path, 'utf8');
  writeFileSync(
    path,
    readme.replace(/(<!-- bench:start -->\n)[\s\S]*(<!-- bench:end -->)/, (_, start, end) => `${start}${text}\n${end}`),
  );
}
