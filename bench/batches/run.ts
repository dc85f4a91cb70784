import { execFileSync, fork } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

/**
 * `npm run bench:batches [-- --lines 10000 --at-once 200 --megabytes 200]`: a batch with one request in twenty failing, and the
 * memory that a large input file takes. Provider and engine have a process each; figures go to bench/results/batches.json.
 */
const { values } = parseArgs({
  options: {
    lines: { type: 'string', default: '10000' },
    'at-once': { type: 'string', default: '200' },
    megabytes: { type: 'string', default: '200' },
    'file-lines': { type: 'string', default: '50000' },
  },
});
const here = import.meta.dirname;
const folder = mkdtempSync(join(tmpdir(), 'holdfast-bench-'));
const provider = fork(join(here, 'provider.ts'), { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
const baseURL = await new Promise<string>((resolve) =>
  provider.stdout?.once('data', (bytes: Buffer) => resolve(bytes.toString().trim())),
);

const measure = (name: string, ...numbers: string[]): Record<string, unknown> => {
  // a small heap, so that the resident size tells what is held and not what waits to be collected
  const args = ['--max-old-space-size=96', join(here, 'worker.ts'), name, baseURL, join(folder, `${name}.db`), ...numbers];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }));
};

try {
  const load = measure('load', values.lines, values['at-once']);
  process.stdout.write(`load, ${values.lines} lines, ${values['at-once']} at once: ${JSON.stringify(load)}\n`);
  const memory = measure('memory', values.megabytes, values['file-lines']);
  process.stdout.write(`memory, ${values.megabytes} MB, ${values['file-lines']} lines: ${JSON.stringify(memory)}\n`);
  const run = { node: process.version, settings: values, load, memory };
  writeFileSync(join(here, '../results/batches.json'), `${JSON.stringify(run, null, 2)}\n`);
} finally {
  provider.kill();
  rmSync(folder, { recursive: true, force: true });
}
