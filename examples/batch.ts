/** A batch over any provider: results as they finish, totals, and a second run that finds them again. */
import { createClient, retry } from 'holdfast';
import { batchEngine, terminalProgress } from 'holdfast/batches';

const llm = createClient({
  use: [retry({ maxRetries: 1, minDelay: 10 })],
  batches: batchEngine({ path: ':memory:' }), // a file, so that a run goes on after a crash
});
const cities = ['Oslo', 'Lima', 'Accra'];
const requests = cities.map((city) => ({
  custom_id: city,
  body: { messages: [{ role: 'user', content: `One sentence about ${city}.` }] },
}));

const run = llm.batches.run(requests, {
  endpoint: '/v1/chat/completions',
  model: 'anthropic/claude-sonnet-4-5',
  id: 'cities',
  concurrency: 1,
  onProgress: terminalProgress(),
});
for await (const { custom_id, response } of run) console.log(custom_id, response?.status_code);
const { total, completed, failed, outputTokens } = await run.progress();
console.log(`${completed} of ${total} answered, ${failed} failed, ${outputTokens} tokens`);

const again = llm.batches.run([], { endpoint: '/v1/chat/completions', id: 'cities' });
for await (const { custom_id } of again) console.log(`${custom_id} again, without a call`);
await llm.close();
