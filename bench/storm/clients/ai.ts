import { createOpenAI } from '@ai-sdk/openai';
import { generateText, streamText } from 'ai';
import type { MakeStormClient } from './client.ts';
import { MODEL } from './client.ts';

export const make: MakeStormClient = ({ first }) => {
  const model = createOpenAI({ apiKey: 'k', baseURL: first }).chat(MODEL);
  return {
    settings: 'its defaults: maxRetries 2',
    async ask({ prompt, stream, deadlineMs, onText }) {
      const params = { model, prompt, abortSignal: AbortSignal.timeout(deadlineMs) };
      if (!stream) {
        onText((await generateText(params)).text);
        return;
      }
      // `textStream` just ends when a stream breaks; what broke it is told among the parts of `fullStream`.
      for await (const part of streamText({ ...params, onError: () => {} }).fullStream) {
        if (part.type === 'text-delta') onText(part.text);
        else if (part.type === 'error') throw part.error;
        else if (part.type === 'abort') throw params.abortSignal.reason;
        else if (part.type === 'finish' && String(part.finishReason) === 'interrupted') throw new Error('interrupted');
      }
    },
  };
};
