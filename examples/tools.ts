/** The model asks for functions until it can answer; the loop is openai's own. */
import { createClient } from 'holdfast';
import { z } from 'zod';

const Place = z.object({ city: z.string() });

const llm = createClient();
const runner = llm.chat.completions.runTools({
  model: 'anthropic/claude-sonnet-4-5',
  messages: [{ role: 'user', content: 'Do I need an umbrella in Oslo today?' }],
  tools: [
    {
      type: 'function',
      function: {
        name: 'get_weather',
        description: 'The weather of a city, today.',
        parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
        parse: (json: string) => Place.parse(JSON.parse(json)),
        function: ({ city }: z.infer<typeof Place>) => `${city}: rain, 9 °C`,
      },
    },
  ],
});

runner.on('functionToolCall', ({ name, arguments: json }) => console.log(`→ ${name}(${json})`));
runner.on('functionToolCallResult', (result) => console.log(`← ${result}`));
console.log(await runner.finalContent());
await llm.close();
