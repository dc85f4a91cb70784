import type { ClientEvent, ClientOptions } from 'holdfast';
import { ConfigurationError, createClient, fallback, openaiCompatible, retry, timeout } from 'holdfast';
import type { MockServer } from 'holdfast/testing';
import { fakeClock, fault, reply, startMockServer } from 'holdfast/testing';
import { undiciTransport } from 'holdfast/undici';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { rejection } from '../support/client.ts';

const messages = [{ role: 'user' as const, content: 'a secret prompt' }];
const ASK = { model: 'openai/gpt-5-mini', messages };

let mock: MockServer;
beforeEach(async () => {
  mock = await startMockServer();
});
afterEach(async () => {
  vi.unstubAllGlobals();
  await mock.close();
});

const openai = (): { apiKey: string; baseURL: string } => ({ apiKey: 'sk-test-key', baseURL: mock.baseURL('openai') });
const make = (options: ClientOptions = {}): ReturnType<typeof createClient> =>
  createClient({ use: [], ...options, providers: { openai: openai(), ...options.providers } });

describe('providers', () => {
  it('takes settings by id, and providers of one’s own by name', async () => {
    const llm = make({ providers: { mine: openaiCompatible(openai()) } });
    const answer = await llm.chat.completions.create({ model: 'mine/a/b', messages });
    expect(answer.route).toMatchObject({ provider: 'mine', model: 'a/b' });
    expect(mock.requests.at(-1)?.body).toMatchObject({ model: 'a/b' });
  });

  it('each has headers and a timeout of its own', async () => {
    mock.enqueue('openai', reply('quick'), fault.stall());
    const llm = make({ providers: { openai: { ...openai(), headers: { 'X-Team': 'kelp' }, timeout: 60 } } });
    await llm.chat.completions.create(ASK);
    expect(mock.requests[0]?.headers['x-team']).toBe('kelp');
    expect(await rejection(llm.chat.completions.create(ASK))).toMatchObject({ kind: 'timeout', phase: 'attempt' });
  });

  it('come from the environment where no settings are', async () => {
    vi.stubEnv('OPENAI_API_KEY', 'sk-env');
    vi.stubEnv('OPENAI_BASE_URL', mock.baseURL('openai'));
    const llm = createClient();
    expect((await llm.chat.completions.create(ASK)).choices[0]?.message.content).toBe('Hello from the mock server.');
    vi.unstubAllEnvs();
  });
});

describe('use', () => {
  it('left out: fallbacks of a call, retries, breakers and limits work', async () => {
    const llm = createClient({
      providers: { openai: openai(), groq: { apiKey: 'k', baseURL: mock.baseURL('groq') } },
      clock: {
        ...fakeClock(),
        random: () => 0,
        timer: (run) => ({ cancel: clearImmediate.bind(null, setImmediate(run)), hold() {} }),
      },
    });
    mock.enqueue('openai', fault.unavailable(), fault.unavailable(), fault.unavailable());
    const answer = await llm.chat.completions.create(ASK, { fallbacks: ['groq/llama'] });
    expect(answer.route.attempts.map(({ provider }) => provider)).toEqual(['openai', 'openai', 'openai', 'groq']);
    expect(answer.route.fallback).toBe(true);
  });

  it('empty: one attempt, and fallbacks of a call are not followed', async () => {
    mock.enqueue('openai', fault.unavailable());
    const error = await rejection(make().chat.completions.create(ASK, { fallbacks: ['groq/llama'], maxRetries: 5 }));
    expect(error).toMatchObject({ kind: 'service_unavailable', attempts: { length: 1 } });
  });
});

describe('defaultProvider', () => {
  it('is whom a bare model name belongs to', async () => {
    const llm = make({ defaultProvider: 'openai' });
    expect((await llm.chat.completions.create({ model: 'gpt-5-mini', messages })).route.provider).toBe('openai');
    expect((await llm.models.list()).route.provider).toBe('openai');
  });

  it('without it a bare name is a ConfigurationError that suggests the prefixed one', async () => {
    const error = await rejection(make().chat.completions.create({ model: 'gpt-5-mini', messages }));
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(String(error)).toContain('openai/gpt-5-mini');
    for (const model of ['openai', 'openai/']) {
      expect(String(await rejection(make().chat.completions.create({ model, messages })))).toContain('"openai/<model>"');
    }
    expect(mock.requests).toHaveLength(0);
  });
});

describe('bounds', () => {
  it('deadline: of a whole call, over attempts and waits', async () => {
    mock.enqueue('openai', fault.stall(), fault.stall());
    const error = await rejection(make({ deadline: 80, use: [retry(), timeout({ attempt: 30 })] }).chat.completions.create(ASK));
    expect(error).toMatchObject({ kind: 'timeout' });
    mock.enqueue('openai', fault.stall());
    const cut = await rejection(make({ deadline: 80 }).chat.completions.create(ASK));
    expect(cut).toMatchObject({
      kind: 'timeout',
      phase: 'deadline',
      retryable: false,
      provider: 'openai',
      attempts: { length: 1 },
    });
  });

  it('maxResponseBytes: of a whole answer', async () => {
    mock.enqueue('openai', reply('x'.repeat(5000)), reply('short'));
    const llm = make({ maxResponseBytes: 2000 });
    const error = await rejection(llm.chat.completions.create(ASK));
    expect(error).toMatchObject({ name: 'ResponseValidationError', provider: 'openai' });
    expect((await llm.chat.completions.create(ASK)).choices[0]?.message.content).toBe('short');
  });

  it('maxAttempts: in one call over all targets', async () => {
    for (let i = 0; i < 12; i++) mock.enqueue('openai', fault.unavailable());
    const use = [fallback(['openai/b', 'openai/c']), retry({ maxRetries: 5, minDelay: 0 })];
    const error = await rejection(make({ use, maxAttempts: 4 }).chat.completions.create(ASK));
    expect(error).toMatchObject({ kind: 'service_unavailable', model: 'gpt-5-mini', attempts: { length: 4 } });
    expect(mock.requests).toHaveLength(4);
    const eight = await rejection(make({ use }).chat.completions.create(ASK));
    expect(eight).toMatchObject({ attempts: { length: 8 } });
  });
});

describe('headers, logger and on', () => {
  it('extra headers, in any case and shape that openai takes', async () => {
    for (const headers of [{ 'X-Extra': 'one' }, new Headers({ 'X-Extra': 'one' }), [['X-Extra', 'one']] as [string, string][]]) {
      await make({ headers }).chat.completions.create(ASK);
      expect(mock.requests.at(-1)?.headers['x-extra']).toBe('one');
    }
  });

  it.each([
    ['console', () => ({ debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn(), log: vi.fn(), trace: vi.fn() })],
    [
      'pino',
      () =>
        new (class Pino {
          readonly bindings = {};
          level = 'info';
          debug = vi.fn();
          info = vi.fn();
          warn = vi.fn();
          error = vi.fn();
          fatal = vi.fn();
          child = vi.fn();
        })(),
    ],
  ])('a logger in the shape of %s hears of calls, without prompts and keys', async (_, shape) => {
    const logger = shape();
    const llm = make({ logger });
    mock.enqueue('openai', fault.auth(), reply('a secret answer'));
    await rejection(llm.chat.completions.create(ASK));
    await llm.chat.completions.create(ASK);
    const lines = [logger.debug, logger.info, logger.warn, logger.error].flatMap((method) =>
      method.mock.calls.map(([line]) => line),
    );
    expect(lines.length).toBeGreaterThan(4);
    expect(logger.error).toHaveBeenCalled();
    for (const line of lines) expect(line).toEqual(expect.not.stringMatching(/secret|sk-test/));
  });

  it('loggers whose methods need their object, console itself and one that throws', async () => {
    class Bound {
      lines: string[] = [];
      #write(line: string): void {
        this.lines.push(line);
      }
      debug(line: string): void {
        this.#write(line);
      }
      info(line: string): void {
        this.#write(line);
      }
      warn(line: string): void {
        this.#write(line);
      }
      error(line: string): void {
        this.#write(line);
      }
    }
    const bound = new Bound();
    await make({ logger: bound }).chat.completions.create(ASK);
    expect(bound.lines.length).toBeGreaterThan(0);
    const info = vi.spyOn(console, 'info').mockImplementation(() => {});
    const debug = vi.spyOn(console, 'debug').mockImplementation(() => {});
    await make({ logger: console }).chat.completions.create(ASK);
    expect(info).toHaveBeenCalled();
    info.mockRestore();
    debug.mockRestore();
    const broken = (): never => {
      throw new Error('disk full');
    };
    await make({ logger: { debug: broken, info: broken, warn: broken, error: broken } }).chat.completions.create(ASK);
  });

  it('listeners by name; client.on gives what takes one off; one that throws or rejects changes nothing', async () => {
    const seen: ClientEvent['type'][] = [];
    const llm = make({
      on: {
        'call-started': (event) => seen.push(event.type),
        'call-ended': () => {
          throw new Error('no');
        },
      },
    });
    const off = llm.on('attempt-ended', async (event) => {
      seen.push(event.type);
      throw new Error('no');
    });
    await llm.chat.completions.create(ASK);
    off();
    off();
    await llm.chat.completions.create(ASK);
    expect(seen).toEqual(['call-started', 'attempt-ended', 'call-started']);
  });
});

describe('how bytes travel', () => {
  it('a fetch, or a transport', async () => {
    let asked = 0;
    const own: typeof fetch = (input, init) => {
      asked++;
      return fetch(input, init);
    };
    await make({ fetch: own }).chat.completions.create(ASK);
    expect(asked).toBe(1);
    const llm = make({ transport: undiciTransport({ connections: 1 }) });
    await llm.chat.completions.create(ASK);
    await llm.close();
    expect(() => make({ fetch: own, transport: undiciTransport({}) })).toThrow(ConfigurationError);
  });

  it('a globalThis.fetch that is not Node’s own is used', async () => {
    const stub = vi.fn(
      async (..._: Parameters<typeof fetch>) => new Response('{"error":{"message":"stubbed"}}', { status: 404 }),
    );
    vi.stubGlobal('fetch', stub);
    expect(await rejection(make().chat.completions.create(ASK))).toMatchObject({ kind: 'not_found' });
    expect(stub).toHaveBeenCalledTimes(1);
    expect(mock.requests).toHaveLength(0);
  });
});

describe('media', () => {
  const image = { type: 'image_url' as const, image_url: { url: 'https://example.com/a.png' } };
  const ask = { model: 'ollama/llava', messages: [{ role: 'user' as const, content: [image] }] };

  it('is not fetched by default: the error suggests a data URI', async () => {
    const llm = make({ providers: { ollama: { baseURL: mock.baseURL('ollama') } } });
    const error = await rejection(llm.chat.completions.create(ask));
    expect(String(error)).toMatch(/data:|data URI/);
    expect(mock.requests).toHaveLength(0);
  });

  it('with download, private addresses are still refused', async () => {
    const llm = make({ providers: { ollama: { baseURL: mock.baseURL('ollama') } }, media: { download: true } });
    const local = { ...image, image_url: { url: `${mock.baseURL('openai')}/secret.png` } };
    await rejection(llm.chat.completions.create({ ...ask, messages: [{ role: 'user', content: [local] }] }));
    expect(mock.requests).toHaveLength(0);
  });
});
