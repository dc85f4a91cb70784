/** Two jobs with a budget each: the dear model while there is money, then the one on this machine, and a bill at the end. */
import { budget, createClient, fallback, modelFacts, retry } from 'holdfast';

const perJob = budget({ maxCostUSD: 0.05, key: (call) => String(call.metadata.job) });

const llm = createClient({
  // inside the chain: each target is judged by its own price
  use: [fallback(['ollama/llama3.2']), perJob, retry()],
  catalogue: modelFacts({ 'ollama/llama3.2': { prices: { input: 0, output: 0 } } }),
  on: {
    skipped: ({ target, error }) => console.log(`  ${target.provider} is skipped: ${error?.reason}`),
    'call-ended': ({ target, costUSD }) => console.log(`  ${target.provider} answered for $${costUSD?.toFixed(3)}`),
  },
});

async function run(job: string, questions: readonly string[]): Promise<void> {
  for (const content of questions) {
    console.log(`${job}: ${content}`);
    const messages = [{ role: 'user' as const, content }];
    await llm.chat.completions.create(
      { model: 'anthropic/claude-sonnet-4-5', messages, max_tokens: 1000 },
      { metadata: { job } },
    );
  }
}

await run('summaries', ['Summarise chapter 1', 'Summarise chapter 2', 'Summarise chapter 3', 'Summarise chapter 4']);
await run('titles', ['A title for chapter 1']);

for (const job of ['summaries', 'titles']) {
  const { costUSD } = await perJob.spent(job);
  console.log(`${job}: $${costUSD?.spent.toFixed(3)} of $${costUSD?.limit}`);
}
await llm.close();
