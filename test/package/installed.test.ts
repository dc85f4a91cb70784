import { execFileSync } from 'node:child_process';
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
  console.log(JSON.stringify({
    told, answer: answer.choices[0].message.content, text, kinds: [limited.kind, refused.kind],
    instances: [limited instanceof OpenAI.RateLimitError, limited instanceof RateLimitError, refused instanceof OpenAI.BadRequestError, refused instanceof OpenAI.RateLimitError],
    undici: typeof undiciTransport, node: process.version,
    costs: answer.route.costUSD > 0, tokens: await llm.models.countTokens(ask),
  }));
  await llm.close();
  await mock.close();
`;

const EXPECTED = {
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
export { answer, told, every, startMockServer, reply, fault };
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
      import { startMockServer, reply, fault } from 'holdfast/testing';`;
    expect(run('app.mjs', imports + PROGRAM)).toEqual(EXPECTED);
  });

  it('works from CommonJS', () => {
    const requires = `const OpenAI = require('openai');
      const { createClient, RateLimitError } = require('holdfast');
      const { undiciTransport } = require('holdfast/undici');
      const { redisStore } = require('holdfast/redis');
      const { startMockServer, reply, fault } = require('holdfast/testing');`;
    expect(run('app.cjs', `${requires} (async () => {${PROGRAM}})();`)).toEqual(EXPECTED);
  });

  it.each([
    ['node16', 'node16'],
    ['esnext', 'bundler'],
  ])('compiles as TypeScript with module %s, resolution %s', (module, resolution) => {
    writeFileSync(join(folder, 'app.ts'), TYPESCRIPT);
    const flags = [
      '--noEmit',
      '--strict',
      '--exactOptionalPropertyTypes',
      '--target',
      'es2023',
      '--types',
      'node',
      '--module',
      module,
      '--moduleResolution',
      resolution,
    ];
    expect(() =>
      execFileSync(process.execPath, [tsc, ...flags, 'app.ts'], { cwd: folder, encoding: 'utf8', stdio: 'pipe' }),
    ).not.toThrow();
  });

  it('has a bin that tells its version', () => {
    const out = execFileSync(process.execPath, [join(folder, 'node_modules/.bin/holdfast'), '--version'], { encoding: 'utf8' });
    expect(out.trim()).toMatch(/^\d+\.\d+\.\d+$/);
  });
});
