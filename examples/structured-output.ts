/** An answer with the shape of a zod schema, from any provider. */
import { createClient, isLLMError } from 'holdfast';
import { zodResponseFormat } from 'openai/helpers/zod';
import { z } from 'zod';

const Organism = z.object({ name: z.string(), kingdom: z.string(), edible: z.boolean() });

const llm = createClient();
try {
  const reply = await llm.chat.completions.parse({
    model: 'gemini/gemini-2.5-flash',
    messages: [{ role: 'user', content: 'Describe sugar kelp.' }],
    response_format: zodResponseFormat(Organism, 'organism'),
  });
  const organism = reply.choices[0]?.message.parsed;
  console.log(`${organism?.name} belongs to ${organism?.kingdom}; edible: ${organism?.edible}`);
} catch (error) {
  if (!isLLMError(error, 'response_validation')) throw error;
  console.log(`not what was asked for: ${error.message}`);
}
await llm.close();
