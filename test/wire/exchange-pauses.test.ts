import { expect, it } from 'vitest';
import type { LLMClient, Middleware, Receiver, Transport } from '../../src/index.ts';
import { coalesce, createClient, fallback, openaiCompatible, timeout } from '../../src/index.ts';
import type { FakeClock } from '../../src/testing/index.ts';
import { fakeClock } from '../../src/testing/index.ts';
import { chunk } from '../support/openai-server.ts';

const order = { model: 'mine/m', messages: [{ role: 'user' as const, content: 'Hi' }], stream: true } as const;
/** More than a stream queues. */
const WORDS: readonly object[] = Array.from({ length: 1_100 }, (_, i) => chunk({ content: `${i} ` }));
const END: readonly unknown[] = [chunk({}, 'stop'), '[DONE]'];

/** One exchange, read by read, as a transport would see it. */
class HandOperated implements Transport {
  paused = false;
  aborted = false;
  #receiver: Receiver | undefined;

  dispatch(_request: unknown, receiver: Receiver) {
    queueMicrotask(() => {
      this.#receiver = receiver;
      receiver.connected();
      receiver.head(200, { 'content-type': 'text/event-stream' });
    });
    return {
      pause: () => {
        this.paused = true;
      },
      resume: () => {
        this.paused = false;
      },
      abort: () => {
        this.aborted = true;
      },
    };
  }

  /** Events in one read. */
  async read(...events: readonly unknown[]): Promise<void> {
    while (this.#receiver === undefined) await new Promise((resolve) => setTimeout(resolve, 2));
    const text = events.map((data) => `data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`).join('');
    this.#receiver.data(new TextEncoder().encode(text));
  }

  async close(): Promise<void> {}
}

const clientOn = (transport: Transport, clock: FakeClock, use: Middleware[]): LLMClient =>
  createClient({ clock, transport, use, providers: { mine: openaiCompatible({ baseURL: 'http://x.invalid/v1', apiKey: 'k' }) } });

it('a stream that ends while its reader lags is drained at once, and its connection closed if nothing ends it', async () => {
  const clock = fakeClock();
  const transport = new HandOperated();
  const llm = clientOn(transport, clock, []);
  const call = llm.chat.completions.create(order);
  await transport.read(...WORDS);
  const opened = await call;
  await transport.read(...WORDS, ...END);
  expect(transport.paused).toBe(false);
  let count = 0;
  for await (const _ of opened) count++;
  expect(count).toBe(2 * WORDS.length + 1);
  expect(transport.aborted).toBe(false);
  await clock.advance(2_000);
  expect(transport.aborted).toBe(true);
  await llm.close();
});

it('what arrives after a pause starts no limit: the reader is slow, not the provider', async () => {
  const clock = fakeClock();
  const transport = new HandOperated();
  const llm = clientOn(transport, clock, [coalesce(), timeout({ idle: 1_000 })]);
  const calls = [llm.chat.completions.create(order), llm.chat.completions.create(order)];
  await transport.read(...WORDS);
  const [fast, slow] = await Promise.all(calls);
  const reader = fast?.[Symbol.asyncIterator]();
  for (let i = 0; i < WORDS.length; i++) await reader?.next();
  await reader?.return?.();
  expect(transport.paused).toBe(true);
  await transport.read(chunk({ content: 'on its way' }));
  await clock.advance(10_000);
  await transport.read(...END);
  let text = '';
  for await (const { choices } of slow as NonNullable<typeof slow>) text += choices[0]?.delta.content ?? '';
  expect(text.endsWith('1099 on its way')).toBe(true);
  await llm.close();
});

it.each<[string, () => Middleware[]]>([
  ['alone', () => []],
  ['shared', () => [coalesce()]],
  ['that may be resumed', () => [fallback([], { resume: true })]],
])('a stream %s, whose reader lags, is paused after a few large chunks', async (_, use) => {
  const transport = new HandOperated();
  const llm = clientOn(transport, fakeClock(), use());
  const call = llm.chat.completions.create(order);
  await transport.read(chunk({ content: 'a' }));
  const reader = (await call)[Symbol.asyncIterator]();
  await reader.next();
  const large = chunk({ content: 'x'.repeat(400_000) });
  for (let i = 0; i < 2; i++) await transport.read(large);
  expect(transport.paused).toBe(false);
  await transport.read(large);
  expect(transport.paused).toBe(true);
  for (let i = 0; i < 3; i++) await reader.next();
  expect(transport.paused).toBe(false);
  await llm.close();
});
