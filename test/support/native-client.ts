import type { Batch, BatchResultLine, ClientOptions, LLMClient } from '../../src/index.ts';
import { createClient } from '../../src/index.ts';
import type { MockServer, MockServerOptions } from '../../src/testing/index.ts';
import { startMockServer } from '../../src/testing/index.ts';

/** A client without layers whose providers are all at the mock server. */
export interface NativeClient {
  readonly mock: MockServer;
  readonly llm: LLMClient;
  make(options: ClientOptions): LLMClient;
  /** The batch when it has been asked about until it ended. */
  ended(id: string, provider: string): Promise<Batch>;
  results(id: string, provider: string): Promise<BatchResultLine[]>;
  close(): Promise<void>;
}

const SETTINGS: Readonly<Record<string, object>> = {
  bedrock: { region: 'us-east-1', accessKeyId: 'AKIDMOCK', secretAccessKey: 'secret' },
};

export async function startNativeClient(
  providers: readonly string[],
  options: ClientOptions = {},
  server: MockServerOptions = {},
): Promise<NativeClient> {
  const mock = await startMockServer(server);
  const clients: LLMClient[] = [];
  const settings = Object.fromEntries(
    providers.map((id) => [id, { ...(SETTINGS[id] ?? { apiKey: 'k' }), baseURL: mock.baseURL(id) }]),
  );
  const make = (more: ClientOptions): LLMClient => {
    const llm = createClient({ use: [], ...more, providers: { ...settings, ...more.providers } });
    clients.push(llm);
    return llm;
  };
  const llm = make(options);
  return {
    mock,
    llm,
    make,
    async ended(id, provider) {
      for (;;) {
        const batch = await llm.batches.retrieve(id, { provider });
        if (/^(completed|failed|expired|cancelled)$/.test(batch.status)) return batch;
      }
    },
    async results(id, provider) {
      return collected(llm.batches.results(id, { provider, minPoll: 0, maxPoll: 1 }));
    },
    async close() {
      for (const client of clients) await client.close();
      await mock.close();
    },
  };
}

export const chatRequest = (text: string, body: object = {}): { body: Record<string, unknown> } => ({
  body: { messages: [{ role: 'user', content: text }], ...body },
});

export async function collected<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
