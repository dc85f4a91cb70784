/** An OpenAI-compatible endpoint on Node's own HTTP server, and the official client that uses it. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createClient, fallback, retry } from 'holdfast';
import { createHandler, nodeListener } from 'holdfast/server';
import OpenAI from 'openai';

const llm = createClient({ use: [fallback(['anthropic/claude-sonnet-4-5']), retry()] });
const handler = createHandler(llm, { keys: ['key-of-the-team'], models: { fast: 'openai/gpt-5-mini' } });
const server = createServer(nodeListener(handler)).listen(0, '127.0.0.1');
await new Promise((resolve) => server.once('listening', resolve));
const { port } = server.address() as AddressInfo;

const openai = new OpenAI({ apiKey: 'key-of-the-team', baseURL: `http://127.0.0.1:${port}/v1`, maxRetries: 0 });
const stream = await openai.chat.completions.create({
  model: 'fast',
  messages: [{ role: 'user', content: 'What is a holdfast?' }],
  stream: true,
});
for await (const chunk of stream) process.stdout.write(chunk.choices[0]?.delta.content ?? '');
process.stdout.write('\n');

const stranger = new OpenAI({ apiKey: 'key-of-nobody', baseURL: `http://127.0.0.1:${port}/v1`, maxRetries: 0 });
await stranger.models.list().catch((e: Error) => console.log(e.message));

server.close();
server.closeAllConnections();
await llm.close();
