/** A second request where the first one is slow: whoever has content first answers, the other one is aborted. */
import { circuitBreaker, createClient, hedge, retry, timeout } from 'holdfast';

const llm = createClient({
  use: [
    retry(),
    // left out, `after` is learned: as long as 95 % of the last calls took
    hedge({ after: 250, to: 'anthropic/claude-sonnet-4-5' }),
    circuitBreaker(),
    timeout(),
  ],
});
llm.on('hedge', ({ outcome, target, afterMs }) =>
  console.log(`second request at ${target.provider}: ${outcome}, sent after ${afterMs.toFixed(0)} ms`),
);

const stream = await llm.chat.completions.create({
  model: 'openai/gpt-5-mini',
  messages: [{ role: 'user', content: 'What holds kelp to the rock?' }],
  stream: true,
});
for await (const chunk of stream) process.stdout.write(chunk.choices[0]?.delta.content ?? '');
process.stdout.write('\n');

for (const { number, provider, model, outcome, durationMs } of stream.route.attempts) {
  console.log(`${number}. ${provider}/${model}: ${outcome} after ${durationMs.toFixed(0)} ms`);
}
await llm.close();
