import { describe, expect, it } from 'vitest';
import type { ConnectionSpec, ProviderSettings } from '../../../src/contract/provider.ts';
import type { Wire } from '../../../src/contract/wire.ts';
import { ollama } from '../../../src/providers/ollama/ollama.ts';

/** What the provider asks its client to connect to. */
function connectionOf(settings: ProviderSettings, env: Readonly<Record<string, string>> = {}): ConnectionSpec {
  let asked: ConnectionSpec | undefined;
  ollama.create({
    id: 'ollama',
    settings,
    env: (name) => env[name],
    connect: (spec) => {
      asked = spec;
      return {} as Wire;
    },
  });
  if (asked === undefined) throw new Error('no connection was asked for');
  return asked;
}

describe('the address', () => {
  it('is the local server by default', () => {
    expect(connectionOf({}).baseURL).toBe('http://127.0.0.1:11434');
  });

  it('comes from OLLAMA_HOST, and the setting wins', () => {
    const env = { OLLAMA_HOST: '0.0.0.0:4000' };
    expect(connectionOf({}, env).baseURL).toBe('http://127.0.0.1:4000');
    expect(connectionOf({ baseURL: 'https://ollama.com/' }, env).baseURL).toBe('https://ollama.com');
  });

  it('is named in the error when it is none', () => {
    expect(() => connectionOf({}, { OLLAMA_HOST: 'ftp://x' })).toThrow(/OLLAMA_HOST must be/);
    expect(() => connectionOf({ baseURL: 'http://' })).toThrow(/providers\.ollama\.baseURL must be/);
  });
});

describe('the key', () => {
  const env = { OLLAMA_API_KEY: 'from-env' };
  const keyOf = (settings: ProviderSettings): string | undefined => connectionOf(settings, env).headers?.authorization;

  it('is not needed', () => {
    expect(connectionOf({}).headers).toBeUndefined();
  });

  it('from the settings goes wherever they say', () => {
    expect(keyOf({ apiKey: 'own', baseURL: 'http://example.org' })).toBe('Bearer own');
    expect(connectionOf({ apiKey: 'own' }).secrets).toContain('own');
  });

  it('from the environment never travels in clear text', () => {
    expect(keyOf({ baseURL: 'https://ollama.com' })).toBe('Bearer from-env');
    expect(keyOf({})).toBe('Bearer from-env');
    expect(keyOf({ baseURL: 'http://localhost:11434' })).toBe('Bearer from-env');
    expect(keyOf({ baseURL: 'http://example.org:11434' })).toBeUndefined();
    expect(keyOf({ baseURL: 'http://localhost.example.org' })).toBeUndefined();
    expect(keyOf({ baseURL: 'http://127.example.org' })).toBeUndefined();
  });
});
