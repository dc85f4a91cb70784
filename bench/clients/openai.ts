import OpenAI from 'openai';
import type { MakeClient } from './client.ts';
import { messagesOf } from './client.ts';

export const make: MakeClient = (origin) => {
  const openai = new OpenAI({ apiKey: 'sk-bench', baseURL: `${origin}/v1` });
  return {
    async call(model, content) {
      const reply = await openai.chat.completions.create({ model, messages: messagesOf(content) as never });
      return reply.choices[0]?.message.content?.length ?? 0;
    },
    async stream(model, onFirst) {
      const stream = await openai.chat.completions.create({
        model,
        messages: [{ role: 'user', content: 'Hello' }],
        stream: true,
      });
      let texts = 0;
      for await (const chunk of stream) if (chunk.choices[0]?.delta.content && ++texts === 1) onFirst?.();
      return texts;
    },
  };
};
