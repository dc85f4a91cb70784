import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { bullBatchEngine } from '../../src/batches/bullmq/index.ts';
import { batchEngine } from '../../src/batches/index.ts';
import { createClient, isLLMError, rateLimit } from '../../src/index.ts';
import { redisStore } from '../../src/redis/index.ts';
import { startMockServer } from '../../src/testing/index.ts';
import { EVENTS } from '../support/chained.ts';
import { rejection } from '../support/client.ts';
import { redisMissing, startRedis } from '../support/redis-server.ts';
import { client, failureOf, kept, refusal, service, user } from './service.ts';

const folder = mkdtempSync(join(tmpdir(), 'holdfast-security-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const everything = (value: unknown): string => inspect(value, { depth: 20, showHidden: true, getters: true });

describe('options that are wrong', () => {
  const KEY = 'sk-ant-0123456789abcdef';

  it.each([
    ['a key instead of options', () => createClient(KEY as never)],
    ['a key instead of settings', () => createClient({ providers: { anthropic: KEY as never } })],
    ['a key in the wrong place', () => createClient({ apiKey: KEY } as never)],
    ['headers as a text', () => createClient({ headers: `x-api-key: ${KEY}` as never })],
    ['a password in an address', () => bullBatchEngine({ connection: `http://:${KEY}@host` })],
    ['a password in the address of a store', () => redisStore(`http://:${KEY}@host`)],
    ['a key in the clear where a list stands', () => createClient({ store: `redis://u:${KEY}@h` as never })],
  ])('are told without what they hold: %s', (_, make) => {
    const error = (() => {
      try {
        return make();
      } catch (thrown) {
        return thrown;
      }
    })();
    if (!isLLMError(error, 'configuration')) expect.fail(`not refused: ${inspect(error)}`);
    expect(everything(error)).not.toContain(KEY);
  });

  it('a base URL with a password is refused, and not repeated', async () => {
    const llm = client({ providers: { openai: { apiKey: 'k', baseURL: `https://user:${KEY}@host/v1` } } });
    const error = await failureOf(llm.chat.completions.create({ model: 'openai/m', messages: user('Hi') }));
    expect(error.kind).toBe('configuration');
    expect(everything(error)).not.toContain(KEY);
  });
});

it('a client shows nothing of its settings', () => {
  const secrets = ['header.0815', 'key.0815', 'secret.0815', 'session.0815', 'client.0815'];
  const [header = '', apiKey = '', secretAccessKey = '', sessionToken = '', clientSecret = ''] = secrets;
  const llm = client({
    headers: { 'x-team': header },
    providers: {
      openai: { apiKey },
      bedrock: { region: 'us-east-1', accessKeyId: 'a', secretAccessKey, sessionToken },
      databricks: { clientId: 'id', clientSecret, baseURL: 'https://x.example' },
    },
  });
  const shown = [llm, llm.chat, llm.chat.completions, llm.files, llm.batches].map(everything).join() + JSON.stringify(llm);
  for (const secret of secrets) expect(shown).not.toContain(secret);
});

it('one line of a log is one line, whatever a model is called', async () => {
  const lines: string[] = [];
  const log = (line: string): void => void lines.push(line);
  const baseURL = await service((_request, response) => refusal(response, 400, 'no'));
  const llm = client({
    logger: { debug: log, info: log, warn: log, error: log },
    providers: { openai: { apiKey: 'k', baseURL } },
  });
  const model = 'openai/a\nholdfast forged\u001b[2J\u2028b\u0085c';
  const error = await failureOf(llm.chat.completions.create({ model, messages: user('Hi') }));
  expect(lines.join('')).toContain('holdfast forged');
  expect([error.message, ...lines].filter((line) => /[\p{Cc}\u2028\u2029]/u.test(line))).toEqual([]);
});

describe('files of batches', () => {
  const open = async (path: string): Promise<void> => {
    const llm = client({ batches: batchEngine({ path }), providers: { openai: { apiKey: 'k', baseURL: 'http://127.0.0.1:1' } } });
    await llm.batches.list({ limit: 1 });
  };
  const modes = (name: string): string[] =>
    readdirSync(folder)
      .filter((file) => file.startsWith(name))
      .map((file) => `${file} ${(statSync(join(folder, file)).mode & 0o777).toString(8)}`);

  it('are for the user alone who makes them', async () => {
    const before = process.umask(0o022);
    try {
      await open(join(folder, 'new.db'));
    } finally {
      process.umask(before);
    }
    expect(modes('new.db')).toEqual(['new.db 600', 'new.db-wal 600']);
  });

  it('keep the rights that somebody gave them', async () => {
    const path = join(folder, 'shared.db');
    writeFileSync(path, '', { mode: 0o640 });
    await open(path);
    expect(modes('shared.db')[0]).toBe('shared.db 640');
  });
});

describe.skipIf(redisMissing() !== undefined)('Redis', () => {
  it('that refuses a password does not bring it into errors, events or logs', async () => {
    const redis = kept(await startRedis({ requirepass: 'right.4711' }));
    const url = redis.url.replace('//', '//:wrong.0815@');
    const told: unknown[] = [];
    const log = (...line: unknown[]): void => void told.push(line);
    const baseURL = await service((_request, response) => refusal(response, 400, 'no'));
    const store = redisStore(url);
    kept({ close: async () => store.close() });
    const providers = { openai: { apiKey: 'k', baseURL } };
    const logger = { debug: log, info: log, warn: log, error: log };
    const llm = client({ store, use: [rateLimit({ requestsPerMinute: 5 })], logger, providers });
    for (const name of EVENTS) llm.on(name, log);
    await failureOf(llm.chat.completions.create({ model: 'openai/m', messages: user('Hi') }));
    const batches = client({ batches: bullBatchEngine({ connection: url }), providers });
    const error = await rejection(batches.batches.list({ limit: 1 }));
    expect(error).toMatchObject({ kind: 'configuration', code: 'store_unreachable' });
    expect(everything(told)).toContain('store-degraded');
    expect(everything([told, error, store])).not.toContain('wrong.0815');
  });
});

it('the journal of the mock server keeps no proof, wherever it was sent', async () => {
  const mock = kept(await startMockServer());
  const SECRET = 'sent.0815';
  const headers = {
    authorization: `Bearer ${SECRET}`,
    cookie: `a=${SECRET}`,
    'x-amz-security-token': SECRET,
    'x-password': SECRET,
  };
  const form = { grant_type: 'x', apikey: SECRET, client_secret: SECRET, refresh_token: SECRET, assertion: SECRET };
  await fetch(`${mock.baseURL('openai')}/chat/completions?key=${SECRET}`, {
    method: 'POST',
    headers,
    body: new URLSearchParams(form),
  });
  expect(mock.requests).toHaveLength(1);
  expect(everything(mock.requests)).toContain('grant_type');
  expect(everything(mock.requests)).not.toContain(SECRET);
});
