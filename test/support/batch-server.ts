import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import OpenAI, { toFile } from 'openai';
import type { Batch } from 'openai/resources/batches';
import type { FileObject } from 'openai/resources/files';
import type { BatchEngineOptions } from '../../src/batches/index.ts';
import { batchEngine } from '../../src/batches/index.ts';
import type { ClientOptions, LLMClient } from '../../src/index.ts';
import { createClient } from '../../src/index.ts';
import type { HandlerOptions } from '../../src/server/index.ts';
import { createHandler, nodeListener } from '../../src/server/index.ts';
import type { MockServer } from '../../src/testing/index.ts';
import { startMockServer } from '../../src/testing/index.ts';

export const MODEL = 'anthropic/claude-sonnet-4-5';

/** Our server on loopback, with a batch engine in memory, mock providers behind it and the official client before it. */
export interface BatchServer {
  readonly mock: MockServer;
  readonly llm: LLMClient;
  readonly openai: OpenAI;
  readonly origin: string;
  upload(content: string | Uint8Array | readonly object[], name?: string): Promise<FileObject>;
  create(file: FileObject | string, more?: object): Promise<Batch>;
  /** The batch when it has ended. */
  ended(batch: Batch): Promise<Batch>;
  close(): Promise<void>;
}

export interface BatchServerOptions {
  readonly engine?: BatchEngineOptions;
  readonly client?: ClientOptions;
  readonly handler?: HandlerOptions;
}

export async function startBatchServer({ engine, client, handler }: BatchServerOptions = {}): Promise<BatchServer> {
  const mock = await startMockServer();
  const settings = ['openai', 'anthropic', 'gemini', 'cohere'].map((id) => [id, { apiKey: 'k', baseURL: mock.baseURL(id) }]);
  const llm = createClient({
    use: [],
    providers: Object.fromEntries(settings),
    batches: batchEngine({ path: ':memory:', ...engine }),
    ...client,
  });
  const server = createServer(nodeListener(createHandler(llm, handler)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const openai = new OpenAI({ apiKey: 'sk-holdfast-test', baseURL: `${origin}/v1`, maxRetries: 0 });
  return {
    mock,
    llm,
    openai,
    origin,
    async upload(content, name = 'input.jsonl') {
      const bytes = Array.isArray(content) ? content.map((line) => JSON.stringify(line)).join('\n') : (content as string);
      return openai.files.create({ file: await toFile(Buffer.from(bytes), name), purpose: 'batch' });
    },
    create: (file, more) =>
      openai.batches.create({
        input_file_id: typeof file === 'string' ? file : file.id,
        endpoint: '/v1/chat/completions',
        completion_window: '24h',
        ...more,
      }),
    async ended({ id }) {
      for (;;) {
        const batch = await openai.batches.retrieve(id);
        if (['completed', 'failed', 'cancelled', 'expired'].includes(batch.status)) return batch;
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    },
    async close() {
      server.close();
      server.closeAllConnections();
      await llm.close();
      await mock.close();
    },
  };
}

/** A line of an input file; `undefined` takes a member off. */
export function lineOf(custom_id: string, changes: object = {}): object {
  return {
    custom_id,
    method: 'POST',
    url: '/v1/chat/completions',
    body: { model: MODEL, messages: [{ role: 'user', content: `Hello from ${custom_id}` }], max_tokens: 10 },
    ...changes,
  };
}

/** The lines of a result file. */
export async function resultLines(openai: OpenAI, id: string | undefined): Promise<Record<string, unknown>[]> {
  if (id === undefined) return [];
  const text = await (await openai.files.content(id)).text();
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}
