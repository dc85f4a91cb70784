/** A model that thinks, over two turns: the message goes back unchanged, and with it the signatures of its thoughts. */
import { type ChatMessageParam, createClient } from 'holdfast';

const llm = createClient();
const settings = {
  model: 'anthropic/claude-sonnet-4-5',
  providerOptions: { anthropic: { thinking: { type: 'enabled' as const, budget_tokens: 2048 } } },
};
const messages: ChatMessageParam[] = [{ role: 'user', content: 'Is 2027 a prime number?' }];

const first = await llm.chat.completions.create({ ...settings, messages });
const message = first.choices[0]?.message;
if (message === undefined) throw new Error('no answer');
console.log(`thought: ${message.reasoning_content}`);
console.log(`said: ${message.content}`);

messages.push(message, { role: 'user', content: 'And 2029?' });
const second = await llm.chat.completions.create({ ...settings, messages });
console.log(`said: ${second.choices[0]?.message.content}`);
console.log(`${message.thinking_blocks?.length ?? 0} thinking block(s) went back with the second question`);
await llm.close();
