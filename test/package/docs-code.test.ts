import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fault, reply, startMockServer } from 'holdfast/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { docBlocks } from '../support/doc-blocks.ts';
import { CACHE_SCENES } from '../support/layer-scenes/cache.ts';
import { CATALOGUE_SCENES } from '../support/layer-scenes/catalogue.ts';
import { CHAIN_SCENES } from '../support/layer-scenes/chain.ts';
import { BREAKER_SCENES } from '../support/layer-scenes/circuit-breaker.ts';
import { HEDGE_SCENES } from '../support/layer-scenes/hedge.ts';
import { NATIVE_BATCH_SCENES } from '../support/layer-scenes/native-batches.ts';
import { RATE_LIMIT_SCENES } from '../support/layer-scenes/rate-limit.ts';
import { RETRY_SCENES } from '../support/layer-scenes/retry.ts';
import { SERVER_SCENES } from '../support/layer-scenes/server.ts';
import { SHARED_STATE_SCENES } from '../support/layer-scenes/shared-state.ts';
import { TIMEOUT_SCENES } from '../support/layer-scenes/timeout.ts';
import type { Scene } from '../support/migration-scenes.ts';
import { MIGRATION_SCENES } from '../support/migration-scenes.ts';
import { mockEnvironment, ROOT, runProgram } from '../support/run-program.ts';

/** Every code block of the pages compiles, runs against the mock server and prints what the page says. */
const SCENES: Record<string, Scene> = {
  'README.md › Holdfast 1': {
    script(mock) {
      mock.enqueue('anthropic', fault.rateLimit({ retryAfterSeconds: 120 }));
      mock.enqueue('openai', reply('It holds on.'));
    },
    prints: [/^It holds on\. openai$/m],
  },
  'README.md › Install 1': {},
  'README.md › Calls 1': {
    script(mock) {
      mock.enqueue('gemini', reply('{"city":"Paris"}'));
      mock.enqueue('anthropic', reply({ toolCalls: [{ name: 'get_weather', arguments: { city: 'Oslo' } }] }), reply('It rains.'));
    },
    prints: [/^Paris$/m, /^It rains\.$/m, /^2 8$/m],
    sent: (mock) => expect(JSON.stringify(mock.requests.map(({ body }) => body))).toContain('Rain in Oslo'),
  },
  'README.md › Calls 2': {
    script: (mock) =>
      mock.enqueue(
        'anthropic',
        reply({ reasoning: 'No divisor.', text: 'Yes.', usage: { promptTokens: 9, completionTokens: 3 } }),
      ),
    prints: [/^anthropic claude-sonnet-4-5 1 \[\] 12$/m],
    sent(mock) {
      expect(mock.requests[0]?.body).toMatchObject({ thinking: { type: 'enabled', budget_tokens: 2048 } });
      expect(JSON.stringify(mock.requests[0]?.body)).not.toContain('topK');
    },
  },
  'README.md › Errors 1': {
    script: (mock) => mock.enqueue('openai', fault.rateLimit({ retryAfterSeconds: 120 })),
    prints: ['handlers written for openai keep working', 'come back in 120000 ms'],
  },
  'README.md › Chains 1': {
    script: (mock) => mock.enqueue('openai', fault.contextWindow()),
    sent: (mock) => expect(mock.requests.map(({ provider }) => provider)).toEqual(['openai', 'gemini']),
  },
  'README.md › Layers 1': { prints: [/^chat openai u1$/m] },
  'README.md › Streams 1': {
    script: (mock) =>
      mock.enqueue('anthropic', fault.cutAfter(3, reply({ chunks: ['Kelp ', 'holds ', 'on ', 'to ', 'rocks.'] }))),
    prints: ['Kelp holds on kept: Kelp holds on '],
  },
  'README.md › Testing your own app 1': { prints: ["[ 'service_unavailable', 'success' ]", /^stream_interrupted$/m] },
  ...MIGRATION_SCENES,
  ...NATIVE_BATCH_SCENES,
  ...RATE_LIMIT_SCENES,
  ...RETRY_SCENES,
  ...CACHE_SCENES,
  ...HEDGE_SCENES,
  ...CATALOGUE_SCENES,
  ...SERVER_SCENES,
  ...TIMEOUT_SCENES,
  'README.md › Server and batches 1': { prints: ['Hello from the mock server.', /^Oslo 200$/m, /^Lima 200$/m] },
  ...BREAKER_SCENES,
  ...CHAIN_SCENES,
  ...SHARED_STATE_SCENES,
};

const FOLDER = join(ROOT, '.cache/docs-code');
const blocks = docBlocks().filter(({ language }) => language === 'ts');
const fileOf = (name: string): string => `${name.replaceAll(/[^\w]+/g, '-').toLowerCase()}.ts`;

beforeAll(() => {
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  for (const { name, code } of blocks) writeFileSync(join(FOLDER, fileOf(name)), `${code}\n`);
});

describe('the code in the pages', () => {
  it('is all looked at', () => {
    const looked = blocks
      .filter(({ page }) =>
        /^(README|docs\/((native-)?batches|catalogue|server|shared-state|side-effects|(from-|layers\/).+))\.md$/.test(page),
      )
      .map(({ name }) => name);
    expect(looked.sort()).toEqual(Object.keys(SCENES).sort());
    for (const { name, notRun } of blocks) expect(notRun === undefined || notRun.length > 10, name).toBe(true);
  });

  it('compiles against the types that the package ships, as strictly as the package itself', () => {
    // without the paths of the repository `holdfast` is the package in the folder above, types from `dist`
    const config = { extends: '../../tsconfig.json', compilerOptions: { paths: {} }, include: ['*.ts'] };
    writeFileSync(join(FOLDER, 'tsconfig.json'), JSON.stringify(config));
    const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
    let told = '';
    try {
      execFileSync(process.execPath, [tsc, '-p', FOLDER], { encoding: 'utf8', stdio: 'pipe' });
    } catch (error) {
      told = (error as { stdout: string }).stdout;
    }
    expect(told).toBe('');
  });

  it.for(blocks.filter(({ notRun }) => notRun === undefined).map(({ name }) => name))('runs: %s', async (name, { skip }) => {
    const { needs, script, prints = [], sent } = SCENES[name] ?? {};
    const around = await needs?.();
    if (around?.missing !== undefined) return skip(around.missing);
    const mock = await startMockServer();
    try {
      script?.(mock);
      const env = { ...mockEnvironment(mock), ...around?.env };
      const { code, stdout, stderr } = await runProgram(join(FOLDER, fileOf(name)), env);
      expect(stderr).toBe('');
      for (const text of prints) {
        if (typeof text === 'string') expect(stdout).toContain(text);
        else expect(stdout).toMatch(text);
      }
      expect(code).toBe(0);
      sent?.(mock);
    } finally {
      await mock.close();
      await around?.close();
    }
  });
});

describe('the commands in the pages', () => {
  const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
    bin: Record<string, string>;
    name: string;
    peerDependencies: Record<string, string>;
    peerDependenciesMeta?: Record<string, { optional?: boolean }>;
  };
  const needed = Object.keys(manifest.peerDependencies).filter(
    (peer) => manifest.peerDependenciesMeta?.[peer]?.optional !== true,
  );
  const commands = docBlocks()
    .filter(({ language }) => language === 'sh')
    .flatMap(({ code }) => code.split('\n').flatMap((line) => line.split('&&')))
    .map((command) => command.trim())
    .filter((command) => command !== '' && !command.startsWith('export '));

  it.each([...new Set(commands)])('exist: %s', (command) => {
    const [program, verb, ...rest] = command.split(/\s+/);
    if (program === 'npm' && verb === 'install') return expect(rest).toEqual([manifest.name, ...needed]);
    if (program === 'npm' && verb === 'ci') return expect(rest).toEqual([]);
    if (program === 'npm') return expect(manifest.scripts).toHaveProperty([verb === 'run' ? (rest[0] ?? '') : (verb ?? '')]);
    if (program === 'npx') return expect(manifest.bin).toHaveProperty([verb ?? '']);
    expect(program).toBe('node');
    expect(readFileSync(join(ROOT, verb ?? ''), 'utf8')).not.toBe('');
  });
});
