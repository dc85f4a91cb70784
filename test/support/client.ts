import type { ClientOptions, LLMClient } from '../../src/index.ts';
import { createClient, openaiCompatible } from '../../src/index.ts';
import type { OpenAIServer } from './openai-server.ts';
import { startOpenAIServer } from './openai-server.ts';

/** A client with the server as provider `mine` (and as `other`), without layers unless some are given. */
export interface Setup {
  readonly server: OpenAIServer;
  readonly llm: LLMClient;
  make(options: ClientOptions): LLMClient;
  close(): Promise<void>;
}

export async function setUp(options: ClientOptions = {}): Promise<Setup> {
  const server = await startOpenAIServer();
  const clients: LLMClient[] = [];
  const make = (more: ClientOptions): LLMClient => {
    const provider = openaiCompatible({ baseURL: server.baseURL, apiKey: 'sk-secret-key' });
    const client = createClient({ use: [], ...more, providers: { mine: provider, other: provider, ...more.providers } });
    clients.push(client);
    return client;
  };
  return {
    server,
    llm: make(options),
    make,
    async close() {
      for (const client of clients) await client.close();
      await server.close();
    },
  };
}

/** The error that a promise rejects with. */
export async function rejection(promise: PromiseLike<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('expected a rejection');
}
