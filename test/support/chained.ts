import { createServer } from 'node:net';
import { Worker } from 'node:worker_threads';
import type { ClientEvent, ClientEventName, ClientOptions, LLMClient } from '../../src/index.ts';
import { createClient } from '../../src/index.ts';
import { PROVIDERS } from '../../src/providers/registry.ts';
import type { FakeClock, MockServer, MockServerOptions } from '../../src/testing/index.ts';
import { startMockServer } from '../../src/testing/index.ts';
import { mockProvider } from '../../src/testing/mock-dialects.ts';
import { ServerSockets } from './conformance/server-sockets.ts';
import { settingsAt } from './provider-settings.ts';

export const FIRST = 'openai/gpt-4o-mini';
export const SECOND = 'anthropic/claude-sonnet-4-5';
export const THIRD = 'gemini/gemini-2.5-flash';
export const messages: readonly [{ readonly role: 'user'; readonly content: string }] = [
  { role: 'user' as const, content: 'Hi' },
];

/** Every event that a client tells. */
export const EVENTS: readonly ClientEventName[] = [
  'call-started',
  'attempt-started',
  'attempt-ended',
  'waiting',
  'skipped',
  'fallback',
  'stream-committed',
  'resumed',
  'breaker-changed',
  'budget-empty',
  'cooldown',
  'hedge',
  'cache-hit',
  'store-degraded',
  'store-restored',
  'deadline',
  'warning',
  'call-ended',
];

/** Clients of one mock server, with everything that they tell. */
export interface Chained {
  readonly mock: MockServer;
  /** What all clients told, in order. */
  readonly events: ClientEvent[];
  client(options?: ClientOptions): LLMClient;
  /** The provider of every request so far. */
  asked(): string[];
  eventsOf<N extends ClientEventName>(name: N): Extract<ClientEvent, { readonly type: N }>[];
  /** Connections that stand between the clients and the mock. */
  connections(): number;
  close(): Promise<void>;
}

export async function startChained(options: MockServerOptions = {}): Promise<Chained> {
  const sockets = new ServerSockets();
  const mock = await startMockServer(options);
  const ids = mock.providers.filter((id) => Object.hasOwn(PROVIDERS, id));
  const clients: LLMClient[] = [];
  const events: ClientEvent[] = [];
  return {
    mock,
    events,
    client(given = {}) {
      const settings = ids.map((id) => [id, settingsOf(mock, id)]);
      const llm = createClient({ ...given, providers: { ...Object.fromEntries(settings), ...given.providers } });
      for (const name of EVENTS) llm.on(name, (event) => events.push(event));
      clients.push(llm);
      return llm;
    },
    asked: () => mock.requests.map(({ provider }) => provider),
    eventsOf: (name) => events.filter((event): event is never => event.type === name),
    connections: () => mock.providers.reduce((sum, id) => sum + sockets.at(mock.baseURL(id)).length, 0),
    async close() {
      await Promise.all(clients.map((llm) => llm.close()));
      await mock.close();
      sockets.close();
    },
  };
}

function settingsOf(mock: MockServer, id: string): object {
  const { origin } = new URL(mock.baseURL(id));
  return { ...settingsAt(id, `${origin}/${id}`, origin), ...mockProvider(id).settings?.(mock.baseURL) };
}

/** Lets every wait of a client pass as soon as it is told: `createClient({ clock, on: passing(clock) })`. */
export const passing = (clock: FakeClock): NonNullable<ClientOptions['on']> => ({
  waiting: ({ ms }) => void clock.advance(ms),
});

/** Polls without a timer; fails after five seconds. */
export async function until(holds: () => boolean): Promise<void> {
  const end = performance.now() + 5000;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`never came true: ${holds}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** The text of a stream, and what ended it if that was an error. */
export async function readAll(stream: AsyncIterable<unknown>): Promise<{ readonly text: string; readonly error?: unknown }> {
  let text = '';
  try {
    for await (const chunk of stream) text += textOf(chunk);
  } catch (error) {
    return { text, error };
  }
  return { text };
}

const textOf = (chunk: unknown): string =>
  (chunk as { choices: { delta?: { content?: string | null } }[] }).choices[0]?.delta?.content ?? '';

export interface BlackHole {
  readonly origin: string;
  /** Connections that this process is trying to make. */
  knocking(): number;
  close(): Promise<void>;
}

/** An address where no connection is ever made: its queue of connections is full and nobody takes from it. */
export async function startBlackHole(): Promise<BlackHole> {
  const port = await freePort();
  const worker = new Worker(
    `const { parentPort, workerData } = require('node:worker_threads');
     const server = require('node:net').createServer();
     server.listen({ port: workerData, host: '127.0.0.1', backlog: 1 }, () => {
       parentPort.postMessage('listening');
       setTimeout(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0), 20);
     });`,
    { eval: true, workerData: port },
  );
  await new Promise((resolve) => worker.once('message', resolve));
  const { connect } = await import('node:net');
  await new Promise((resolve) => setTimeout(resolve, 60));
  const fillers = Array.from({ length: 4 }, () => connect(port, '127.0.0.1').on('error', () => {}));
  await new Promise((resolve) => setTimeout(resolve, 60));
  const connecting = (): number => process.getActiveResourcesInfo().filter((name) => name === 'ConnectWrap').length;
  const own = connecting();
  return {
    knocking: () => connecting() - own,
    origin: `http://127.0.0.1:${port}`,
    async close() {
      for (const filler of fillers) filler.destroy();
      await worker.terminate();
    },
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
