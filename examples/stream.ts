/** A stream that tells what it has if it breaks. */
import { createClient, isLLMError } from 'holdfast';

const llm = createClient();
const stream = await llm.chat.completions.create({
  model: 'anthropic/claude-sonnet-4-5',
  messages: [{ role: 'user', content: 'Tell me about kelp in three sentences.' }],
  stream: true,
});

try {
  for await (const chunk of stream) process.stdout.write(chunk.choices[0]?.delta.content ?? '');
  console.log(`\n${stream.route.usage?.completion_tokens} tokens from ${stream.route.provider}`);
} catch (error) {
  if (!isLLMError(error) || error.partial === undefined) throw error;
  console.log(`\n${error.kind} after ${error.partial.content.length} characters, which are kept in error.partial`);
}
await llm.close();
