import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { RequestOptions } from 'node:http';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createHandler, nodeListener } from '../../src/server/index.ts';
import { client, kept, service, user } from './service.ts';

const REPLY = {
  id: 'x',
  object: 'chat.completion',
  created: 1,
  model: 'm',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' }],
};
const BODY = JSON.stringify({ model: 'openai/m', messages: user('Hi') });

interface Gateway {
  readonly port: number;
  readonly paid: () => number;
}

async function gateway(keys?: readonly string[]): Promise<Gateway> {
  let paid = 0;
  const baseURL = await service((_request, response) => {
    paid++;
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(REPLY));
  });
  const llm = client({ providers: { openai: { apiKey: 'k', baseURL } } });
  const server = createServer(nodeListener(createHandler(llm, keys === undefined ? {} : { keys }))).listen(0, '127.0.0.1');
  await new Promise((ready) => server.once('listening', ready));
  kept({
    close: () =>
      new Promise((closed) => {
        server.closeAllConnections();
        server.close(closed);
      }),
  });
  return { port: (server.address() as AddressInfo).port, paid: () => paid };
}

function ask(port: number, options: RequestOptions, body?: string): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((done, failed) => {
    const asked = request({ host: '127.0.0.1', port, ...options }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      response.on('end', () => done({ status: response.statusCode ?? 0, text }));
    });
    asked.on('error', failed).end(body);
  });
}

const chat = (port: number, headers: Record<string, string>): Promise<{ readonly status: number; readonly text: string }> =>
  ask(port, { method: 'POST', path: '/v1/chat/completions', headers }, BODY);

describe('a server without keys', () => {
  it.each<[string, Record<string, string>]>([
    ['a form of another site', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site', 'content-type': 'text/plain' }],
    ['an image of another site', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }],
    ['another port of this machine', { origin: 'http://localhost:3000', 'sec-fetch-site': 'same-site' }],
    ['a browser without Fetch Metadata', { origin: 'http://evil.example' }],
    ['a page without an origin', { origin: 'null' }],
  ])('does not answer pages of other sites: %s', async (_, headers) => {
    const { port, paid } = await gateway();
    const answer = await chat(port, headers);
    expect(answer.status).toBe(403);
    expect(JSON.parse(answer.text).error).toMatchObject({ type: 'invalid_request_error', code: 'foreign_origin' });
    expect(paid()).toBe(0);
  });

  it('answers programs, its own pages and what people type', async () => {
    const { port, paid } = await gateway();
    for (const headers of [
      {},
      { origin: `http://127.0.0.1:${port}` },
      { 'sec-fetch-site': 'none' },
      { 'sec-fetch-site': 'same-origin' },
    ])
      expect((await chat(port, headers as Record<string, string>)).status).toBe(200);
    expect(paid()).toBe(4);
  });
});

it('with keys, who brings one is answered, wherever the page is from', async () => {
  const { port } = await gateway(['a-key-of-the-team']);
  const headers = { origin: 'https://app.example', 'sec-fetch-site': 'cross-site' };
  expect((await chat(port, headers)).status).toBe(401);
  expect((await chat(port, { ...headers, authorization: 'Bearer a-key-of-the-team' })).status).toBe(200);
});

describe('holdfast serve on loopback', () => {
  it.each([
    ['without keys, under the names of this machine only', '{ "models": {} }', 403],
    ['with keys, under every name', '{ "keys": ["a-key-of-the-team"] }', 401],
  ])('answers %s', async (_, config, status) => {
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-pages-'));
    const path = join(folder, 'holdfast.json');
    writeFileSync(path, config);
    const program = [
      '--import',
      './test/support/source-entries.ts',
      'src/cli/holdfast.ts',
      'serve',
      '--config',
      path,
      '--port',
      '0',
    ];
    const child = spawn(process.execPath, program, { cwd: resolve(import.meta.dirname, '../..') });
    kept({
      async close() {
        child.kill('SIGKILL');
        rmSync(folder, { recursive: true, force: true });
      },
    });
    const port = await new Promise<number>((found, failed) => {
      let said = '';
      child.stdout.on('data', (part: Buffer) => {
        said += part.toString();
        const [, digits] = /127\.0\.0\.1:(\d+)\/v1/.exec(said) ?? [];
        if (digits !== undefined) found(Number(digits));
      });
      child.on('close', () => failed(new Error(said)));
    });
    const named = (host: string): Promise<{ readonly status: number }> => ask(port, { path: '/v1/models', headers: { host } });
    for (const host of ['localhost', `127.0.0.1:${port}`, `[::1]:${port}`, 'app.localhost:1'])
      expect((await named(host)).status).toBe(status === 403 ? 200 : status);
    for (const host of ['evil.example', `evil.example:${port}`, '127.0.0.1.evil.example', 'localhost.evil.example'])
      expect((await named(host)).status).toBe(status);
  });
});
