import { ROSTER } from './clients/roster.ts';
import type { Figures, PhaseFigures } from './figures.ts';
import type { StormPlan } from './messages.ts';
import type { Phase } from './phases.ts';
import type { Soak } from './soak-run.ts';
import type { PACE, STRENGTH } from './weather.ts';
import { describeSky } from './weather.ts';

export interface StormRun {
  readonly node: string;
  readonly settings: {
    readonly seed: number;
    readonly deadlineMs: number;
    readonly pace: typeof PACE;
    readonly strength: typeof STRENGTH;
    readonly phases: readonly Phase[];
  };
  readonly runs: readonly ClientRun[];
  readonly soak: Soak | undefined;
}

export interface ClientRun extends Figures {
  readonly client: string;
  readonly concurrency: number;
  /** Calls a second. */
  readonly rate: number;
  readonly settings: string;
}

type Row = readonly string[];

/** The phases and settings, in words. */
export function settingsText({ node, settings }: StormRun, plans: readonly StormPlan[]): string {
  const lines = settings.phases.map(({ name, sky, from, until }) => {
    const what = sky === 'calm' ? 'every request is answered well' : describeSky[sky];
    return `  ${(from / 1000).toFixed(1).padStart(5)} s – ${(until / 1000).toFixed(1).padStart(5)} s  ${name}: ${what}`;
  });
  const loads = plans.map(({ rate, concurrency }) => `${rate} calls/s, at most ${concurrency} at once`).join('; ');
  return `Node ${node.slice(1)}, seed ${settings.seed}, deadline ${settings.deadlineMs / 1000} s for each call; ${loads}\n${lines.join('\n')}`;
}

/** Every figure of a run, for the terminal. */
export function tables(run: StormRun): string {
  const parts = concurrencies(run).flatMap((concurrency) => {
    const runs = run.runs.filter((each) => each.concurrency === concurrency);
    return [`\n## ${concurrency} at once`, ...phaseTables(runs), `\nover the whole storm\n${wholeTable(runs)}`];
  });
  if (run.soak !== undefined) parts.push(`\n## Soak\n${soakText(run.soak)}`);
  return parts.join('\n');
}

const concurrencies = ({ runs }: StormRun): number[] => [...new Set(runs.map(({ concurrency }) => concurrency))];

const titleOf = (client: string): string => ROSTER.find(({ id }) => id === client)?.title ?? client;

function phaseTables(runs: readonly ClientRun[]): string[] {
  return (runs[0]?.phases ?? []).map(({ phase }, i) => {
    const rows = runs.map(({ client, phases }) => [titleOf(client), ...phaseCells(phases[i])]);
    const head = ['', 'answered', 'good/s', 'turned away', 'requests per call', 'p50', 'p99', 'slowest', 'failures'];
    return `\n${phase}\n${markdown(head, rows)}`;
  });
}

function phaseCells(figures: PhaseFigures | undefined): Row {
  if (figures === undefined) return [];
  const { share, goodput, turnedAway, amplification, p50, p99, slowest, failures } = figures;
  const told = Object.entries(failures).map(([name, count]) => `${count} ${name}`);
  return [
    percent(share),
    goodput.toFixed(0),
    String(turnedAway),
    amplification.toFixed(2),
    `${p50} ms`,
    `${p99} ms`,
    `${slowest} ms`,
    told.join(', '),
  ];
}

function wholeTable(runs: readonly ClientRun[]): string {
  const head = [
    '',
    'opened after',
    'trials after the outage',
    'first answer after it',
    '≥ 99 % after it',
    'duplicated',
    'lost',
    'truncated',
    'past the deadline',
    'never settled',
    'connections',
    'timers',
    'heap',
    'late p99',
  ];
  const rows = runs.map(({ client, recovery, content, overDeadline, unsettled, left, lateP99 }) => [
    titleOf(client),
    seconds(recovery?.openedAfter),
    String(recovery?.trials ?? ''),
    seconds(recovery?.firstAnswer),
    seconds(recovery?.ninetyNine),
    String(content.duplicatedWords),
    String(content.lostWords),
    String(content.truncated),
    String(overDeadline),
    String(unsettled),
    String(left.connections),
    String(left.timers),
    `${left.heapGrowthMB} MB`,
    `${lateP99} ms`,
  ]);
  return markdown(head, rows);
}

export function soakText({ calls, seconds, answered, failures, connections, timers, heapMB, ...content }: Soak): string {
  const told = Object.entries(failures).map(([name, count]) => `${count} ${name}`);
  return [
    `${calls} calls in ${seconds} s: ${answered} answered${told.length > 0 ? `, ${told.join(', ')}` : ''}`,
    `words duplicated ${content.duplicatedWords}, lost ${content.lostWords}; truncated answers ${content.truncated}`,
    `left behind: ${connections} connections, ${timers} timers; heap after each tenth of the calls: ${heapMB.join(', ')} MB`,
  ].join('\n');
}

export const percent = (share: number): string => `${(share * 100).toFixed(share > 0.995 && share < 1 ? 2 : 1)} %`;

export const seconds = (ms: number | null | undefined, digits = 1): string =>
  ms === null || ms === undefined ? '–' : `${(ms / 1000).toFixed(digits)} s`;

export function markdown(head: Row, rows: readonly Row[]): string {
  const rule = head.map((_, i) => (i === 0 ? '---' : '--:'));
  return [head, rule, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
