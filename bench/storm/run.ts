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

/**
 * `npm run bench:storm [-- --concurrency 64,256 --clients holdfast,openai --phases outage --fast --soak 100000 --readme]`: every client
 * alone through the same storm, one after the other, at one concurrency and then at the next; then the soak.
 */
const { values } = parseArgs({
  options: {
    concurrency: { type: 'string', default: '64,256' },
    clients: { type: 'string', default: ROSTER.map(({ id }) => id).join() },
    phases: { type: 'string', default: SKIES.join() },
    seed: { type: 'string', default: '17' },
    soak: { type: 'string', default: '100000' },
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

const runs: StormRun['runs'][number][] = [];
const settings = { seed: Number(values.seed), deadlineMs: DEADLINE_MS, phases };
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
writeFileSync(join(folder, 'storm.json'), `${JSON.stringify(run)}\n`);
process.stdout.write(`${tables(run)}\n`);
if (values.readme) writeIntoReadme(run);
