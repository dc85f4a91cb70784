import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ROSTER } from './clients/roster.ts';
import { figuresOf } from './figures.ts';
import type { StormPlan } from './messages.ts';
import { lengthOf, SKIES, stormOf } from './phases.ts';
import { play } from './play.ts';
import { writeIntoReadme } from './readme-table.ts';
import type { StormRun } from './report.ts';
import { settingsText, tables } from './report.ts';
import { soak } from './soak-run.ts';
import { PACE, STRENGTH } from './weather.ts';

/**
 * `npm run bench:storm [-- --concurrency 64,256 --clients holdfast,openai --phases outage --fast --soak 100000 --readme]`: every client
 * alone through the same storm, one after the other, at one concurrency and then at the next; then the soak. Figures of a whole run go
 * to `bench/results/storm.json`, of any other to `storm.json.tmp` beside it; `--readme` writes a whole run into the README
 * and draws it.
 */
const USUAL = {
  concurrency: '64,256',
  clients: ROSTER.map(({ id }) => id).join(),
  phases: SKIES.join(),
  seed: '17',
  soak: '100000',
};
const { values } = parseArgs({
  options: {
    concurrency: { type: 'string', default: USUAL.concurrency },
    clients: { type: 'string', default: USUAL.clients },
    phases: { type: 'string', default: USUAL.phases },
    seed: { type: 'string', default: USUAL.seed },
    soak: { type: 'string', default: USUAL.soak },
    fast: { type: 'boolean', default: false },
    readme: { type: 'boolean', default: false },
  },
});

/** A storm at half its length; calls of one phase reach into the next then, so its figures are for a quick look only. */
const FAST = 0.5;
const DEADLINE_MS = 10_000;
/** Calls a second for each of the places: with {@link GOOD_ANSWER_MS} a call, three places in ten are taken while all is calm. */
const RATE_PER_PLACE = 1.5;

/** On a machine that is free, calls begin within a millisecond or two. */
const BUSY_MS = 30;

const chosen = <T extends string>(given: string, known: readonly T[], what: string): T[] =>
  given.split(',').map((name) => {
    const found = known.find((each) => each === name);
    if (found === undefined) throw new Error(`no such ${what}: ${name}; there are ${known.join(', ')}`);
    return found;
  });

const phases = stormOf(chosen(values.phases, SKIES, 'phase'), values.fast ? FAST : 1);
const clients = chosen(
  values.clients,
  ROSTER.map(({ id }) => id),
  'client',
);
const planAt = (concurrency: number): StormPlan => ({
  seed: Number(values.seed),
  phases,
  concurrency,
  rate: Math.round(concurrency * RATE_PER_PLACE),
  deadlineMs: DEADLINE_MS,
});
const plans = values.concurrency.split(',').map((text) => planAt(Number(text)));
if (plans.some(({ concurrency }) => !(concurrency >= 1)))
  throw new Error(`--concurrency ${values.concurrency}: numbers ≥ 1, with commas`);

/** Only a whole run at the usual numbers takes the place of the last one. */
const isWhole = Object.entries(USUAL).every(([name, value]) => values[name as keyof typeof USUAL] === value) && !values.fast;

const runs: StormRun['runs'][number][] = [];
const settings = { seed: Number(values.seed), deadlineMs: DEADLINE_MS, pace: PACE, strength: STRENGTH, phases };
process.stdout.write(`${settingsText({ node: process.version, settings, runs: [], soak: undefined }, plans)}\n`);
const minutes = (plans.length * clients.length * (lengthOf(phases) + DEADLINE_MS)) / 60_000;
process.stderr.write(`${plans.length * clients.length} storms, about ${Math.ceil(minutes)} min\n`);
for (const plan of plans) {
  for (const client of clients) {
    const played = await play(client, plan);
    const { concurrency, rate } = plan;
    runs.push({ client, concurrency, rate, settings: played.client.settings, ...figuresOf(plan, played) });
    const late = runs.at(-1)?.lateP99 ?? 0;
    const busy = late > BUSY_MS ? `; calls began up to ${late} ms late: this machine is too busy for figures` : '';
    process.stderr.write(`${client}, ${concurrency} at once: done${busy}\n`);
  }
}
const soakCalls = Number(values.soak);
const run: StormRun = {
  node: process.version,
  settings,
  runs,
  soak: soakCalls > 0 ? await soak(soakCalls, settings.seed) : undefined,
};
const folder = join(import.meta.dirname, '..', 'results');
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, isWhole ? 'storm.json' : 'storm.json.tmp'), asJSON(run));
process.stdout.write(`${tables(run)}\n`);
if (values.readme && isWhole) {
  writeIntoReadme(run);
  await import('../../scripts/draw-storm.ts');
}

/** A line for each client, so that two runs can be compared. */
function asJSON({ runs, ...rest }: StormRun): string {
  const lines = runs.map((each) => JSON.stringify(each)).join(',\n');
  return `${JSON.stringify(rest).slice(0, -1)},"runs":[\n${lines}\n]}\n`;
}
