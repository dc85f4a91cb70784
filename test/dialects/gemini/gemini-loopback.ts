import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { MockAnswer, MockAsk, MockReply, MockRequest } from '../../../src/contract/mock.ts';
import type { Provider } from '../../../src/contract/provider.ts';
import type { Transport } from '../../../src/contract/wire.ts';
import { geminiServer } from '../../../src/dialects/gemini/server.ts';
import { gemini } from '../../../src/providers/gemini/gemini.ts';
import { systemClock } from '../../../src/time/clock.ts';
import { DeadlineList } from '../../../src/time/deadline-list.ts';
import { createConnection } from '../../../src/wire/connection.ts';
import { undiciTransport } from '../../../src/wire/undici-transport.ts';

/** What the server says next: a scripted reply, or whatever a function makes of the question. */
export type Script = MockReply | ((ask: MockAsk) => MockAnswer | { readonly frames: readonly string[] });

export const said = (changes: Partial<MockReply>): MockReply => ({
  text: '',
  toolCalls: [],
  reasoning: '',
  usage: { promptTokens: 12, completionTokens: 34 },
  finishReason: 'stop',
  chunks: 3,
  ...changes,
});

/** A loopback server that speaks through `server.ts`, and the provider that talks to it. */
export interface GeminiLoopback {
  readonly baseURL: string;
  readonly provider: Provider;
  readonly requests: MockRequest[];
  script: Script;
  close(): Promise<void>;
}

export async function startGeminiLoopback(): Promise<GeminiLoopback> {
  const requests: MockRequest[] = [];
  const server: Server = createServer(async (incoming, outgoing) => {
    let text = '';
    for await (const bytes of incoming) text += bytes;
    const headers = Object.fromEntries(Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]));
    const body: unknown = text === '' ? undefined : JSON.parse(text);
    const request = { method: incoming.method ?? '', path: incoming.url ?? '', headers, body };
    requests.push(request);
    const told = tell(request, loopback.script);
    outgoing.writeHead(told.status, { ...told.headers });
    for (const piece of told.pieces) outgoing.write(piece);
    outgoing.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const baseURL = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const transport = undiciTransport({});
  const loopback: GeminiLoopback = {
    baseURL,
    provider: providerAt(baseURL, transport),
    requests,
    script: said({ text: 'Hello' }),
    async close() {
      await transport.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return loopback;
}

function tell(request: MockRequest, script: Script) {
  const ask = geminiServer.ask(request);
  if (!geminiServer.authorized(request)) return whole(geminiServer.failure('auth', ask, {}));
  if (ask === undefined) return whole(geminiServer.failure('notFound', ask, {}));
  if (typeof script === 'function') {
    const made = script(ask);
    return 'frames' in made ? framed({ 'content-type': 'text/event-stream' }, made.frames) : whole(made);
  }
  if (ask.operation === 'models') return whole(geminiServer.models(['gemini-3.6-flash', 'gemini-embedding-001'], ask));
  if (ask.operation === 'embed') {
    const vectors = (ask.inputs ?? []).map((text) => [text.length, ask.dimensions ?? 3, 0.5]);
    return whole(geminiServer.embeddings?.(vectors, ask) ?? geminiServer.failure('notFound', ask, {}));
  }
  if (!ask.stream) return whole(geminiServer.reply(script, ask));
  const { headers, frames } = geminiServer.stream(script, ask);
  return framed(
    headers,
    frames.map((frame) => frame.text),
  );
}

const framed = (headers: Readonly<Record<string, string>>, pieces: readonly string[]) => ({ status: 200, headers, pieces });

const whole = ({ status, headers, body }: MockAnswer) => ({
  status,
  headers,
  pieces: [typeof body === 'string' ? body : JSON.stringify(body)],
});

function providerAt(baseURL: string, transport: Transport): Provider {
  return gemini.create({
    id: 'gemini',
    settings: { apiKey: 'test-key', baseURL },
    env: () => undefined,
    connect: (spec) =>
      createConnection(spec, {
        provider: 'gemini',
        transport: () => transport,
        deadlines: new DeadlineList(systemClock),
        clock: systemClock,
        maxResponseBytes: 2 ** 26,
        headers: {},
        sendCorrelationId: false,
      }),
  });
}
