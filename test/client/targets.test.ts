import { describe, expect, it } from 'vitest';
import { Targets } from '../../src/client/targets.ts';
import type { ClientOptions } from '../../src/index.ts';
import { createClient, openaiCompatible } from '../../src/index.ts';
import { rejection } from '../support/client.ts';

const book = {
  ids: new Set(['openai', 'anthropic', 'gemini', 'mine']),
  aliases: new Map([['google', 'gemini']]),
  defaultProvider: undefined,
  baseURL: (provider: string) => (provider === 'mine' ? 'http://localhost/v1' : ''),
  base: () => undefined,
  pool: () => undefined,
};

describe('model strings', () => {
  it('are cut at the first slash, aliases resolved', () => {
    const { resolve } = new Targets(book);
    expect(resolve('openai/gpt-5')).toEqual({ provider: 'openai', model: 'gpt-5', baseURL: '' });
    expect(resolve('google/gemini-2.5-pro')).toEqual({ provider: 'gemini', model: 'gemini-2.5-pro', baseURL: '' });
    expect(resolve('mine/meta/llama:8b')).toEqual({ provider: 'mine', model: 'meta/llama:8b', baseURL: 'http://localhost/v1' });
    expect(resolve('openai/gpt-5')).toBe(resolve('openai/gpt-5'));
  });

  it('without a prefix go to the default provider, or are an error with the right name', () => {
    expect(new Targets({ ...book, defaultProvider: 'openai' }).resolve('gpt-5')).toMatchObject({
      provider: 'openai',
      model: 'gpt-5',
    });
    const { resolve } = new Targets(book);
    expect(() => resolve('gpt-4o')).toThrow(/did you mean "openai\/gpt-4o"/);
    expect(() => resolve('gpt-99-turbo')).toThrow(/did you mean "openai\/gpt-99-turbo"/);
    expect(() => resolve('claude-opus-9')).toThrow(/did you mean "anthropic\/claude-opus-9"/);
    expect(() => resolve('grok-4'), 'whose provider this client does not have').toThrow(/write "provider\/model"/);
    expect(() => resolve('zzz')).toThrow(/write "provider\/model".*defaultProvider/);
  });

  it('with an unknown provider suggest the nearest', () => {
    const { resolve } = new Targets(book);
    expect(() => resolve('antropic/claude')).toThrow(/unknown provider "antropic"; did you mean "anthropic\/claude"/);
    for (const model of ['__proto__/x', 'constructor/x', 'toString/x', '/x', 'openai/']) expect(() => resolve(model)).toThrow();
  });

  it('are remembered up to a bound', () => {
    const targets = new Targets(book);
    const first = targets.resolve('openai/0');
    for (let i = 1; i <= 1000; i++) targets.resolve(`openai/${i}`);
    expect(targets.resolve('openai/0')).not.toBe(first);
    expect(targets.resolve('openai/0')).toEqual(first);
  });
});

describe('createClient', () => {
  const throws = (options: object): string => {
    try {
      createClient(options as ClientOptions);
    } catch (error) {
      expect(error).toMatchObject({ kind: 'configuration' });
      return (error as Error).message;
    }
    throw new Error(`nothing wrong with ${JSON.stringify(options)}`);
  };

  it('names what is wrong, and the nearest right', () => {
    expect(throws({ maxAttempt: 3 })).toMatch(/maxAttempt: unknown option; did you mean "maxAttempts"/);
    expect(throws({ maxAttempts: 0 })).toMatch(/maxAttempts: expected a whole number/);
    expect(throws({ deadline: '5s' })).toMatch(/deadline: expected a number of milliseconds above 0, got "5s"/);
    expect(throws({ use: [() => {}, 'retry'] })).toMatch(/use\[1\]: expected a function/);
    expect(throws({ providers: { openai: { apiKey: 7 } } })).toMatch(/providers\.openai\.apiKey: expected a string/);
    expect(throws({ providers: { opnai: {} } })).toMatch(/providers\.opnai: unknown provider "opnai"; did you mean "openai"/);
    expect(throws({ providers: { google: {}, gemini: {} } })).toMatch(/another name of "gemini"/);
    expect(throws({ providers: { 'my/own': openaiCompatible({ baseURL: 'http://localhost' }) } })).toMatch(/letters, digits/);
    expect(throws({ defaultProvider: 'opena' })).toMatch(/defaultProvider: unknown provider "opena"; did you mean "openai"/);
    expect(throws({ fetch, transport: { dispatch() {}, close() {} } })).toMatch(/either fetch or transport/);
    expect(throws({ transport: {} })).toMatch(/transport: expected a transport/);
    expect(throws({ logger: { info() {} } })).toMatch(/logger: expected an object with debug/);
    expect(throws({ on: { 'call-finished': () => {} } })).toMatch(/on\.call-finished: unknown option/);
    expect(throws({ on: { 'call-ended': 1 } })).toMatch(/call-ended.*expected a function/);
    expect(throws({ media: { downloads: true } })).toMatch(/media\.downloads/);
    expect(throws({ unsupportedParams: 'ignore' })).toMatch(/"error" or "drop"/);
    expect(throws({ clock: {} })).toMatch(/clock: expected a clock/);
  });

  it('lets a provider of one’s own take a built-in name or alias', async () => {
    const own = { id: 'own', create: () => ({ id: 'own', wire: {} as never, operations: {} }) };
    const llm = createClient({ providers: { google: own, openai: own }, use: [] });
    for (const model of ['google/x', 'openai/x']) {
      const error = await rejection(llm.embeddings.create({ model, input: 'a' }));
      expect(error).toMatchObject({ kind: 'unsupported_operation', provider: model.split('/')[0] });
    }
  });

  it('never shows a key', () => {
    expect(throws({ providers: { openai: { apiKey: { secret: 'sk-123' } } } })).not.toContain('sk-123');
  });

  it('accepts everything that is right', () => {
    const llm = createClient({
      providers: {
        openai: { apiKey: 'k', organization: 'o' },
        google: {},
        mine: openaiCompatible({ baseURL: 'http://localhost' }),
      },
      defaultProvider: 'google',
      deadline: 1000,
      logger: console,
      headers: { a: 'b' },
      media: { download: true },
    });
    expect(llm.chat.completions).toBeDefined();
  });

  it('refuses browsers unless told', () => {
    const global = globalThis as Record<string, unknown>;
    global.window = { document: {} };
    global.document = {};
    try {
      expect(throws({})).toMatch(/dangerouslyAllowBrowser/);
      expect(createClient({ dangerouslyAllowBrowser: true })).toBeDefined();
    } finally {
      delete global.window;
      delete global.document;
    }
  });

  it('names the environment variable of a missing key at the first call', async () => {
    const saved = process.env.OPENAI_API_KEY;
    delete process.env.OPENAI_API_KEY;
    try {
      const llm = createClient({ use: [] });
      const messages = [{ role: 'user' as const, content: 'Hi' }];
      const error = await rejection(llm.chat.completions.create({ model: 'openai/gpt-5', messages }));
      expect(error).toMatchObject({ kind: 'configuration', provider: 'openai', model: 'gpt-5' });
      expect(String(error)).toContain('OPENAI_API_KEY');
    } finally {
      if (saved !== undefined) process.env.OPENAI_API_KEY = saved;
    }
  });
});
