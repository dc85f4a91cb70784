import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, describe, expect, it } from 'vitest';
import { batchEngine } from '../../src/batches/index.ts';
import { createClient } from '../../src/index.ts';
import { reply, startMockServer } from '../../src/testing/index.ts';
import { lineOf } from '../support/batch-server.ts';

const folder = mkdtempSync(join(tmpdir(), 'holdfast-crash-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const LINES = 400;
const KILLS = 20;
const CONCURRENCY = 8;

/** Runs the worker; kills it with SIGKILL as soon as `when` says so. Resolves with whether it came to its end. */
function work(path: string, baseURL: string, when: () => boolean): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const program = join(import.meta.dirname, '../support/batch-worker.ts');
    const child = spawn(process.execPath, [program, path, baseURL, String(CONCURRENCY)], { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    child.stdout.on('data', (bytes: Buffer) => {
      said += bytes.toString();
    });
    child.stderr.on('data', (bytes: Buffer) => {
      said += bytes.toString();
    });
    const watch = setInterval(() => {
      if (when()) child.kill('SIGKILL');
    }, 1);
    child.on('exit', (code, signal) => {
      clearInterval(watch);
      if (signal === 'SIGKILL') resolve(false);
      else if (code === 0 && said.includes('done')) resolve(true);
      else reject(new Error(said));
    });
  });
}

/** The custom_ids whose results are stored. */
function stored(path: string): Set<string> {
  const database = new DatabaseSync(path);
  const rows = database.prepare('SELECT custom_id FROM lines WHERE ok IS NOT NULL').all() as { custom_id: string }[];
  database.close();
  return new Set(rows.map(({ custom_id }) => custom_id));
}

describe('a process that is killed', () => {
  it(`${KILLS} times at any moment loses no line and runs none again whose result was stored`, { timeout: 180_000 }, async () => {
    const path = join(folder, 'batches.db');
    const mock = await startMockServer();
    const baseURL = mock.baseURL('openai');
    mock.enqueue('openai', ...Array.from({ length: LINES * 2 }, () => reply({ text: 'ok', delayMs: 2 })));

    const first = createClient({ batches: batchEngine({ path }), providers: { openai: { apiKey: 'k', baseURL } } });
    const text = Array.from({ length: LINES }, (_, i) => {
      const messages = [{ role: 'user', content: `line ${i}.` }];
      return JSON.stringify(lineOf(`l${i}`, { body: { model: 'openai/gpt-5-mini', messages } }));
    }).join('\n');
    const { id: input_file_id } = await first.files.create({ file: new File([text], 'in.jsonl'), purpose: 'batch' });
    const { id } = await first.batches.create({ input_file_id, endpoint: '/v1/chat/completions', completion_window: '24h' });
    await first.close();

    let kills = 0;
    let ended = false;
    while (!ended) {
      const finished = stored(path);
      const from = mock.requests.length;
      const patience = kills < KILLS ? (kills * 7919) % 29 : Number.POSITIVE_INFINITY;
      ended = await work(path, baseURL, () => mock.requests.length - from > patience);
      if (!ended) kills++;
      const again = mock.requests.slice(from).map(({ body }) => /line (\d+)\./.exec(JSON.stringify(body))?.[1]);
      expect(again.filter((number) => finished.has(`l${number}`))).toEqual([]);
    }
    expect(kills).toBe(KILLS);

    const last = createClient({ batches: batchEngine({ path }), providers: { openai: { apiKey: 'k', baseURL } } });
    const batch = await last.batches.retrieve(id);
    expect(batch).toMatchObject({ status: 'completed', request_counts: { total: LINES, completed: LINES, failed: 0 } });
    const output = await (await last.files.content(batch.output_file_id ?? '')).text();
    const ids = output
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { custom_id: string }).custom_id);
    expect(ids).toEqual(Array.from({ length: LINES }, (_, i) => `l${i}`));
    expect(mock.requests.length).toBeLessThanOrEqual(LINES + KILLS * CONCURRENCY);
    await last.close();
    await mock.close();
  });
});
