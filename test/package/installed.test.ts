import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';

/** The package as a stranger gets it: packed, installed into an empty folder, used from ESM, CommonJS and TypeScript. */
const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');

const PROGRAM = `
  const mock = await startMockServer();
  const llm = createClient({ providers: { openai: { apiKey: 'k', baseURL: mock.baseURL('openai') } }, use: [] });
  const ask = { model: 'openai/gpt-5-mini', messages: [{ role: 'user', content: 'Hi' }] };
  mock.enqueue('openai', reply('Hello'), reply('Streamed'), fault.rateLimit(), fault.status(400, { error: { message: 'no' } }));
  const answer = await llm.chat.completions.create(ask);
  let text = '';
  for await (const chunk of await llm.chat.completions.create({ ...ask, stream: true })) text += chunk.choices[0]?.delta.content ?? '';
  const limited = await llm.chat.completions.create(ask).catch((e) => e);
  const refused = await llm.chat.completions.create(ask).catch((e) => e);
  const told = [];
  const store = redisStore('redis://localhost');
  await store.cooldowns.start('k', 1, { clock: { now: Date.now, random: Math.random }, report: (event) => told.push(event.reason) });
  const engine = batchEngine({ path: ':memory:' });
  const many = createClient({ providers: { openai: { apiKey: 'k', baseURL: mock.baseURL('openai') } }, use: [], batches: engine });
  const server = createServer(nodeListener(createHandler(many, { models: { fast: 'openai/gpt-5-mini' } }))).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const baseURL = 'http://127.0.0.1:' + server.address().port + '/v1';
  const clients = [new OpenAI({ apiKey: 'k', baseURL, maxRetries: 0 }), new OpenAI({ apiKey: 'k', fetch: asFetch(many), maxRetries: 0 })];
  const served = [];
  for (const client of clients) {
    const line = JSON.stringify({ custom_id: 'a', method: 'POST', url: '/v1/chat/completions', body: { ...ask, model: 'fast' } });
    const { id } = await client.files.create({ file: new File([line], 'a.jsonl'), purpose: 'batch' });
    const batch = await client.batches.create({ input_file_id: id, endpoint: '/v1/chat/completions', completion_window: '24h' });
    for await (const { custom_id, response } of many.batches.results(batch.id)) served.push(custom_id, response.status_code);
  }
  const unreachable = createClient({ batches: bullBatchEngine({ connection: 'redis://127.0.0.1:1' }) });
  const absent = await unreachable.batches.list().then(() => 'listed', (e) => e.code);
  await unreachable.close();
  server.close();
  server.closeAllConnections();
  await many.close();
  console.log(JSON.stringify({
    served, absent, told, answer: answer.choices[0].message.content, text, kinds: [limited.kind, refused.kind],
    instances: [limited instanceof OpenAI.RateLimitError, limited instanceof RateLimitError, refused instanceof OpenAI.BadRequestError, refused instanceof OpenAI.RateLimitError],
    undici: typeof undiciTransport, node: process.version,
    costs: answer.route.costUSD > 0, tokens: await llm.models.countTokens(ask),
  }));
  await llm.close();
  await mock.close();
`;

const EXPECTED = {
  served: ['a', 200, 'a', 200],
  absent: 'missing_package',
  told: ['the package ioredis is not installed'],
  answer: 'Hello',
  text: 'Streamed',
  kinds: ['rate_limit', 'bad_request'],
  instances: [true, true, true, false],
  undici: 'function',
  node: process.version,
  costs: true,
  // without gpt-tokenizer
  tokens: 8,
};

const TYPESCRIPT = `
import { createClient, fallback, isLLMError, type LLMError, type Middleware } from 'holdfast';
import { undiciTransport } from 'holdfast/undici';
import { batchEngine, sqliteStore, terminalProgress, type BatchEngine, type BatchStore } from 'holdfast/batches';
import { createHandler, nodeListener, type Handler } from 'holdfast/server';
import { asFetch } from 'holdfast/openai';
import { createServer } from 'node:http';
import { startMockServer, reply, fault, fakeClock } from 'holdfast/testing';
import type OpenAI from 'openai';

const log: Middleware = async (call, next) => next(call);
const llm = createClient({ use: [log, fallback(['openai/gpt-5-mini'])], transport: undiciTransport(), clock: fakeClock() });
const answer: OpenAI.ChatCompletion = await llm.chat.completions.create({ model: 'openai/gpt-5-mini', messages: [] });
for await (const chunk of await llm.chat.completions.create({ model: 'openai/gpt-5-mini', messages: [], stream: true })) {
  const seen: OpenAI.ChatCompletionChunk = chunk;
  void seen;
}
const told = (e: unknown): number | undefined => (isLLMError(e, 'rate_limit') ? e.retryAfterMs : undefined);
const every = (e: LLMError): string => e.kind;
const store: BatchStore = sqliteStore(':memory:');
const engine: BatchEngine = batchEngine({ store, resultFormat: 'llama-stack' });
const many = createClient({ batches: engine });
const handler: Handler = createHandler(many, { keys: ['of-the-team'], limits: { maxBodyBytes: 1000 } });
createServer(nodeListener(handler));
const run = many.batches.run([{ body: {} }], { endpoint: '/v1/embeddings', onProgress: terminalProgress() });
for await (const { response } of run) {
  const status: number | undefined = response?.status_code;
  void status;
}
const batch: OpenAI.Batch = await many.batches.create({ input_file_id: 'f', endpoint: '/v1/embeddings', completion_window: '24h' });
const file: OpenAI.FileObject = await many.files.create({ file: new File([], 'a'), purpose: 'batch' });
const fetching: typeof fetch = asFetch(many);
export { batch, file, fetching, answer, told, every, startMockServer, reply, fault };
`;

/** What names types of ioredis, an optional peer. */
const WITH_REDIS = `
import { createClient } from 'holdfast';
import type { BatchEngine } from 'holdfast/batches';
import { bullBatchEngine } from 'holdfast/batches/bullmq';
import { redisStore } from 'holdfast/redis';

const batches: BatchEngine = bullBatchEngine({ connection: { host: 'localhost' }, lockMs: 1000 });
export const llm = createClient({ batches, store: redisStore('redis://localhost') });
`;

describe.each(['7.57.0', '7.20.0'])('installed beside openai %s', (version) => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-app-'));
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'app', private: true, type: 'module' }));
    const packages = [inject('tarball'), `openai@${version}`, '@types/node@24.19.2'];
    execFileSync('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error', ...packages], {
      cwd: folder,
      stdio: 'pipe',
    });
  }, 180_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }), 60_000);

  const run = (file: string, source: string): unknown => {
    writeFileSync(join(folder, file), source);
    return JSON.parse(execFileSync(process.execPath, [file], { cwd: folder, encoding: 'utf8' }));
  };

  it('works from ESM', () => {
    const imports = `import OpenAI from 'openai';
      import { createClient, RateLimitError } from 'holdfast';
      import { undiciTransport } from 'holdfast/undici';
      import { redisStore } from 'holdfast/redis';
      import { batchEngine } from 'holdfast/batches';
      import { bullBatchEngine } from 'holdfast/batches/bullmq';
      import { createHandler, nodeListener } from 'holdfast/server';
      import { asFetch } from 'holdfast/openai';
      import { createServer } from 'node:http';
      import { startMockServer, reply, fault } from 'holdfast/testing';`;
    expect(run('app.mjs', imports + PROGRAM)).toEqual(EXPECTED);
  });

  it('works from CommonJS', () => {
    const requires = `const OpenAI = require('openai');
      const { createClient, RateLimitError } = require('holdfast');
      const { undiciTransport } = require('holdfast/undici');
      const { redisStore } = require('holdfast/redis');
      const { batchEngine } = require('holdfast/batches');
      const { bullBatchEngine } = require('holdfast/batches/bullmq');
      const { createHandler, nodeListener } = require('holdfast/server');
      const { asFetch } = require('holdfast/openai');
      const { createServer } = require('node:http');
      const { startMockServer, reply, fault } = require('holdfast/testing');`;
    expect(run('app.cjs', `${requires} (async () => {${PROGRAM}})();`)).toEqual(EXPECTED);
  });

  it.each([
    ['node16', 'node16'],
    ['esnext', 'bundler'],
  ])('compiles as TypeScript with module %s, resolution %s', (module, resolution) => {
    const compile = (source: string, ...more: string[]): string => {
      writeFileSync(join(folder, 'app.ts'), source);
      const flags = ['--strict', '--exactOptionalPropertyTypes', '--target', 'es2023', '--types', 'node', '--noEmit', ...more];
      const resolved = ['--module', module, '--moduleResolution', resolution];
      const { stdout } = spawnSync(process.execPath, [tsc, ...flags, ...resolved, 'app.ts'], { cwd: folder, encoding: 'utf8' });
      return stdout;
    };
    expect(compile(TYPESCRIPT)).toBe('');
    expect(compile(WITH_REDIS, '--skipLibCheck')).toBe('');
  });

  it('has a bin that tells its version', () => {
    const out = execFileSync(process.execPath, [join(folder, 'node_modules/.bin/holdfast'), '--version'], { encoding: 'utf8' });
    expect(out.trim()).toMatch(/^\d+\.\d+\.\d+$/);
  });

  it('has a bin that serves', () => {
    const bin = join(folder, 'node_modules/.bin/holdfast');
    const help = execFileSync(process.execPath, [bin, 'serve', '--help'], { encoding: 'utf8' });
    expect(help).toContain('Usage: holdfast serve --config <file>');
    writeFileSync(join(folder, 'serve.yaml'), 'port: 0\nbatches: true\nlayers:\n  retry: { maxRetries: 1 }\n');
    const check = execFileSync(process.execPath, [bin, 'serve', '--config', 'serve.yaml', '--check'], {
      cwd: folder,
      encoding: 'utf8',
    });
    expect(check).toBe('serve.yaml is in order\n');
  });
});
