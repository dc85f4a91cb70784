/** A chain of targets: the first that answers, and the story of how it came to that. */
import { circuitBreaker, createClient, fallback, retry, timeout } from 'holdfast';

const llm = createClient({
  use: [
    fallback(['anthropic/claude-sonnet-4-5', 'openai/gpt-5-mini', 'ollama/llama3.2']),
    retry({ maxRetries: 1, minDelay: 100 }),
    circuitBreaker(),
    timeout({ firstToken: 30_000 }),
  ],
  deadline: 60_000,
});

const reply = await llm.chat.completions.create({
  model: 'anthropic/claude-sonnet-4-5',
  messages: [{ role: 'user', content: 'What holds kelp to the rock?' }],
});

console.log(reply.choices[0]?.message.content);
for (const { number, provider, model, outcome, waitedMs, durationMs } of reply.route.attempts) {
  console.log(
    `${number}. ${provider}/${model}: ${outcome}, ${durationMs.toFixed(0)} ms after a wait of ${waitedMs.toFixed(0)} ms`,
  );
}
if (reply.route.fallback) console.log(`answered by ${reply.route.provider} instead`);
await llm.close();
