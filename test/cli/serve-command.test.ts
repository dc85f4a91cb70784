import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import OpenAI from 'openai';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { MockServer } from '../../src/testing/index.ts';
import { fault, reply, startMockServer } from '../../src/testing/index.ts';
import { redisMissing, startRedis } from '../support/redis-server.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'holdfast-serve-'));
const running: ChildProcess[] = [];
let mock: MockServer;

beforeAll(async () => {
  mock = await startMockServer();
});
afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL');
});
afterAll(async () => {
  await mock.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Run {
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly code: Promise<number | null>;
  readonly says: (text: string) => Promise<void>;
}

function serve(args: readonly string[], env: Readonly<Record<string, string>> = {}): Run {
  const program = ['--import', './test/support/source-entries.ts', 'src/cli/holdfast.ts', 'serve', ...args];
  const child = spawn(process.execPath, program, {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  running.push(child);
  let out = '';
  const add = (part: Buffer): void => {
    out += part.toString();
  };
  child.stdout?.on('data', add);
  child.stderr?.on('data', add);
  const code = once(child, 'close').then(([exit]) => exit as number | null);
  const says = async (text: string): Promise<void> => {
    let ended = false;
    code.then(() => {
      ended = true;
    });
    while (!out.includes(text)) {
      if (ended) throw new Error(`ended without saying "${text}": ${out}`);
      await new Promise((next) => setTimeout(next, 5));
    }
  };
  return { child, output: () => out, code, says };
}

function config(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const originOf = (output: string): string => /http:\/\/\S+\/v1/.exec(output)?.[0] ?? '';

describe('holdfast serve', () => {
  it('serves calls, streams and batches with the layers of a file, keys from the environment', async () => {
    const path = config(
      'serve.yaml',
      [
        'port: 0',
        `keys: ["\${SERVE_KEY}"]`,
        'models: { fast: openai/gpt-5-mini }',
        'providers:',
        `  openai: { apiKey: "\${PROVIDER_KEY:-none}", baseURL: "${mock.baseURL('openai')}" }`,
        `  anthropic: { apiKey: k, baseURL: "${mock.baseURL('anthropic')}" }`,
        'layers:',
        '  retry: { maxRetries: 0 }',
        '  rateLimit: { requestsPerMinute: 600 }',
        '  contextCheck:',
        '  budget: { maxCostUSD: 5 }',
        '  cache: false',
        '  fallback: [anthropic/claude-sonnet-4-5]',
        'batches: { path: ":memory:" }',
      ].join('\n'),
    );
    const { child, output, code, says } = serve(['--config', path], { SERVE_KEY: 'sk-of-this-server' });
    await says('holdfast serves');
    const openai = new OpenAI({ apiKey: 'sk-of-this-server', baseURL: originOf(output()), maxRetries: 0 });
    mock.enqueue('openai', fault.unavailable());
    mock.enqueue('anthropic', reply('from the second'));
    const answered = await openai.chat.completions.create({
      model: 'fast',
      messages: [{ role: 'user', content: 'a secret prompt' }],
    });
    expect(answered.choices[0]?.message.content).toBe('from the second');
    const stream = await openai.chat.completions.create({
      model: 'fast',
      stream: true,
      messages: [{ role: 'user', content: 'Hi' }],
    });
    let text = '';
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
    expect(text).toBe('Hello from the mock server.');
    expect((await openai.batches.list()).data).toEqual([]);
    const stranger = new OpenAI({ apiKey: 'sk-of-nobody', baseURL: originOf(output()), maxRetries: 0 });
    await expect(stranger.models.list()).rejects.toBeInstanceOf(OpenAI.AuthenticationError);
    child.kill('SIGTERM');
    expect(await code).toBe(0);
    expect(output()).not.toMatch(/secret prompt|sk-of-/);
  });

  it('finishes what runs before it ends', async () => {
    const path = config(
      'slow.json',
      JSON.stringify({ port: 0, providers: { openai: { apiKey: 'k', baseURL: mock.baseURL('openai') } } }),
    );
    const { child, output, code, says } = serve(['-c', path]);
    await says('holdfast serves');
    const openai = new OpenAI({ apiKey: 'none', baseURL: originOf(output()), maxRetries: 0 });
    const before = mock.requests.length;
    mock.enqueue('openai', reply({ text: 'in the end', delayMs: 300 }));
    const pending = openai.chat.completions.create({ model: 'openai/gpt-5-mini', messages: [{ role: 'user', content: 'Hi' }] });
    while (mock.requests.length === before) await new Promise((next) => setTimeout(next, 5));
    child.kill('SIGINT');
    expect((await pending).choices[0]?.message.content).toBe('in the end');
    expect(await code).toBe(0);
  });

  it.each([
    [
      'wrong settings, each with its line',
      'port: 99999\nprovders: {}\nlayers:\n  retri: {}\nmodels: { fast: 3 }\n',
      [
        /:1:7 port: expected a number from 0 to 65535/,
        /:2:11 provders: no such setting; known are host, port/,
        /:4:10 layers\.retri: no such setting; known are .*retry/,
        /:5:17 models\.fast: expected "provider\/model"/,
      ],
    ],
    [
      'what a layer refuses',
      'layers:\n  retry:\n    maxRetries: many\n',
      [/:3:17 layers\.retry\.maxRetries: expected a whole number/],
    ],
    ['a variable that is not set', 'keys:\n  - $\u007bNOBODY_SETS_THIS}\n', [/:2:5 NOBODY_SETS_THIS is not set/]],
    [
      'what the client refuses',
      'providers:\n  openai:\n    apiKey: sk-secret\n    baseURL: 5\n  nowhere:\n    apiKey: sk-2\n',
      [/:4:14 providers\.openai\.baseURL: expected/],
    ],
    [
      'an unknown provider',
      'providers:\n  nowhere:\n    apiKey: sk-2\n',
      [/:3:5 providers\.nowhere: unknown provider "nowhere"/],
    ],
    [
      'several things of the handler, each with its line, and no key',
      'keys:\n  - sk-2\nmodels: { fast: two words }\nlimits: { maxBodyBytes: 0 }\n',
      [
        /:2:5 keys\[0\]: expected keys of at least 8/,
        /:3:17 models\.fast: expected "provider/,
        /:4:25 limits\.maxBodyBytes: expected/,
      ],
    ],
    [
      'what an engine refuses',
      'batches:\n  concurrency: 0\n',
      [/:2:16 batches\.concurrency: expected a whole number ≥ 1, got 0/],
    ],
    [
      'what the engine over Redis refuses',
      'redis: redis://127.0.0.1:1\nbatches:\n  path: a.db\n',
      [/:3:9 batches\.path: unknown option; known are .*"prefix"/],
    ],
    [
      'a number of the environment that is none',
      'port: $\u007bSERVE_NUMBER}\ndeadline: $\u007bSERVE_WORD}\n',
      [/:2:11 deadline: expected milliseconds above 0/],
    ],
    ['JSON', '{\n  "port": "many",\n  "layers": { "retry": { "maxRetries": -1 } }\n}', [/:2:11 port: expected a number from 0/]],
    ['broken JSON', '{\n  "port": 1,\n  "models": {\n', [/broken\.yaml:\d+:\d+ /]],
    ['broken syntax', 'layers: [1,\nport: 2\n', [/broken\.yaml:\d+:\d+ /]],
    ['a key that YAML takes for something else', 'keys: [*sk-2]\n', [/broken\.yaml Unresolved alias/]],
    ['a key behind a sign of YAML', 'keys: |sk-2\n', [/broken\.yaml:1:\d+ Block scalar header/]],
  ])('says what is wrong: %s', async (_, text, expected) => {
    const { code, output } = serve(['--config', config('broken.yaml', text), '--check'], {
      SERVE_NUMBER: '0',
      SERVE_WORD: 'soon',
    });
    expect(await code).toBe(1);
    expect(output()).not.toMatch(/sk-/);
    for (const line of expected) expect(output()).toMatch(line);
  });

  it('takes numbers from the environment, and says that a configuration is in order', async () => {
    const path = config(
      'numbers.yaml',
      'port: $\u007bSERVE_NUMBER}\ndeadline: $\u007bMISSING:-5000}\nkeys:\n  - "$\u007bDIGITS}"\n',
    );
    const { code, output } = serve(['--config', path, '--check'], { SERVE_NUMBER: '0', DIGITS: '1234567890' });
    expect(await code).toBe(0);
    expect(output()).toContain('is in order');
  });

  it('says that its port is taken, and that its store is, and ends', async () => {
    const path = config('taken.yaml', `port: 0\nbatches: { path: "${join(folder, 'taken.db')}" }\n`);
    const first = serve(['--config', path]);
    await first.says('holdfast serves');
    const port = new URL(originOf(first.output())).port;
    const store = serve(['--config', path]);
    expect(await store.code).toBe(1);
    expect(store.output()).toMatch(/taken\.db" is used by another engine/);
    const other = config('other.yaml', `batches: { path: "${join(folder, 'other.db')}" }\n`);
    const second = serve(['--config', other, '--port', port]);
    expect(await second.code).toBe(1);
    expect(second.output()).toContain(`127.0.0.1:${port} is in use; choose another port with --port`);
    first.child.kill('SIGTERM');
    expect(await first.code).toBe(0);
  });

  it('finishes a stream that runs; a second signal ends it', async () => {
    const path = config('streams.yaml', `port: 0\nproviders:\n  openai: { apiKey: k, baseURL: "${mock.baseURL('openai')}" }\n`);
    for (const twice of [false, true]) {
      const { child, output, code, says } = serve(['-c', path]);
      await says('holdfast serves');
      const openai = new OpenAI({ apiKey: 'none', baseURL: originOf(output()), maxRetries: 0 });
      mock.enqueue('openai', twice ? fault.stall(1) : reply({ chunks: ['One ', 'two ', 'three.'], delayMs: 150 }));
      const stream = await openai.chat.completions.create({
        model: 'openai/gpt-5-mini',
        stream: true,
        messages: [{ role: 'user', content: 'Hi' }],
      });
      let text = '';
      let ended: unknown;
      const read = (async () => {
        for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
      })().catch((error: unknown) => {
        ended = error;
      });
      child.kill('SIGTERM');
      await says('finishing what runs');
      if (twice) child.kill('SIGTERM');
      await read;
      expect(await code).toBe(0);
      if (twice) expect(ended).toBeInstanceOf(Error);
      else expect(text).toBe('One two three.');
    }
  });

  it.skipIf(redisMissing() !== undefined)('shares state and batches through Redis', async () => {
    const redis = await startRedis();
    const path = config(
      'redis.yaml',
      `port: 0\nredis: ${redis.url}\nbatches: { concurrency: 2 }\nproviders:\n  openai: { apiKey: k, baseURL: "${mock.baseURL('openai')}" }\n`,
    );
    const [first, second] = [serve(['-c', path]), serve(['-c', path])];
    const [one, two] = await Promise.all(
      [first, second].map(async ({ says, output }) => {
        await says('holdfast serves');
        return new OpenAI({ apiKey: 'none', baseURL: originOf(output()), maxRetries: 0 });
      }),
    );
    const body = { model: 'openai/gpt-5-mini', messages: [{ role: 'user', content: 'Hi' }] };
    const line = JSON.stringify({ custom_id: 'a', method: 'POST', url: '/v1/chat/completions', body });
    const file = await one?.files.create({ file: new File([line], 'a.jsonl'), purpose: 'batch' });
    const order = { input_file_id: file?.id ?? '', endpoint: '/v1/chat/completions', completion_window: '24h' } as const;
    const { id } = (await one?.batches.create(order)) ?? { id: '' };
    let batch = await two?.batches.retrieve(id);
    while (batch?.status !== 'completed') batch = await two?.batches.retrieve(id);
    expect(batch.request_counts).toEqual({ total: 1, completed: 1, failed: 0 });
    for (const { child } of [first, second]) child.kill('SIGTERM');
    expect(await Promise.all([first.code, second.code])).toEqual([0, 0]);
    await redis.close();
  });

  it.skipIf(redisMissing() !== undefined)('says that its Redis is not there, and ends', async () => {
    const { code, output } = serve(['-c', config('nowhere.yaml', 'port: 0\nredis: redis://127.0.0.1:1\nbatches: true\n')]);
    expect(await code).toBe(1);
    expect(output()).toContain('Redis can not be reached (ECONNREFUSED)');
  });

  it('says what is wrong with its arguments', async () => {
    const none = serve([]);
    expect(await none.code).toBe(2);
    expect(none.output()).toContain('--config: expected the path of a YAML or JSON file');
    const missing = serve(['--config', join(folder, 'missing.yaml')]);
    expect(await missing.code).toBe(1);
    expect(missing.output()).toContain('can not be read (ENOENT)');
    const help = serve(['--help']);
    expect(await help.code).toBe(0);
    expect(help.output()).toContain('Usage: holdfast serve');
  });
});
