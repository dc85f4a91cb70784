/** What happens inside a call, as it happens: for metrics, traces and logs. No event holds a prompt or a key. */
import { createClient, retry } from 'holdfast';

const llm = createClient({ use: [retry({ minDelay: 50 })], logger: { ...console, debug: () => {} } });

const start = performance.now();
const tell = (text: string): void => console.log(`${(performance.now() - start).toFixed(0).padStart(5)} ms  ${text}`);

llm.on('call-started', ({ call, target }) => tell(`${call.operation} for ${call.metadata.user}, to ${target.provider}`));
llm.on('attempt-started', ({ number }) => tell(`attempt ${number}`));
llm.on('attempt-ended', ({ attempt }) => tell(`attempt ${attempt.number}: ${attempt.outcome}, status ${attempt.status}`));
llm.on('waiting', ({ ms, reason }) => tell(`waiting ${ms.toFixed(0)} ms (${reason})`));
const stop = llm.on('call-ended', ({ outcome, usage }) => tell(`${outcome}, ${usage?.total_tokens ?? 0} tokens`));

await llm.chat.completions.create(
  { model: 'openai/gpt-5-mini', messages: [{ role: 'user', content: 'Hello' }] },
  { metadata: { user: 'ada' } },
);
stop();
await llm.close();
