/** A stream that breaks in the middle and goes on elsewhere: its reader sees one answer. */
import { createClient, fallback, isLLMError, retry, timeout } from 'holdfast';

const llm = createClient({
  use: [
    fallback(['openai/gpt-5-mini', 'gemini/gemini-2.5-flash'], { resume: true }),
    retry({ maxRetries: 1 }),
    timeout({ firstToken: 30_000, idle: 20_000 }),
  ],
  deadline: 60_000,
});

const stream = await llm.chat.completions.create({
  model: 'anthropic/claude-sonnet-4-5',
  messages: [{ role: 'user', content: 'Tell me about kelp in three sentences.' }],
  stream: true,
});

try {
  for await (const chunk of stream) process.stdout.write(chunk.choices[0]?.delta.content ?? '');
  console.log();
} catch (error) {
  if (!isLLMError(error) || error.partial === undefined) throw error;
  console.log(`\nnobody could go on: ${error.kind}, but ${error.partial.content.length} characters are kept`);
}

for (const { from, to, characters, overlap } of stream.route.resumed ?? []) {
  console.log(`${from} broke off after ${characters} characters; ${to} went on and repeated ${overlap} of them`);
}
for (const { number, provider, outcome } of stream.route.attempts) console.log(`${number}. ${provider}: ${outcome}`);
await llm.close();
