import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROSTER } from './clients/roster.ts';
import type { ClientRun, StormRun } from './report.ts';
import { markdown, percent, seconds } from './report.ts';
import { describeSky, GOOD_ANSWER_MS } from './weather.ts';

type Cell = (run: ClientRun) => string;

const inPhase =
  (name: string, cell: (figures: ClientRun['phases'][number]) => string): Cell =>
  ({ phases }) => {
    const figures = phases.find(({ phase }) => phase === name);
    return figures === undefined ? '–' : cell(figures);
  };

const answered = (phase: string): Cell => inPhase(phase, ({ share }) => percent(share));

const ROWS: readonly (readonly [title: string, cell: Cell])[] = [
  ['answered while half the requests get a 503', answered('half 503')],
  ['… in the brown-out', answered('brown-out')],
  ['… in the outage', answered('outage')],
  ['… under the rate limit', answered('rate limit')],
  ['… while streams are cut', answered('cut streams')],
  ['requests per call to the failing provider, outage', inPhase('outage', ({ amplification }) => amplification.toFixed(2))],
  ['p50 of a call, outage', inPhase('outage', ({ p50 }) => seconds(p50, 2))],
  ['p99 of a call, outage', inPhase('outage', ({ p99 }) => seconds(p99, 2))],
  ['slowest call of all', ({ phases }) => seconds(Math.max(...phases.map(({ slowest }) => slowest)))],
  ['≥ 99 % answered again after the outage', ({ recovery }) => seconds(recovery?.ninetyNine)],
  ['trials after the outage until its breaker closed', ({ recovery }) => String(recovery?.trials || '–')],
  ['answers cut short but told to be whole', ({ content }) => String(content.truncated)],
  ['words duplicated, lost', ({ content }) => `${content.duplicatedWords}, ${content.lostWords}`],
  ['connections, timers left', ({ left }) => `${left.connections}, ${left.timers}`],
];

/** A run in one table: a cell for each concurrency, side by side. */
export function readmeTable({ runs }: StormRun): string {
  const clients = ROSTER.filter(({ id }) => runs.some(({ client }) => client === id));
  const cells = (cell: Cell): string[] =>
    clients.map(({ id }) => {
      const texts = runs.filter(({ client }) => client === id).map(cell);
      return new Set(texts).size === 1 ? (texts[0] ?? '') : texts.join(' / ');
    });
  return markdown(
    ['', ...clients.map(({ title }) => title)],
    ROWS.map(([title, cell]) => [title, ...cells(cell)]),
  );
}

/** Writes a run into the section of the README that is kept for it. */
export function writeIntoReadme(run: StormRun): void {
  const path = join(import.meta.dirname, '..', '..', 'README.md');
  const before = readFileSync(path, 'utf8');
  const after = before.replace(
    /(<!-- storm:start -->\n)[\s\S]*(<!-- storm:end -->)/,
    (_, start, end) => `${start}${textOf(run)}\n${end}`,
  );
  if (!after.includes('<!-- storm:start -->')) throw new Error('README.md has no <!-- storm:start --> … <!-- storm:end -->');
  writeFileSync(path, after);
}

function textOf(run: StormRun): string {
  const { settings, runs, soak } = run;
  const loads = [...new Map(runs.map(({ concurrency, rate }) => [concurrency, rate]))];
  const said = settings.phases.flatMap(({ sky }) => (sky === 'calm' ? [] : [describeSky[sky]]));
  const used = ROSTER.flatMap(({ id, title }) => {
    const found = runs.find(({ client }) => client === id);
    if (found === undefined) return [];
    return [`${title}: ${found.settings.includes('(') ? `\`${found.settings}\`` : found.settings}`];
  });
  const soaked =
    soak === undefined
      ? ''
      : `\n\n${soak.calls.toLocaleString('en').replaceAll(',', ' ')} calls through one Holdfast client while some of every fault happens: ${percent(soak.answered / soak.calls)} answered, ${soak.connections} connections and ${soak.timers} timers left after \`close()\`, ${soak.duplicatedWords} words duplicated, ${(soak.heapMB[1] ?? 0).toFixed(1)} MB of heap in use after the first fifth of them and ${(soak.heapMB.at(-1) ?? 0).toFixed(1)} MB at the end.`;
  return `\`npm run bench:storm\` on Node ${run.node.slice(1)}. One after the other: ${said.join('; ')}. Calls arrive at random, ${loads
    .map(([concurrency, rate]) => `${rate} a second with ${concurrency} places`)
    .join(
      ' and ',
    )} (cells: ${loads.map(([concurrency]) => concurrency).join(' / ')}); a call that finds no free place is turned away and counts as not answered.
A good answer takes ${GOOD_ANSWER_MS} ms, and every call has a deadline of ${settings.deadlineMs / 1000} s.

${readmeTable(run)}

${used.join('; ')}.${soaked} Raw figures: \`bench/results/storm.json\`.`;
}
