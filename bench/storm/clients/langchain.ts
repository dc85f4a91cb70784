import { ChatOpenAI } from '@langchain/openai';
import type { MakeStormClient } from './client.ts';
import { MODEL, messagesOf } from './client.ts';

export const make: MakeStormClient = ({ first }) => {
  const chat = new ChatOpenAI({ apiKey: 'k', model: MODEL, configuration: { baseURL: first } });
  return {
    settings: 'its defaults: maxRetries 6',
    async ask({ prompt, stream, deadlineMs, onText }) {
      const options = { signal: AbortSignal.timeout(deadlineMs) };
      if (!stream) {
        onText((await chat.invoke(messagesOf(prompt), options)).text);
        return;
      }
      for await (const chunk of await chat.stream(messagesOf(prompt), options)) onText(chunk.text);
      options.signal.throwIfAborted();
    },
  };
};
