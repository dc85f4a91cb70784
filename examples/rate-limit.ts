/** Limits that are kept before the service has to: calls at once, per minute, and a refusal instead of a wait in vain. */
import { createClient, isLLMError, rateLimit, retry } from 'holdfast';

const model = 'openai/gpt-5-mini';
const limiter = rateLimit({ concurrency: 3, requestsPerMinute: 12, tokensPerMinute: 100_000 });
const llm = createClient({ use: [retry(), limiter] });

let running = 0;
let most = 0;
let waited = 0;
llm.on('attempt-started', () => {
  most = Math.max(most, ++running);
});
llm.on('attempt-ended', () => running--);
llm.on('waiting', ({ reason }) => {
  if (reason === 'queue') waited++;
});

const ask = (content: string, deadline?: number) =>
  llm.chat.completions.create({ model, messages: [{ role: 'user', content }], max_completion_tokens: 100 }, { deadline });

const answers = await Promise.all(Array.from({ length: 12 }, (_, i) => ask(`How much is ${i} × ${i}?`)));
console.log(`${answers.length} answers, ${most} at once at most, ${waited} of the calls had to wait`);

for (const { key, queued, running, limit } of limiter.snapshot()) {
  console.log(`${key}: ${queued} waiting, ${running} running, ${limit} allowed`);
}

// the twelve of this minute are used up; the next one comes back in five seconds, and a second is all that this call has
try {
  await ask('Quick!', 1_000);
} catch (error) {
  if (!isLLMError(error, 'budget_exceeded')) throw error;
  console.log(`refused (${error.code}): come back in ${Math.round(Number(error.retryAfterMs) / 1000)} s`);
}
await llm.close();
