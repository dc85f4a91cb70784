/**
 * A process of its own with a client whose state is in Redis, ordered about over IPC:
 * `node --import ./test/support/source-entries.ts test/support/sharing-process.ts <redis> <base URL>`.
 */
import { circuitBreaker, createClient, isLLMError } from 'holdfast';
import { redisStore } from 'holdfast/redis';

const [, , redis = '', baseURL = ''] = process.argv;
const store = redisStore(redis, { commandTimeout: 10_000, connectTimeout: 10_000, lease: 1_500 });
const context = { clock: { now: Date.now, random: () => 0.5, timer: never }, report: () => {} };
const llm = createClient({
  providers: { openai: { apiKey: 'test', baseURL } },
  store,
  use: [circuitBreaker({ minCalls: 4, failureRate: 0.5, openFor: 200 })],
});

function never(): never {
  throw new Error('a store waits for nothing on the clock of a call');
}

/** What can be asked for, with what it answers. */
export interface Orders {
  /** One call; `success` or the kind of its error. */
  call(): Promise<string>;
  tokens(count: number): Promise<boolean>;
  slot(): Promise<boolean>;
  spend(amount: number): Promise<boolean>;
}

const orders: Orders = {
  async call() {
    try {
      await llm.chat.completions.create({ model: 'openai/gpt-5-mini', messages: [{ role: 'user', content: 'Hi' }] });
      return 'success';
    } catch (error) {
      return isLLMError(error) ? error.kind : String(error);
    }
  },
  tokens: async (count: number) =>
    (await store.buckets.take('tokens', { capacity: 5, refillPerSecond: 0 }, count, context)).taken,
  slot: async () => (await store.slots.take('calls', 1, 600_000, context)) !== undefined,
  spend: async (amount: number) => (await store.spending.spend('job', amount, { limit: 1, windowMs: 60_000 }, context)).accepted,
};

process.on('message', async ({ id, name, value }: { id: number; name: keyof Orders; value: never }) => {
  process.send?.({ id, answer: await orders[name](value) });
});
process.on('disconnect', () => process.exit());
process.send?.({ id: 0, answer: 'ready' });
