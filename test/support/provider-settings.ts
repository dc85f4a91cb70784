import { mockProvider } from '../../src/testing/mock-dialects.ts';

/** What a provider wants beside a key and an address. */
const OWN: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  bedrock: { region: 'us-east-1' },
  cloudflare: { accountId: 'account' },
  sagemaker: { region: 'us-east-1', accessKeyId: 'AKIATEST', secretAccessKey: 'test-secret', dialect: 'openai' },
  vertex_ai: { project: 'project', location: 'us-central1', accessToken: 'test-token' },
  watsonx: { projectId: 'project' },
};

/**
 * Settings with which a provider talks to a server on this machine: what its SDK calls the base URL below an origin.
 *
 * @param tokens Where a key is exchanged for a token.
 */
export const settingsAt = (id: string, origin: string, tokens: string): Readonly<Record<string, string>> => ({
  apiKey: 'test-key',
  baseURL: origin + mockProvider(id).suffix,
  ...OWN[id],
  ...(id === 'watsonx' ? { iamURL: tokens } : {}),
});
