import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');
const running: ChildProcess[] = [];

interface Run {
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly errors: () => string;
  readonly code: Promise<number | null>;
  /** Resolves when the output holds `text`. */
  readonly says: (text: string) => Promise<void>;
}

function holdfast(...args: string[]): Run {
  const child = spawn(process.execPath, ['--import', './test/support/source-entries.ts', 'src/cli/holdfast.ts', ...args], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.push(child);
  let out = '';
  let err = '';
  child.stdout?.on('data', (part: Buffer) => {
    out += part.toString();
  });
  child.stderr?.on('data', (part: Buffer) => {
    err += part.toString();
  });
  const code = once(child, 'close').then(([exit]) => exit as number | null);
  return {
    child,
    output: () => out,
    errors: () => err,
    code,
    says: async (text) => {
      const ended = code.then(() => {
        throw new Error(`ended without saying "${text}": ${out}${err}`);
      });
      while (!out.includes(text)) await Promise.race([once(child.stdout ?? child, 'data'), ended]);
      ended.catch(() => {});
    },
  };
}

afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL');
});

const portOf = (output: string): string => /127\.0\.0\.1:(\d+)/.exec(output)?.[1] ?? '';

describe('holdfast mock', () => {
  it('serves every provider on one port, prints requests without their content, and ends on SIGTERM', async () => {
    const run = holdfast('mock', '--port', '0');
    await run.says('Ready');
    const base = `http://127.0.0.1:${portOf(run.output())}`;
    expect(run.output()).toContain(`${base}/openai/v1`);
    expect(run.output()).toContain(`${base}/anthropic\n`);

    const answer = await fetch(`${base}/groq/v1/chat/completions?key=secret-in-query`, {
      method: 'POST',
      headers: { authorization: 'Bearer secret-in-header', 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'a private prompt' }] }),
    });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ object: 'chat.completion' });
    await run.says('/v1/chat/completions');
    expect(run.output()).toMatch(/\d\d:\d\d:\d\d\.\d{3} groq +POST \/v1\/chat\/completions/);
    expect(run.output()).not.toMatch(/secret|private/);

    run.child.kill('SIGTERM');
    expect(await run.code).toBe(0);
    expect(run.errors()).toBe('');
  });

  it('is silent about requests with --quiet, and ends on SIGINT in the middle of a kept connection', async () => {
    const run = holdfast('mock', '--port', '0', '--quiet');
    await run.says('Ready');
    const before = run.output();
    await (await fetch(`http://127.0.0.1:${portOf(before)}/ollama/api/tags`)).text();
    run.child.kill('SIGINT');
    expect(await run.code).toBe(0);
    expect(run.output()).toBe(before);
  });

  it('says so when the port is taken', async () => {
    const taken = createServer();
    taken.listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    const run = holdfast('mock', '--port', String(port));
    expect(await run.code).toBe(1);
    expect(run.errors()).toContain('EADDRINUSE');
    taken.close();
  });

  it.each([
    [['mock', '--port', 'many'], '--port must be a number'],
    [['mock', '--port', '70000'], '--port must be a number'],
    [['mock', '--colour'], '--colour'],
    [['mock', 'extra'], 'extra'],
    [['sing'], 'unknown command "sing". Commands: mock'],
    [['constructor'], 'unknown command "constructor"'],
  ])('refuses %j', async (args, message) => {
    const run = holdfast(...args);
    expect(await run.code).toBe(2);
    expect(run.errors()).toContain(message);
    expect(run.output()).toBe('');
  });
});

describe('holdfast', () => {
  it('explains itself', async () => {
    const [plain, help, command] = [holdfast(), holdfast('--help'), holdfast('mock', '--help')];
    expect(await Promise.all([plain.code, help.code, command.code])).toEqual([0, 0, 0]);
    expect(help.output()).toContain('Usage: holdfast <command>');
    expect(plain.output()).toBe(help.output());
    expect(command.output()).toContain('--port <n>');
  });

  it('knows its version', async () => {
    const run = holdfast('--version');
    expect(await run.code).toBe(0);
    const manifest = JSON.parse(readFileSync(resolve(ROOT, 'package.json'), 'utf8')) as { version: string };
    expect(run.output()).toBe(`${manifest.version}\n`);
  });
});
