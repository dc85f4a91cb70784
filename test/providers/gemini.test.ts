import { describe, expect, it } from 'vitest';
import type { ConnectionSpec, ProviderSettings } from '../../src/contract/provider.ts';
import { gemini } from '../../src/providers/gemini/gemini.ts';
import { systemClock } from '../../src/time/clock.ts';
import { DeadlineList } from '../../src/time/deadline-list.ts';
import { createConnection } from '../../src/wire/connection.ts';
import { fetchTransport } from '../../src/wire/fetch-transport.ts';

/** The connection that the provider asks for. */
function specOf(settings: ProviderSettings, env: Readonly<Record<string, string>> = {}): ConnectionSpec {
  const specs: ConnectionSpec[] = [];
  gemini.create({
    id: 'gemini',
    settings,
    env: (name) => env[name],
    connect(spec) {
      specs.push(spec);
      return createConnection(spec, {
        provider: 'gemini',
        transport: () => fetchTransport(),
        deadlines: new DeadlineList(systemClock),
        clock: systemClock,
        maxResponseBytes: 1,
        headers: {},
        sendCorrelationId: false,
      });
    },
  });
  const [spec] = specs;
  if (spec === undefined) throw new Error('no connection');
  return spec;
}

describe('gemini', () => {
  it.each([
    [undefined, {}, 'https://generativelanguage.googleapis.com/v1beta'],
    ['http://proxy:1/', {}, 'http://proxy:1/v1beta'],
    ['http://proxy:1/path', {}, 'http://proxy:1/path/v1beta'],
    ['http://proxy:1/v1', {}, 'http://proxy:1/v1'],
    ['http://proxy:1/a/v1beta/', {}, 'http://proxy:1/a/v1beta'],
    ['http://proxy:1', { apiVersion: 'v1alpha' }, 'http://proxy:1/v1alpha'],
    ['http://proxy:1', { apiVersion: '' }, 'http://proxy:1'],
  ])('baseURL %s with %j is %s', (baseURL, more, expected) => {
    expect(specOf({ apiKey: 'k', baseURL, ...more }).baseURL).toBe(expected);
  });

  it('reads address and version from the environment', () => {
    const env = { GOOGLE_API_KEY: 'k', GOOGLE_GEMINI_BASE_URL: 'http://env:2', GOOGLE_GENAI_API_VERSION: 'beta' };
    expect(specOf({}, env).baseURL).toBe('http://env:2/v1beta');
    expect(specOf({ baseURL: 'http://set:3', apiVersion: 'v1' }, env).baseURL).toBe('http://set:3/v1');
  });

  it('prefers keys as the official SDK does', () => {
    const env = { GOOGLE_GENERATIVE_AI_API_KEY: 'c', GEMINI_API_KEY: 'b', GOOGLE_API_KEY: 'a' };
    const keyOf = (settings: ProviderSettings, names: Readonly<Record<string, string>>) =>
      specOf(settings, names).headers?.['x-goog-api-key'];
    expect(keyOf({ apiKey: 'own' }, env)).toBe('own');
    expect(keyOf({}, env)).toBe('a');
    expect(keyOf({}, { GEMINI_API_KEY: 'b', GOOGLE_GENERATIVE_AI_API_KEY: 'c' })).toBe('b');
    expect(keyOf({}, { GOOGLE_GENERATIVE_AI_API_KEY: 'c' })).toBe('c');
    expect(specOf({ apiKey: 'own' }).secrets).toEqual(['own']);
  });

  it('names the variables when there is no key, and the setting when the version is wrong', () => {
    expect(() => specOf({})).toThrow(/GOOGLE_API_KEY or GEMINI_API_KEY or GOOGLE_GENERATIVE_AI_API_KEY/);
    expect(() => specOf({ apiKey: 'k', apiVersion: '../x' })).toThrow(
      expect.objectContaining({ kind: 'configuration', param: 'providers.gemini.apiVersion' }),
    );
  });
});
