import type { MakeClient } from './client.ts';
import { messagesOf } from './client.ts';
import { readTexts } from './read-texts.ts';

/** The same by hand on global fetch. */
export const make: MakeClient = (origin) => {
  const url = `${origin}/v1/chat/completions`;
  const headers = { 'content-type': 'application/json', authorization: 'Bearer sk-bench' };
  return {
    async call(model, content) {
      const response = await fetch(url, {
        method: 'POST',
        headers,
        body: JSON.stringify({ model, messages: messagesOf(content) }),
      });
      if (!response.ok) throw new Error(`status ${response.status}`);
      const reply = (await response.json()) as { choices: [{ message: { content: string } }] };
      return reply.choices[0].message.content.length;
    },
    async stream(model, onFirst) {
      const body = JSON.stringify({ model, messages: messagesOf('Hello'), stream: true });
      const response = await fetch(url, { method: 'POST', headers, body });
      if (!response.ok || response.body === null) throw new Error(`status ${response.status}`);
      return readTexts(response.body, onFirst);
    },
  };
};
