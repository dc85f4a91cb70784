import { bullBatchEngine } from '../../src/batches/bullmq/index.ts';
import { createClient } from '../../src/index.ts';

/** A process that works on the batches of a queue until its input ends. Arguments: Redis, the provider's address, a prefix, lines at once. */
const [connection = '', baseURL = '', prefix = '', concurrency = '4'] = process.argv.slice(2);

const llm = createClient({
  use: [],
  fetch: globalThis.fetch,
  providers: { openai: { apiKey: 'k', baseURL, headers: { 'x-worker': String(process.pid) } } },
  batches: bullBatchEngine({ connection, prefix, concurrency: Number(concurrency), lockMs: 1000 }),
});
await llm.batches.list();
process.stdout.write('working\n');
for await (const _ of process.stdin);
await llm.close();
