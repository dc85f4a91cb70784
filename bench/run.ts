import { execFileSync, fork, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { measureBundle } from './bundle.ts';
import type { BenchRun, Results } from './report.ts';
import { table, writeIntoReadme } from './report.ts';
import { SCENARIOS } from './scenarios.ts';

/**
 * `npm run bench [-- --rounds 5 --only burst]`: the server in its own process, the clients interleaved round by round,
 * medians, and ratios against the hand-written client of the same run. `--readme` writes the table into the README.
 */
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    only: { type: 'string', default: '' },
    readme: { type: 'boolean', default: false },
  },
});
const ROUNDS = Number(values.rounds);
const CLIENTS = ['undici', 'holdfast', 'fetch', 'holdfast#makeOnFetch', 'openai', 'ai'];
const here = import.meta.dirname;

async function startServer(): Promise<{ origin: string; stop: () => void }> {
  const server = fork(join(here, 'server.ts'), { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
  const port = await new Promise<string>((resolve) =>
    server.stdout?.once('data', (bytes: Buffer) => resolve(bytes.toString().trim())),
  );
  return { origin: `http://127.0.0.1:${port}`, stop: () => server.kill() };
}

function measure(client: string, scenario: string, flags: readonly string[], origin: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const worker = spawn(process.execPath, [...flags, join(here, 'worker.ts'), client, scenario, origin], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let out = '';
    worker.stdout.on('data', (bytes: Buffer) => {
      out += bytes.toString();
    });
    worker.on('close', (code) => (code === 0 ? resolve(Number(out)) : reject(new Error(`${client} failed in "${scenario}"`))));
  });
}

function importMillis(specifier: string): number {
  const script = `const t=performance.now();await import(${JSON.stringify(specifier)});process.stdout.write(String(performance.now()-t))`;
  return Number(execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8', cwd: here }));
}

const results: Results = {};
const record = (scenario: string, client: string, figure: number): void => {
  results[scenario] ??= {};
  const of = results[scenario];
  of[client] = [...(of[client] ?? []), figure];
};

const server = await startServer();
try {
  for (const { name, flags = [] } of SCENARIOS.filter((s) => s.name.includes(values.only))) {
    for (let round = 0; round < ROUNDS; round++) {
      for (const client of CLIENTS) record(name, client, await measure(client, name, flags, server.origin));
      process.stderr.write(`${name}: round ${round + 1} of ${ROUNDS}\n`);
    }
  }
} finally {
  server.stop();
}
if ('import'.includes(values.only)) {
  for (let round = 0; round < ROUNDS * 3; round++)
    for (const name of ['holdfast', 'openai', 'ai']) record('import', name, importMillis(name));
}

const bundle = 'bundle'.includes(values.only) ? await measureBundle() : undefined;
const run: BenchRun = { node: process.version, rounds: ROUNDS, results, bundle };
mkdirSync(join(here, 'results'), { recursive: true });
writeFileSync(join(here, 'results', 'latest.json'), `${JSON.stringify(run, null, 2)}\n`);
process.stdout.write(`${table(run)}\n`);
if (bundle !== undefined)
  process.stdout.write(`\nbundle of a minimal chat call: ${(bundle.gzip / 1000).toFixed(1)} kB gz, ${bundle.entry}\n`);
if (values.readme) writeIntoReadme(run);
