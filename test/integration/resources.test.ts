import { getEventListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ClientOptions, LLMClient } from '../../src/index.ts';
import { createClient, isLLMError, retry, timeout } from '../../src/index.ts';
import type { Answer, MockServer } from '../../src/testing/index.ts';
import { fault, reply, startMockServer } from '../../src/testing/index.ts';

const PROVIDERS = ['openai', 'anthropic', 'gemini', 'ollama'] as const;
const CALLS = 3000;
const AT_ONCE = 24;
const messages = [{ role: 'user' as const, content: 'Hi' }];

/** What a bad day brings, over and over. */
const ANSWERS: readonly Answer[] = [
  reply('fine'),
  reply({ text: 'fine, with tools', toolCalls: [{ name: 'f', arguments: {} }] }),
  fault.rateLimit(),
  reply('fine'),
  fault.cutAfter(2),
  fault.html(),
  fault.errorEvent(2),
  reply('fine'),
  fault.resetAfterHeaders(),
  fault.noTerminal(),
  fault.garbage(),
  fault.stall(1),
  fault.empty(),
];

let mock: MockServer;
let turn = 0;
beforeAll(async () => {
  mock = await startMockServer({ answer: () => ANSWERS[turn++ % ANSWERS.length] ?? 'fine', keepRequests: 1 });
});
afterAll(() => mock.close());

function client(options: ClientOptions = {}): LLMClient {
  const settings = PROVIDERS.map((id) => [id, { apiKey: 'test', baseURL: mock.baseURL(id) }]);
  return createClient({
    use: [retry({ maxRetries: 1, minDelay: 1, maxDelay: 2 }), timeout({ firstToken: 40, idle: 40, attempt: 60 })],
    ...options,
    providers: Object.fromEntries(settings),
  });
}

/** One call of one of several kinds; typed failures are part of the day. */
async function call(llm: LLMClient, number: number, longLived: AbortSignal): Promise<void> {
  const model = `${PROVIDERS[number % PROVIDERS.length]}/m`;
  const kind = number % 7;
  const own = new AbortController();
  const options = { signal: kind === 5 ? own.signal : longLived };
  try {
    if (kind < 2) await llm.chat.completions.create({ model, messages }, options);
    else if (kind === 5) {
      const pending = llm.chat.completions.create({ model, messages, stream: number % 2 === 0 }, options);
      setTimeout(() => own.abort(), number % 4);
      await pending;
    } else {
      const stream = await llm.chat.completions.create({ model, messages, stream: true }, options);
      for await (const _ of stream) if (kind === 6) break;
    }
  } catch (error) {
    if (!isLLMError(error)) throw error;
  } finally {
    own.abort();
    if (kind === 5) expect(getEventListeners(own.signal, 'abort')).toEqual([]);
  }
}

async function calls(llm: LLMClient, count: number, signal: AbortSignal): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) await call(llm, next++, signal);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

const handles = (): Readonly<Record<string, number>> => {
  const counts: Record<string, number> = {};
  for (const name of process.getActiveResourcesInfo()) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
};

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const NAMES = ['Timeout', 'TCPSocketWrap', 'GetAddrInfoReqWrap'] as const;

/** Polls without a timer of its own, for up to five seconds. */
async function until(holds: () => boolean): Promise<void> {
  const end = performance.now() + 5000;
  while (!holds() && performance.now() < end) await new Promise((resolve) => setImmediate(resolve));
}

it('leaves nothing behind after thousands of mixed calls', { timeout: 60_000 }, async () => {
  const longLived = new AbortController();
  const before = handles();
  const llm = client();
  await calls(llm, 300, longLived.signal);
  collectGarbage();
  const warm = process.memoryUsage().heapUsed;
  await calls(llm, CALLS, longLived.signal);
  expect(getEventListeners(longLived.signal, 'abort')).toEqual([]);
  await llm.close();
  await until(() => NAMES.every((name) => (handles()[name] ?? 0) <= (before[name] ?? 0)));
  expect(NAMES.filter((name) => (handles()[name] ?? 0) > (before[name] ?? 0))).toEqual([]);
  collectGarbage();
  await sleep(10);
  collectGarbage();
  expect((process.memoryUsage().heapUsed - warm) / 2 ** 20).toBeLessThan(10);
});

it('lets go of streams that nobody reads when it is closed', async () => {
  const longLived = new AbortController();
  const llm = client({ use: [] });
  mock.enqueue('openai', fault.stall(3), fault.stall(3));
  const streams = [];
  for (let i = 0; i < 2; i++) {
    streams.push(await llm.chat.completions.create({ model: 'openai/m', messages, stream: true }, { signal: longLived.signal }));
  }
  expect(getEventListeners(longLived.signal, 'abort').length).toBeGreaterThan(0);
  await llm.close();
  expect(getEventListeners(longLived.signal, 'abort')).toEqual([]);
  for (const stream of streams) {
    const read = async (): Promise<number> => {
      let chunks = 0;
      for await (const _ of stream) chunks++;
      return chunks;
    };
    const outcome = await read().then(
      (chunks) => ({ chunks }),
      (error: unknown) => ({ typed: isLLMError(error) }),
    );
    expect([{ typed: true }, { chunks: expect.any(Number) }]).toContainEqual(outcome);
  }
});

it('keeps no timer when nothing is running', async () => {
  const before = handles().Timeout ?? 0;
  const llm = client({ use: [timeout()] });
  mock.enqueue('openai', 'fine');
  await llm.chat.completions.create({ model: 'openai/m', messages });
  await until(() => (handles().Timeout ?? 0) <= before);
  expect(handles().Timeout ?? 0).toBeLessThanOrEqual(before);
  await llm.close();
});
