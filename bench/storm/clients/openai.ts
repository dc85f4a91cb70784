import OpenAI from 'openai';
import type { MakeStormClient } from './client.ts';
import { MODEL, messagesOf } from './client.ts';

export const make: MakeStormClient = ({ first }) => {
  const openai = new OpenAI({ apiKey: 'k', baseURL: first });
  return {
    settings: `its defaults: maxRetries ${openai.maxRetries}`,
    async ask({ prompt, stream, deadlineMs, onText }) {
      const params = { model: MODEL, messages: messagesOf(prompt) };
      const options = { signal: AbortSignal.timeout(deadlineMs) };
      if (!stream) {
        const reply = await openai.chat.completions.create(params, options);
        onText(reply.choices[0]?.message.content ?? '');
        return;
      }
      const chunks = await openai.chat.completions.create({ ...params, stream: true }, options);
      for await (const chunk of chunks) onText(chunk.choices[0]?.delta.content ?? '');
      options.signal.throwIfAborted();
    },
  };
};
