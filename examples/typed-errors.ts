/** What to do about a failure, by its kind. The classes are subclasses of those of openai. */
import { createClient, isLLMError, type LLMError } from 'holdfast';
import OpenAI from 'openai';

function advice(error: LLMError): string {
  switch (error.kind) {
    case 'rate_limit':
      return `come back in ${error.retryAfterMs ?? 1000} ms`;
    case 'insufficient_credits':
      return 'top up; waiting does not help';
    case 'context_window_exceeded':
      return 'shorten the prompt or take a larger model';
    case 'content_policy_violation':
      return 'ask for something else';
    case 'authentication':
      return 'look at the key';
    case 'timeout':
      return `the limit "${error.phase}" ran out`;
    default:
      return error.retryable ? 'try again' : 'read the message';
  }
}

const llm = createClient({ use: [] });
try {
  await llm.chat.completions.create({ model: 'openai/gpt-5-mini', messages: [{ role: 'user', content: 'Hello' }] });
  console.log('no failure this time');
} catch (error) {
  if (!isLLMError(error)) throw error;
  console.log(error.message);
  console.log(`${error.name}: ${advice(error)}`);
  console.log(`OpenAI.RateLimitError: ${error instanceof OpenAI.RateLimitError}`);
}
await llm.close();
