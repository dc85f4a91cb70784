import { batchEngine } from '../../src/batches/index.ts';
import { createClient } from '../../src/index.ts';

/**
 * A process that runs the batches of a file until they have ended, or until it is killed.
 * Arguments: the file, the address of the provider, lines at once, and optionally the input file of a batch to begin with.
 */
const [path = '', baseURL = '', concurrency = '8'] = process.argv.slice(2);

const llm = createClient({
  use: [],
  fetch: globalThis.fetch,
  providers: { openai: { apiKey: 'k', baseURL } },
  batches: batchEngine({ path, concurrency: Number(concurrency) }),
});
for await (const { id, status } of llm.batches.list()) {
  if (['completed', 'failed', 'cancelled', 'expired'].includes(status)) continue;
  process.stdout.write(`working on ${id}\n`);
  for await (const _ of llm.batches.results(id));
}
await llm.close();
process.stdout.write('done\n');
