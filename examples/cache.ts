/** Equal questions: the ones of the same moment share a request, later ones get the kept answer. */
import { cache, coalesce, createClient, fallback, retry } from 'holdfast';

const llm = createClient({
  use: [cache({ ttl: 600_000 }), coalesce(), fallback([]), retry()],
  on: { 'cache-hit': ({ source }) => console.log(`  (${source})`) },
});

const ask = (content: string) => ({ model: 'openai/gpt-5-mini', messages: [{ role: 'user' as const, content }] });

console.log('three at once:');
const crowd = [1, 2, 3].map(() => llm.chat.completions.create(ask('What is kelp?')));
for (const { choices } of await Promise.all(crowd)) console.log(choices[0]?.message.content);

console.log('one more, as a stream:');
const stream = await llm.chat.completions.create({ ...ask('What is kelp?'), stream: true });
for await (const chunk of stream) process.stdout.write(chunk.choices[0]?.delta.content ?? '');
console.log(stream.route.cached ? ', kept' : ', asked');

console.log('asked anew:');
const fresh = await llm.chat.completions.create(ask('What is kelp?'), { cache: 'refresh' });
console.log(fresh.choices[0]?.message.content);
await llm.close();
