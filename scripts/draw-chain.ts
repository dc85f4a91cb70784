/** Draws `docs/chain.svg` from a run of the demo's third scene. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Attempt } from 'holdfast';
import { playChain } from './chain-run.ts';
import { STYLE } from './chain-style.ts';

const WIDTH = 760;
const LEFT = 252;
const RIGHT = 728;
const TOP = 40;
const ROW = 60;
const BLOCK = 28;
const TICK_MS = 500;

const { attempts, totalMs } = await playChain();
const start = attempts[0]?.startedAt ?? 0;
const targets = [...new Set(attempts.map(nameOf))];
const span = totalMs * 1.04;
const bottom = TOP + targets.length * ROW;
const height = bottom + 44;

const x = (ms: number): number => round(LEFT + ((RIGHT - LEFT) * ms) / span);
const y = (attempt: Attempt): number => TOP + targets.indexOf(nameOf(attempt)) * ROW + (ROW - BLOCK) / 2;
const from = (attempt: Attempt): number => attempt.startedAt - start;
const until = (attempt: Attempt): number => from(attempt) + attempt.durationMs;

const SAID: Readonly<Record<string, string>> = {
  success: 'answered',
  service_unavailable: 'overloaded',
  rate_limit: 'rate limited',
};

const parts = [
  `<rect class="card" x=".5" y=".5" width="${WIDTH - 1}" height="${height - 1}" rx="10"/>`,
  ...axis(),
  ...targets.flatMap(rowOf),
  ...attempts.flatMap((attempt, i) => [...wayTo(attempt, attempts[i - 1]), block(attempt)]),
  ...ending(),
];

const told = targets.map((target) => `${target}: ${story(target)}`).join('. ');
const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="title desc">
<title id="title">A chain that holds</title>
<desc id="desc">${told}. The caller gets one reply after ${seconds(totalMs)}.</desc>
<style>${STYLE}</style>
${parts.join('\n')}
</svg>
`;
const folder = resolve(import.meta.dirname, '../docs');
mkdirSync(folder, { recursive: true });
writeFileSync(resolve(folder, 'chain.svg'), svg);
console.log(`docs/chain.svg: ${attempts.length} attempts over ${seconds(totalMs)}`);

function nameOf({ provider, model }: Attempt): string {
  return `${provider}/${model}`;
}

/** What became of a target, in a few words. */
function story(target: string): string {
  const own = attempts.filter((attempt) => nameOf(attempt) === target);
  const last = own.at(-1);
  if (last === undefined) return '';
  const words = SAID[last.outcome] ?? last.outcome;
  const times = own.length === 1 ? '' : `, ${own.length} times`;
  const wait = last.retryAfterMs === undefined ? '' : ` for ${last.retryAfterMs / 60_000} minutes`;
  return `${words}${wait}${times}`;
}

function axis(): string[] {
  const lines: string[] = [];
  for (let ms = 0; ms <= span; ms += TICK_MS) {
    lines.push(`<line class="grid" x1="${x(ms)}" y1="${TOP}" x2="${x(ms)}" y2="${bottom}"/>`);
    lines.push(`<text class="tick" x="${x(ms)}" y="${bottom + 20}" text-anchor="middle">${ms === 0 ? '0' : seconds(ms)}</text>`);
  }
  return lines;
}

function rowOf(target: string, index: number): string[] {
  const middle = TOP + index * ROW + ROW / 2;
  const [provider = '', model = ''] = target.split('/');
  return [
    `<text class="model" x="24" y="${middle - 3}"><tspan class="provider">${provider}/</tspan>${model}</text>`,
    `<text class="story" x="24" y="${middle + 14}">${story(target)}</text>`,
  ];
}

/** The wait on the same row, or the step to the next target. */
function wayTo(attempt: Attempt, before: Attempt | undefined): string[] {
  if (before === undefined) return [];
  const left = x(until(before));
  const right = x(from(attempt));
  const level = y(before) + BLOCK / 2;
  if (nameOf(before) === nameOf(attempt)) {
    const label = `<text class="wait" x="${round((left + right) / 2)}" y="${level - 6}" text-anchor="middle">${Math.round(attempt.waitedMs / 10) * 10} ms</text>`;
    return [`<line class="way pause" x1="${left + 3}" y1="${level}" x2="${right - 3}" y2="${level}"/>`, label];
  }
  const top = y(before) + BLOCK + 3;
  const down = y(attempt) - 8;
  const at = round((left + right) / 2 + 10);
  return [
    `<path class="way" d="M${left - 12} ${top} C${left - 12} ${top + 22} ${at} ${down - 22} ${at} ${down}"/>`,
    tip(at, down + 4),
  ];
}

function tip(at: number, level: number): string {
  return `<path class="tip" d="M${at - 4} ${level - 5} h8 l-4 6 z"/>`;
}

function block(attempt: Attempt): string {
  const left = x(from(attempt));
  const width = round(x(until(attempt)) - left);
  const top = y(attempt);
  const label = attempt.outcome === 'success' ? `${attempt.status} OK` : `${attempt.status ?? ''}`;
  return `<rect class="${attempt.outcome}" x="${left}" y="${top}" width="${width}" height="${BLOCK}" rx="5"/><text class="status" x="${round(left + width / 2)}" y="${top + BLOCK / 2 + 4.5}" text-anchor="middle">${label}</text>`;
}

function ending(): string[] {
  const at = x(totalMs);
  return [
    `<line class="end" x1="${at}" y1="${TOP - 14}" x2="${at}" y2="${bottom}"/>`,
    `<text class="reply" x="${at - 8}" y="${TOP - 4}" text-anchor="end">one reply, ${seconds(totalMs)}</text>`,
  ];
}

function seconds(ms: number): string {
  return `${Number((ms / 1000).toFixed(1))} s`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
