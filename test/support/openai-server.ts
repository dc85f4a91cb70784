import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the server received. */
export interface Received {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: { readonly [field: string]: never } & {
    readonly messages?: readonly { readonly [field: string]: unknown }[];
    readonly stream?: boolean;
  };
}

export type Handler = (request: Received, response: ServerResponse) => void | Promise<void>;

export interface OpenAIServer {
  readonly baseURL: string;
  readonly requests: Received[];
  /** Answers of the next requests, in order; the last one stays. */
  answer(...handlers: Handler[]): void;
  close(): Promise<void>;
}

/** A server on the loopback interface that says what it is told to, in OpenAI's protocol. */
export async function startOpenAIServer(): Promise<OpenAIServer> {
  const requests: Received[] = [];
  let handlers: Handler[] = [reply('Hello')];
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const part of request) text += part;
    const received = { path: request.url ?? '', headers: request.headers, body: text === '' ? {} : JSON.parse(text) };
    requests.push(received);
    const handler = handlers.length > 1 ? handlers.shift() : handlers[0];
    await handler?.(received, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    baseURL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    requests,
    answer: (...next) => {
      handlers = next;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export const USAGE = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 };

/** A whole chat completion. */
export function reply(content: string | null, message: object = {}, choice: object = {}): Handler {
  return json(200, {
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: 1,
    model: 'small-1',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content, refusal: null, ...message },
        finish_reason: 'stop',
        logprobs: null,
        ...choice,
      },
    ],
    usage: USAGE,
  });
}

export function json(status: number, body: unknown, headers: Record<string, string> = {}): Handler {
  return (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json', 'x-request-id': 'req_1', ...headers });
    response.end(JSON.stringify(body));
  };
}

export const failure = (status: number, message = 'no', headers: Record<string, string> = {}): Handler =>
  json(status, { error: { message, type: 'error', code: null, param: null } }, headers);

/** Never answers. */
export const silence: Handler = () => {};

export const chunk = (delta: object, finish_reason: string | null = null): object => ({
  id: 'chatcmpl-1',
  object: 'chat.completion.chunk',
  created: 1,
  model: 'small-1',
  choices: [{ index: 0, delta, finish_reason, logprobs: null }],
});

export const usageChunk: object = { ...chunk({}), choices: [], usage: USAGE };

export interface StreamEnding {
  /** `done` ends well; `open` leaves the stream hanging; `cut` destroys the socket. */
  readonly ending?: 'done' | 'open' | 'cut';
  /** Milliseconds between events; all in one write when left out. */
  readonly every?: number;
}

/** A stream of chunks. */
export function stream(chunks: readonly object[], { ending = 'done', every }: StreamEnding = {}): Handler {
  return async (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'x-request-id': 'req_2' });
    const events = chunks.map((data) => `data: ${JSON.stringify(data)}\n\n`);
    if (every === undefined) response.write(events.join(''));
    else {
      for (const event of events) {
        response.write(event);
        await new Promise((resolve) => setTimeout(resolve, every));
      }
    }
    if (ending === 'done') response.end('data: [DONE]\n\n');
    if (ending === 'cut') setTimeout(() => response.destroy(), 20);
  };
}

export const textStream = (...words: string[]): object[] => [
  chunk({ role: 'assistant', content: '' }),
  ...words.map((content) => chunk({ content })),
  chunk({}, 'stop'),
  usageChunk,
];
