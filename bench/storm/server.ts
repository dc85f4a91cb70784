/**
 * The far end of the storm, in a process of its own: the mock server of `holdfast/testing`. `openai` suffers, `anthropic` is well.
 * Told what to do, and asked what it saw, by messages of the parent process.
 */
import { subscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import type { Answer, RecordedRequest } from 'holdfast/testing';
import { startMockServer } from 'holdfast/testing';
import type { FromServer, Seen, ToServer } from './messages.ts';
import { parent } from './parent.ts';
import { mixedAnswer, promptAnswer, Weather, wellAnswer } from './weather.ts';
import { readRequest } from './words.ts';

const connections = new Set<Socket>();
subscribe('net.server.socket', (message) => {
  const { socket } = message as { readonly socket: Socket };
  connections.add(socket);
  socket.once('close', () => connections.delete(socket));
});

let weather: Weather | undefined;
let soaking = false;
let startAt = Number.POSITIVE_INFINITY;
let seed = 0;
const seen: Record<string, Seen[]> = { openai: [], anthropic: [] };
const attempts: Record<string, Map<number, number>> = { openai: new Map(), anthropic: new Map() };

async function answer({ provider, body, at }: RecordedRequest): Promise<Answer> {
  const request = readRequest(body);
  if (request === undefined) throw new Error(`no call's number in a request to ${provider}`);
  const attempt = (attempts[provider]?.get(request.call) ?? 0) + 1;
  attempts[provider]?.set(request.call, attempt);
  const asked = { ...request, attempt, stream: (body as { stream?: unknown }).stream === true, at: at - startAt };
  if (soaking) return provider === 'openai' ? mixedAnswer(asked, seed) : promptAnswer(asked);
  if (request.call >= 0) seen[provider]?.push([request.call, Math.round(asked.at)]);
  if (provider !== 'openai' || weather === undefined) return wellAnswer(asked, seed);
  return weather.answer(asked);
}

const mock = await startMockServer({ answer, keepRequests: 1 });
const run = parent<ToServer, FromServer>();

process.on('message', (message: ToServer) => {
  switch (message.type) {
    case 'storm':
      ({ seed } = message.plan);
      ({ startAt } = message);
      weather = new Weather(message.plan.phases, seed, message.plan.rate);
      break;
    case 'soak':
      ({ seed } = message);
      soaking = true;
      break;
    case 'connections':
      run.tell({ type: 'connections', open: connections.size });
      break;
    case 'report':
      run.tell({ type: 'report', first: seen.openai ?? [], second: seen.anthropic ?? [] });
      break;
  }
});
run.tell({ type: 'ready', first: mock.baseURL('openai'), second: mock.baseURL('anthropic') });
