import type { OperationName, RequestOf, ResultOf } from '../../src/contract/call.ts';
import type { Operation } from '../../src/contract/codec.ts';
import type { ProviderContext, ProviderDefinition, ProviderSettings } from '../../src/contract/provider.ts';
import type { Transport, WireRequest } from '../../src/contract/wire.ts';
import { systemClock } from '../../src/time/clock.ts';
import { DeadlineList } from '../../src/time/deadline-list.ts';
import { createConnection } from '../../src/wire/connection.ts';
import { callOf } from './call.ts';

/** What went out, taken apart. */
export interface Sent {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Record<string, unknown>;
}

/** A transport that keeps every request and gives one answer to all of them. */
export class RecordingTransport implements Transport {
  readonly sent: Sent[] = [];
  readonly #answer: string;
  readonly #type: string;

  constructor(answer: object | string) {
    this.#answer = typeof answer === 'string' ? answer : JSON.stringify(answer);
    this.#type = typeof answer === 'string' ? 'text/event-stream' : 'application/json';
  }

  dispatch(request: WireRequest, receiver: Parameters<Transport['dispatch']>[1]): ReturnType<Transport['dispatch']> {
    const headers: Record<string, string> = {};
    for (let i = 0; i < request.headers.length; i += 2) headers[request.headers[i] ?? ''] = request.headers[i + 1] ?? '';
    const text =
      typeof request.body === 'string' ? request.body : new TextDecoder().decode(request.body as Uint8Array | undefined);
    this.sent.push({
      method: request.method,
      url: request.origin + request.path,
      headers,
      body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>),
    });
    queueMicrotask(() => {
      receiver.connected();
      receiver.head(200, { 'content-type': this.#type });
      receiver.data(new TextEncoder().encode(this.#answer));
      receiver.end();
    });
    return { pause: () => {}, resume: () => {}, abort: () => {} };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

export const PLAIN_REPLY: Readonly<Record<string, unknown>> = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1_794_000_000,
  model: 'm',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hi', refusal: null }, finish_reason: 'stop', logprobs: null }],
  usage: { prompt_tokens: 3, completion_tokens: 1, total_tokens: 4 },
};

export const PLAIN_STREAM: string =
  'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":"stop"}]}\n\n' +
  'data: [DONE]\n\n';

/** A provider as the client would make it, over a transport that records. */
export function providerOn(
  definition: ProviderDefinition,
  options: { settings?: ProviderSettings; env?: Record<string, string>; answer?: object | string; id?: string } = {},
): {
  readonly sent: readonly Sent[];
  /** Calls an operation; fails where the provider has none. */
  run<K extends OperationName>(
    operation: K,
    request: RequestOf<K>,
    changes?: Parameters<typeof callOf<K>>[2],
  ): Promise<{ result: ResultOf<K>; sent: Sent; warnings: readonly string[] }>;
  readonly offers: readonly string[];
} {
  const { settings = {}, env = {}, answer = PLAIN_REPLY, id = definition.id } = options;
  const transport = new RecordingTransport(answer);
  const deadlines = new DeadlineList(systemClock);
  const context: ProviderContext = {
    id,
    settings: { ...definition.settings, ...settings },
    env: (name) => (Object.hasOwn(env, name) ? env[name] : undefined),
    connect: (spec) =>
      createConnection(spec, {
        provider: id,
        transport: () => transport,
        deadlines,
        clock: systemClock,
        maxResponseBytes: 1 << 20,
        headers: { ...definition.settings?.headers, ...settings.headers },
        sendCorrelationId: false,
      }),
  };
  const provider = definition.create(context);
  return {
    sent: transport.sent,
    offers: Object.keys(provider.operations),
    async run(operation, request, changes = {}) {
      const call = callOf(operation, request, { provider: id, model: 'some/model', ...changes });
      const perform = provider.operations[operation] as Operation<typeof operation> | undefined;
      if (perform === undefined) throw new Error(`${id} does not offer ${operation}`);
      const result = await perform(call);
      const last = transport.sent.at(-1);
      if (last === undefined) throw new Error('nothing was sent');
      return { result, sent: last, warnings: call.warnings };
    },
  };
}
