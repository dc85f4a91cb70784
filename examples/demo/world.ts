import type { MockServer } from 'holdfast/testing';
import { startMockServer } from 'holdfast/testing';

/** Where the demo's calls go: mock providers on loopback, or the real services whose keys are in the environment. */
export interface World {
  readonly live: boolean;
  readonly mock: MockServer | undefined;
  /** Settings for `createClient({ providers })`. */
  readonly providers: Record<string, { apiKey?: string; baseURL?: string }>;
  /** One model for each dialect that can be asked. */
  readonly models: readonly string[];
  close(): Promise<void>;
}

const DIALECTS = [
  { provider: 'openai', model: 'openai/gpt-5-mini', key: 'OPENAI_API_KEY' },
  { provider: 'anthropic', model: 'anthropic/claude-sonnet-4-5', key: 'ANTHROPIC_API_KEY' },
  { provider: 'gemini', model: 'gemini/gemini-2.5-flash', key: 'GEMINI_API_KEY' },
  { provider: 'ollama', model: 'ollama/llama3.2', key: 'OLLAMA_HOST' },
] as const;

export async function openWorld(live: boolean): Promise<World> {
  if (live) {
    const models = DIALECTS.filter(({ key }) => process.env[key]).map(({ model }) => model);
    if (models.length === 0) {
      console.error(`--live needs one of ${DIALECTS.map(({ key }) => key).join(', ')} in the environment`);
      process.exit(1);
    }
    return { live, mock: undefined, providers: {}, models, close: async () => undefined };
  }
  const mock = await startMockServer();
  const settings = DIALECTS.map(({ provider }) => [provider, { apiKey: 'demo-key', baseURL: mock.baseURL(provider) }] as const);
  return {
    live,
    mock,
    providers: Object.fromEntries(settings),
    models: DIALECTS.map(({ model }) => model),
    close: () => mock.close(),
  };
}
