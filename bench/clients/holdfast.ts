import { createClient } from 'holdfast';
import type { MakeClient } from './client.ts';
import { messagesOf } from './client.ts';

const makeWith =
  (options: object): MakeClient =>
  (origin) => {
    const llm = createClient({ providers: { openai: { apiKey: 'sk-bench', baseURL: `${origin}/v1` } }, ...options });
    return {
      async call(model, content) {
        const reply = await llm.chat.completions.create({ model: `openai/${model}`, messages: messagesOf(content) as never });
        return reply.choices[0]?.message.content?.length ?? 0;
      },
      async stream(model, onFirst) {
        const stream = await llm.chat.completions.create({
          model: `openai/${model}`,
          messages: [{ role: 'user', content: 'Hello' }],
          stream: true,
        });
        let texts = 0;
        for await (const chunk of stream) if (chunk.choices[0]?.delta.content && ++texts === 1) onFirst?.();
        return texts;
      },
    };
  };

/** With the default layers: fallback, retry, circuit breaker, timeouts. */
export const make: MakeClient = makeWith({});

/** The same on fetch instead of undici. */
export const makeOnFetch: MakeClient = makeWith({ fetch: (...request: Parameters<typeof fetch>) => fetch(...request) });
