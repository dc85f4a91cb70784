/** The official client over a client of ours: every provider behind `new OpenAI({ fetch })`, without a server. */
import { createClient, fallback } from 'holdfast';
import { asFetch } from 'holdfast/openai';
import OpenAI from 'openai';

const llm = createClient({ use: [fallback(['openai/gpt-5-mini'])] });
const openai = new OpenAI({
  apiKey: 'unused',
  maxRetries: 0,
  fetch: asFetch(llm, { models: { fast: 'anthropic/claude-sonnet-4-5' } }),
});

const reply = await openai.chat.completions.create({
  model: 'fast',
  messages: [{ role: 'user', content: 'What is a holdfast?' }],
});
console.log(reply.choices[0]?.message.content);
await llm.close();
