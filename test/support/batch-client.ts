import type { BatchEngine, BatchEngineOptions } from '../../src/batches/index.ts';
import { batchEngine } from '../../src/batches/index.ts';
import type { Batch, BatchOrder, ClientOptions, LLMClient } from '../../src/index.ts';
import { createClient } from '../../src/index.ts';
import type { MockServer } from '../../src/testing/index.ts';
import { startMockServer } from '../../src/testing/index.ts';

/** A client with an engine, and mock providers behind it. */
export interface BatchClient {
  readonly mock: MockServer;
  readonly engine: BatchEngine;
  readonly llm: LLMClient;
  upload(content: string | Uint8Array, name?: string): Promise<string>;
  /** The batch of a file when it has ended. */
  run(content: string | Uint8Array, order?: Partial<BatchOrder>): Promise<Batch>;
  ended(id: string): Promise<Batch>;
  close(): Promise<void>;
}

export async function startBatchClient(options: BatchEngineOptions = {}, client: ClientOptions = {}): Promise<BatchClient> {
  const mock = await startMockServer();
  const engine = batchEngine({ path: ':memory:', ...options });
  const settings = ['openai', 'anthropic'].map((id) => [id, { apiKey: 'k', baseURL: mock.baseURL(id) }]);
  const llm = createClient({ use: [], providers: Object.fromEntries(settings), batches: engine, ...client });
  const rig: BatchClient = {
    mock,
    engine,
    llm,
    async upload(content, name = 'input.jsonl') {
      const file = new File([content as string], name);
      return (await llm.files.create({ file, purpose: 'batch' })).id;
    },
    async run(content, order) {
      const input_file_id = await rig.upload(content);
      const batch = await llm.batches.create({
        input_file_id,
        endpoint: '/v1/chat/completions',
        completion_window: '24h',
        ...order,
      });
      return rig.ended(batch.id);
    },
    async ended(id) {
      for await (const _ of llm.batches.results(id));
      return llm.batches.retrieve(id);
    },
    async close() {
      await llm.close();
      await mock.close();
    },
  };
  return rig;
}

/** The content of a file, as text. */
export async function contentOf(llm: LLMClient, id: string | undefined): Promise<string> {
  return id === undefined ? '' : (await llm.files.content(id)).text();
}
