import { execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { createClient } from 'holdfast';
import { batchEngine } from 'holdfast/batches';
import { createHandler, nodeListener } from 'holdfast/server';
import { startMockServer } from 'holdfast/testing';

/**
 * `npm run test:python`: the official Python client runs calls, files and batches against the server. Needs `python3` with `venv`;
 * the client is installed into a folder of its own below `.cache`.
 */
const ROOT = resolve(import.meta.dirname, '..');
const VENV = join(ROOT, '.cache/python');
const python = join(VENV, 'bin/python');
const KEY = 'sk-of-this-test';

if (!existsSync(python)) {
  execFileSync('python3', ['-m', 'venv', VENV], { stdio: 'inherit' });
}
execFileSync(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', 'openai>=2,<4'], { stdio: 'inherit' });

const mock = await startMockServer();
const llm = createClient({
  use: [],
  providers: {
    openai: { apiKey: 'k', baseURL: mock.baseURL('openai') },
    anthropic: { apiKey: 'k', baseURL: mock.baseURL('anthropic') },
  },
  batches: batchEngine({ path: ':memory:', concurrency: 4 }),
});
const handler = createHandler(llm, { keys: [KEY], models: { fast: 'anthropic/claude-sonnet-4-5' } });
const server = createServer(nodeListener(handler));
await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
const { port } = server.address() as AddressInfo;

const program = join(ROOT, 'test/python/openai_client.py');
const child = spawn(python, [program, `http://127.0.0.1:${port}/v1`, KEY], { stdio: 'inherit' });
const code = await new Promise<number | null>((ended) => child.on('exit', ended));
server.close();
server.closeAllConnections();
await llm.close();
await mock.close();
process.exitCode = code ?? 1;
