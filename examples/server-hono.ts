/** The same endpoint as one route of a Hono app. */
import { createClient } from 'holdfast';
import { createHandler } from 'holdfast/server';
import { Hono } from 'hono';

const llm = createClient();
const handler = createHandler(llm, { models: { fast: 'openai/gpt-5-mini' } });

const app = new Hono();
app.get('/', (context) => context.text('the front page'));
app.all('/v1/*', (context) => handler(context.req.raw));

const response = await app.request('/v1/chat/completions', {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ model: 'fast', messages: [{ role: 'user', content: 'What is a holdfast?' }] }),
});
const { choices } = (await response.json()) as { choices: { message: { content: string } }[] };
console.log(response.status, response.headers.get('x-holdfast-provider'), choices[0]?.message.content);
await llm.close();
