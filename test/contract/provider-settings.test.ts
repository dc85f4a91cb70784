import type { ClientOptions } from 'holdfast';
import { ConfigurationError, createClient, defineProvider, openaiCompatible, providerInstance } from 'holdfast';
import { describe, expect, it } from 'vitest';
import { checkOptions } from '../../src/contract/check-options.ts';
import type { ProviderContext } from '../../src/contract/provider.ts';
import { settingsOption } from '../../src/contract/provider-settings.ts';
import { PROVIDERS } from '../../src/providers/registry.ts';

/** The names of settings that a provider looks at while it is made, with and without an address. */
function readBy(id: string, create: (context: ProviderContext) => unknown): Set<string> {
  const read = new Set<string>();
  for (const baseURL of [undefined, 'http://127.0.0.1:9/v1']) {
    for (const other of [undefined, 'x']) {
      const settings = new Proxy<Record<string, string | undefined>>(
        {},
        {
          get(_, name) {
            read.add(String(name));
            return name === 'baseURL' ? baseURL : other;
          },
        },
      );
      for (const env of [() => undefined, () => 'http://127.0.0.1:9']) {
        try {
          create({ id, settings, env, connect: () => ({}) } as unknown as ProviderContext);
        } catch {
          // what it read until then counts
        }
      }
    }
  }
  return read;
}

describe('settings of the built-in providers', () => {
  it.each(Object.entries(PROVIDERS))('%s reads only what is known', async (id, load) => {
    const definition = await load();
    const names = readBy(id, (context) => definition.create(context));
    expect(names).toContain('baseURL');
    const given = Object.fromEntries([...names].map((name) => [name, undefined]));
    expect(Object.keys(checkOptions(settingsOption, given, 'providers')).sort()).toEqual([...names].sort());
  });
});

function refusal(build: () => unknown): ConfigurationError {
  try {
    build();
  } catch (error) {
    if (error instanceof ConfigurationError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('settings that nobody knows', () => {
  it.each([
    ['baseUrl', 'baseURL'],
    ['base_url', 'baseURL'],
    ['apikey', 'apiKey'],
    ['api_key', 'apiKey'],
    ['timeOut', 'timeout'],
    ['endPoint', 'endpoint'],
  ])('%s is refused when the client is made', (wrong, right) => {
    const problem = `unknown option; did you mean "${right}"?`;
    const path = `createClient.providers.azure.${wrong}`;
    const error = refusal(() => createClient({ providers: { azure: { [wrong]: 'x' } } }));
    expect(error).toMatchObject({ message: `configuration: ${path}: ${problem}`, code: 'wrong_option', param: path });
    expect(refusal(() => providerInstance('azure', { [wrong]: 'x' })).message).toContain(`providerInstance.${wrong}: ${problem}`);
    const settings = { baseURL: 'http://127.0.0.1:9/v1', [wrong]: 'x' };
    expect(refusal(() => openaiCompatible(settings)).message).toContain(`openaiCompatible.${wrong}: ${problem}`);
  });

  it('what resembles nothing is named alone', () => {
    const error = refusal(() => createClient({ providers: { openai: { wibbleWobble: 'x' } as object } }));
    expect(error.message).toBe('configuration: createClient.providers.openai.wibbleWobble: unknown option');
  });

  it('the compiler refuses them too', () => {
    // @ts-expect-error misspelt
    const options: ClientOptions = { providers: { openai: { baseUrl: 'http://127.0.0.1:9/v1' } } };
    expect(refusal(() => createClient(options)).param).toBe('createClient.providers.openai.baseUrl');
  });

  it('a provider of one’s own has the settings that it wants', () => {
    const own = defineProvider({ id: 'own', settings: { accent: 'soft' }, create: () => ({ id: 'own' }) as never });
    expect(createClient({ providers: { own } })).toBeDefined();
  });
});

describe('what stands under a name', () => {
  it.each([
    ['a text', 'sk-of-somebody', 'createClient.providers.openai: expected a provider or an object, got a string'],
    [
      'a number as key',
      { apiKey: 5 },
      'createClient.providers.openai.apiKey: expected a string; keys usually come from the environment',
    ],
    ['null', null, 'createClient.providers.openai: expected a provider or an object, got null'],
  ])('%s', (_, entry, message) => {
    expect(refusal(() => createClient({ providers: { openai: entry as never } })).message).toContain(message);
  });
});
