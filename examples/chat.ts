/** One call to each of four services. The keys of those that you have are enough. */
import { createClient, isLLMError } from 'holdfast';

const llm = createClient();
const models = ['openai/gpt-5-mini', 'anthropic/claude-sonnet-4-5', 'gemini/gemini-2.5-flash', 'ollama/llama3.2'];

for (const model of models) {
  try {
    const reply = await llm.chat.completions.create({
      model,
      messages: [{ role: 'user', content: 'What holds kelp to the rock? One word.' }],
    });
    console.log(`${model}: ${reply.choices[0]?.message.content} (${reply.usage?.total_tokens} tokens)`);
  } catch (error) {
    if (!isLLMError(error, 'configuration', 'connection')) throw error;
    console.log(`${model}: not reachable from here (${error.reason})`);
  }
}
await llm.close();
