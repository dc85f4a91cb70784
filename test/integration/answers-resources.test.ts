import { getEventListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { LLMClient } from '../../src/index.ts';
import { cache, coalesce, createClient, isLLMError, retry, timeout } from '../../src/index.ts';
import type { Answer, MockServer } from '../../src/testing/index.ts';
import { fault, reply, startMockServer } from '../../src/testing/index.ts';
import { until } from '../support/chained.ts';
import { ServerSockets } from '../support/conformance/server-sockets.ts';

/** What a bad day brings, over and over. */
const ANSWERS: readonly Answer[] = [
  reply('fine'),
  reply({ text: 'fine, with tools', toolCalls: [{ name: 'f', arguments: {} }] }),
  fault.unavailable(),
  fault.cutAfter(2),
  reply({ text: 'one by one', delayMs: 1 }),
  fault.errorEvent(2),
  fault.resetAfterHeaders(),
  fault.stall(1),
];
const CALLS = 3000;
const AT_ONCE = 32;

let mock: MockServer;
let turn = 0;
const sockets = new ServerSockets();
beforeAll(async () => {
  mock = await startMockServer({ answer: () => ANSWERS[turn++ % ANSWERS.length] ?? 'fine', keepRequests: 1 });
});
afterAll(async () => {
  await mock.close();
  sockets.close();
});

/** One call of one of several kinds, to one of a few questions; typed failures are part of the day. */
async function call(llm: LLMClient, number: number, longLived: AbortSignal): Promise<void> {
  const messages = [{ role: 'user' as const, content: `question ${Math.floor(number / 60)}` }];
  const kind = number % 5;
  const own = new AbortController();
  const signal = kind === 4 ? own.signal : longLived;
  const options = {
    signal,
    ...(number % 7 === 0 ? { deadline: 30 } : {}),
    ...(number % 31 === 0 ? { cache: 'refresh' as const } : {}),
  };
  try {
    if (kind === 0) await llm.chat.completions.create({ model: 'openai/m', messages }, options);
    else if (kind === 4) {
      const pending = llm.chat.completions.create({ model: 'openai/m', messages, stream: number % 2 === 0 }, options);
      setTimeout(() => own.abort(), number % 6);
      await pending;
    } else {
      const stream = await llm.chat.completions.create({ model: 'openai/m', messages, stream: true }, options);
      for await (const _ of stream) {
        if (kind === 2) break;
        if (kind === 3) await sleep(1);
      }
    }
  } catch (error) {
    if (!isLLMError(error)) throw error;
  } finally {
    own.abort();
  }
}

async function calls(llm: LLMClient, count: number, signal: AbortSignal): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) await call(llm, next++, signal);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;

it('shared and kept answers leave nothing behind after thousands of mixed calls', { timeout: 60_000 }, async () => {
  const longLived = new AbortController();
  const before = timers();
  const llm = createClient({
    providers: { openai: { apiKey: 'test', baseURL: mock.baseURL('openai') } },
    use: [
      cache({ ttl: 500 }),
      coalesce(),
      retry({ maxRetries: 1, minDelay: 1, maxDelay: 2, budget: false, cooldown: false }),
      timeout({ firstToken: 40, idle: 40, attempt: 60 }),
    ],
  });
  const kinds = { cache: 0, coalesced: 0 };
  llm.on('cache-hit', ({ source }) => kinds[source]++);
  await calls(llm, 300, longLived.signal);
  collectGarbage();
  const warm = process.memoryUsage().heapUsed;
  await calls(llm, CALLS, longLived.signal);
  // a call that ended by its own limit leaves its listener to the shared one, which ends a moment later
  await until(() => getEventListeners(longLived.signal, 'abort').length === 0);
  expect(kinds.cache).toBeGreaterThan(0);
  expect(kinds.coalesced).toBeGreaterThan(0);
  await llm.close();
  await until(() => timers() <= before);
  await until(() => sockets.at(mock.baseURL('openai')).length === 0);
  collectGarbage();
  await sleep(10);
  collectGarbage();
  expect((process.memoryUsage().heapUsed - warm) / 2 ** 20).toBeLessThan(10);
});
