/** Two ways to bound a call: a signal of yours, and one deadline over all attempts, waits and fallbacks. */
import { createClient, isLLMError } from 'holdfast';

const llm = createClient();
const question = { model: 'openai/gpt-5-mini', messages: [{ role: 'user' as const, content: 'Count to a thousand.' }] };

const controller = new AbortController();
setTimeout(() => controller.abort(new Error('the user went away')), 100);
try {
  await llm.chat.completions.create(question, { signal: controller.signal });
  console.log('answered before the user went away');
} catch (error) {
  if (!isLLMError(error, 'aborted')) throw error;
  console.log(`${error.kind}: ${String(error.cause)}`);
}

try {
  await llm.chat.completions.create(question, { deadline: 100 });
  console.log('answered in time');
} catch (error) {
  if (!isLLMError(error, 'timeout')) throw error;
  console.log(`${error.kind}: ${error.phase}, after ${error.attempts.length} attempt(s)`);
}
await llm.close();
