/** Sockets under your control: four at most, kept for a minute. A proxy: `undiciTransport({ dispatcher: new ProxyAgent(url) })`. */
import { createClient } from 'holdfast';
import { undiciTransport } from 'holdfast/undici';

const llm = createClient({
  transport: undiciTransport({ connections: 4, keepAliveTimeout: 60_000, connect: { timeout: 5_000 } }),
});

const questions = Array.from({ length: 12 }, (_, i) => `What is ${i} plus ${i}?`);
const replies = await Promise.all(
  questions.map((content) => llm.chat.completions.create({ model: 'openai/gpt-5-mini', messages: [{ role: 'user', content }] })),
);
console.log(`${replies.length} answers over four sockets`);
await llm.close();
