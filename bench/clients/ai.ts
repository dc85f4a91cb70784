import { createOpenAI } from '@ai-sdk/openai';
import { generateText, streamText } from 'ai';
import type { MakeClient } from './client.ts';

export const make: MakeClient = (origin) => {
  const openai = createOpenAI({ apiKey: 'sk-bench', baseURL: `${origin}/v1` });
  return {
    async call(model, content) {
      const messages =
        typeof content === 'string'
          ? [{ role: 'user' as const, content }]
          : [
              {
                role: 'user' as const,
                content: [
                  { type: 'text' as const, text: content.text },
                  { type: 'image' as const, image: content.image },
                ],
              },
            ];
      const reply = await generateText({ model: openai.chat(model), messages });
      return reply.text.length;
    },
    async stream(model, onFirst) {
      let texts = 0;
      for await (const text of streamText({ model: openai.chat(model), prompt: 'Hello' }).textStream)
        if (text && ++texts === 1) onFirst?.();
      return texts;
    },
  };
};
