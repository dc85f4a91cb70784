import { Agent, request } from 'undici';
import type { MakeClient } from './client.ts';
import { messagesOf } from './client.ts';
import { readTexts } from './read-texts.ts';

/** What a careful engineer writes by hand. */
export const make: MakeClient = (origin) => {
  const dispatcher = new Agent({ connections: null, pipelining: 1 });
  const url = `${origin}/v1/chat/completions`;
  const headers = { 'content-type': 'application/json', authorization: 'Bearer sk-bench' };
  return {
    async call(model, content) {
      const body = JSON.stringify({ model, messages: messagesOf(content) });
      const response = await request(url, { method: 'POST', headers, body, dispatcher });
      if (response.statusCode !== 200) throw new Error(`status ${response.statusCode}`);
      const reply = JSON.parse(await response.body.text()) as { choices: [{ message: { content: string } }] };
      return reply.choices[0].message.content.length;
    },
    async stream(model, onFirst) {
      const body = JSON.stringify({ model, messages: messagesOf('Hello'), stream: true });
      const response = await request(url, { method: 'POST', headers, body, dispatcher });
      if (response.statusCode !== 200) throw new Error(`status ${response.statusCode}`);
      return readTexts(response.body, onFirst);
    },
  };
};
