/** Draws `docs/storm.svg` from the figures of `npm run bench:storm`, bench/results/storm.json. */
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import { ROSTER } from '../bench/storm/clients/roster.ts';
import type { ClientRun, StormRun } from '../bench/storm/report.ts';
import { STYLE } from './storm-style.ts';

const WIDTH = 840;
const SIDES = { marginLeft: 168, marginRight: 24 };
const LABELS = 44;
const TOP = 72;
const STRIP = 40;
const GAP = 12;
const BETWEEN = 54;
const AXIS = 28;

interface Point {
  readonly client: string;
  /** Seconds since the start. */
  readonly at: number;
  readonly answered: number;
  /** A second. */
  readonly calls: number;
  readonly requests: number;
}

const root = resolve(import.meta.dirname, '..');
const { runs: all, settings } = JSON.parse(readFileSync(resolve(root, 'bench/results/storm.json'), 'utf8')) as StormRun;
const concurrency = Math.max(...all.map((run) => run.concurrency));
const runs = all.filter((run) => run.concurrency === concurrency);
const seconds = (settings.phases.at(-1)?.until ?? 0) / 1000;
const names = ROSTER.filter(({ id }) => runs.some(({ client }) => client === id)).map(({ id }) => nameOf(id));
const points = runs.flatMap(pointsOf);
const spells = settings.phases.filter(({ sky }) => sky !== 'calm');

const strips = names.length * (STRIP + GAP);
const second = TOP + strips + BETWEEN;
const bottom = second + strips;
const step = { x: 'at', fy: 'client', curve: 'step-after' } as const;

const parts = [
  placed(backdrop(), LABELS),
  heading('Calls answered', 28, [
    ['answered', 'answered'],
    ['unanswered', 'failed or turned away'],
  ]),
  placed(
    stacked(
      [0, 1],
      [
        Plot.areaY(points, { ...step, y1: 0, y2: 'answered', className: 'answered' }),
        Plot.areaY(points, { ...step, y1: 'answered', y2: 1, className: 'unanswered' }),
      ],
    ),
    TOP,
  ),
  heading('Requests that reach the failing provider', second - 20, [
    ['requests', 'requests'],
    ['calls', `calls arriving, ${runs[0]?.rate ?? 0} per second`],
  ]),
  placed(
    stacked(
      [0, Math.max(...points.map(({ requests }) => requests))],
      [
        Plot.areaY(points, { ...step, y1: 0, y2: 'requests', className: 'requests' }),
        Plot.lineY(points, { ...step, y: 'calls', className: 'calls' }),
      ],
    ),
    second,
  ),
];

const height = bottom + AXIS + 8;
const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="title desc">
<title id="title">${names.length} clients in the same storm, ${concurrency} places for calls</title>
<desc id="desc">${runs.map(story).join('. ')}.</desc>
<style>${STYLE}</style>
<rect class="card" x=".5" y=".5" width="${WIDTH - 1}" height="${height - 1}" rx="10"/>
${parts.join('\n')}
</svg>
`;
writeFileSync(resolve(root, 'docs/storm.svg'), svg);
console.log(`docs/storm.svg: ${names.length} clients over ${seconds} s, ${(svg.length / 1000).toFixed(0)} kB`);

function pointsOf({ client, series: { stepMs, arrived, answered, requests } }: ClientRun): Point[] {
  const perSecond = 1000 / stepMs;
  const made = arrived.map((calls, i) => ({
    client: nameOf(client),
    at: (i * stepMs) / 1000,
    answered: calls === 0 ? 1 : (answered[i] ?? 0) / calls,
    calls: calls * perSecond,
    requests: (requests[i] ?? 0) * perSecond,
  }));
  const last = made.at(-1);
  return last === undefined ? [] : [...made, { ...last, at: seconds }];
}

/** The phases, behind everything, and the axis. */
function backdrop(): string {
  return drawn(bottom - LABELS + AXIS, AXIS, {
    marks: [
      Plot.rectX(spells, { x1: ({ from }) => from / 1000, x2: ({ until }) => until / 1000, insetTop: 20, className: 'spell' }),
      Plot.text(spells, { x: ({ from, until }) => (from + until) / 2000, text: 'name', frameAnchor: 'top', className: 'phase' }),
      Plot.axisX({
        anchor: 'bottom',
        ticks: 12,
        tickSize: 4,
        tickFormat: (s: number) => `${s} s`,
        label: null,
        className: 'ticks',
      }),
    ],
  });
}

/** A strip for each client, one above the other. */
function stacked(y: [number, number], marks: Plot.Markish[]): string {
  return drawn(strips, 0, {
    y: { domain: y, axis: null },
    fy: { domain: names, padding: GAP / (STRIP + GAP), axis: null },
    marks: [
      ...marks,
      Plot.ruleY([0], { className: 'base' }),
      Plot.axisFy({ anchor: 'left', tickSize: 0, label: null, className: 'names' }),
    ],
  });
}

function drawn(height: number, marginBottom: number, options: Plot.PlotOptions): string {
  const { document } = parseHTML('<!doctype html><body></body>') as unknown as { document: Document };
  const x = { domain: [0, seconds], label: null, axis: null };
  return Plot.plot({ document, width: WIDTH, height, ...SIDES, marginTop: 0, marginBottom, x, ...options }).outerHTML;
}

/** One of Plot's drawings as a part of this one. */
function placed(drawing: string, y: number): string {
  const inner = drawing
    .replace(/^<svg[^>]*>/, '')
    .replace(/<style>[\s\S]*?<\/style>/, '')
    .replace(/<\/svg>$/, '');
  return `<g transform="translate(0 ${y})">${inner}</g>`;
}

function heading(title: string, y: number, keys: readonly (readonly [name: string, text: string])[]): string {
  const drawnKeys: string[] = [];
  let at = WIDTH - SIDES.marginRight;
  for (const [name, text] of [...keys].reverse()) {
    at -= text.length * 6.2 + 36;
    const swatch =
      name === 'calls'
        ? `<line class="key-calls" x1="${at}" x2="${at + 14}" y1="${y - 4}" y2="${y - 4}"/>`
        : `<rect class="key-${name}" x="${at + 3}" y="${y - 9}" width="10" height="10" rx="2"/>`;
    drawnKeys.push(`${swatch}<text class="note" x="${at + 20}" y="${y}">${text}</text>`);
  }
  return `<text class="heading" x="16" y="${y}">${title}</text>${drawnKeys.join('')}`;
}

function story({ client, phases }: ClientRun): string {
  const outage = phases.find(({ phase }) => phase === 'outage');
  const share = Math.round((outage?.share ?? 0) * 100);
  return `${nameOf(client)}: in the outage ${share} % of the calls answered, ${outage?.amplification.toFixed(1)} requests per call`;
}

function nameOf(client: string): string {
  return (ROSTER.find(({ id }) => id === client)?.title ?? client).replaceAll('`', '');
}
