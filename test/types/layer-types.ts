import type { Redis } from 'ioredis';
import type {
  Attempt,
  BudgetBalance,
  CircuitSnapshot,
  LimitSnapshot,
  LLMError,
  Middleware,
  PoolMemberSnapshot,
  ResumedAt,
  Store,
  Target,
  Usage,
} from '../../src/index.ts';
import {
  budget,
  cache,
  circuitBreaker,
  coalesce,
  contextCheck,
  createClient,
  fallback,
  hedge,
  memoryStore,
  modelFacts,
  pool,
  providerInstance,
  rateLimit,
  retry,
  timeout,
} from '../../src/index.ts';
import { redisStore } from '../../src/redis/index.ts';

/** The types of layers, stores and what they tell. Checked by the compiler; nothing here runs. */

const breaker = circuitBreaker({ key: ({ target }) => target.provider, isFailure: (error) => error.kind === 'timeout' });
const limiter = rateLimit({
  adaptive: { max: 8 },
  pace: { maxWait: 1 },
  queue: { size: 1 },
  key: (call) => String(call.metadata.tenant),
});
const money = budget({ maxCostUSD: 1, key: ({ metadata }) => String(metadata.job) });
const fast = pool(['azure_eu', { model: 'azure_us', weight: 2, params: { temperature: 0 } }], { strategy: 'latency' });
const layers: readonly Middleware[] = [
  cache({
    ttl: 1,
    key: (call, question) => (call.metadata.private ? undefined : question),
    store: { answers: memoryStore().answers },
  }),
  coalesce({ when: (call) => call.operation === 'chat' }),
  money,
  fallback(['openai/gpt-5', { model: 'openai/gpt-5-mini', params: {} }, fast], {
    resume: true,
    contextWindow: ['gemini/gemini-2.5-pro'],
    when: (error, call) => error.retryable && call.trail.attemptsLeft > 1,
  }),
  fallback({ 'openai/gpt-5': [fast], '*': [] }),
  contextCheck({ unknown: 'refuse' }),
  retry({
    by: { timeout: 1, rate_limit: { maxRetryAfter: 1 } },
    budget: { capacity: 1 },
    shouldRetry: (error, call, attempt) => error.retryable && call.operation === 'chat' && attempt > 1,
  }),
  retry({ budget: false }),
  hedge({ after: 'p95' }),
  hedge({ after: 5, budget: false }),
  limiter,
  breaker,
  timeout({ idle: false }),
];
const store: Store = redisStore('redis://localhost', { time: 'server' });
const llm = createClient({
  store,
  use: layers,
  catalogue: modelFacts({ 'openai/x': { maxInputTokens: 1, prices: { input: 1, output: 1 } } }),
  providers: {
    azure_eu: providerInstance('azure', { endpoint: 'https://eu', apiKey: 'k' }),
    azure_us: providerInstance('azure', { azureADTokenProvider: () => 'token', endpoint: 'https://us' }),
    fast,
  },
});

export function wrong(redis: Redis): void {
  redisStore(redis);
  // @ts-expect-error no such percentile
  hedge({ after: '95' });
  // @ts-expect-error no such kind of failure
  retry({ by: { rate_limits: 1 } });
  // @ts-expect-error no such option
  retry({ maxRetrys: 1 });
  // @ts-expect-error no such strategy
  pool(['a'], { strategy: 'random' });
  // @ts-expect-error a store has six parts
  retry({ store: { answers: memoryStore().answers } });
  // @ts-expect-error a limit is a number
  rateLimit({ requestsPerMinute: '1' });
  // @ts-expect-error a price has two sides
  modelFacts({ 'openai/x': { prices: { input: 1 } } });
  // @ts-expect-error nothing to limit
  budget();
}

export async function route(): Promise<void> {
  const result = await llm.chat.completions.create(
    { model: 'fast/gpt-5-mini', messages: [] },
    { cache: 'refresh', fallbacks: [fast, 'openai/gpt-5'], idempotencyKey: 'k', metadata: { job: 1 } },
  );
  const { costUSD, cached, resumed, attempts, usage } = result.route;
  const cost: number | undefined = costUSD;
  const hit: true | undefined = cached;
  const seams: readonly ResumedAt[] | undefined = resumed;
  const first: Attempt | undefined = attempts[0];
  const parts: [number | undefined, true | undefined, number | undefined] = [
    first?.costUSD,
    first?.estimated,
    first?.usage?.prompt_tokens,
  ];
  const tokens: Usage | undefined = usage;
  const balance: BudgetBalance | undefined = (await money.spent('a')).costUSD;
  const circuits: readonly CircuitSnapshot[] = breaker.snapshot();
  const limits: readonly LimitSnapshot[] = limiter.snapshot();
  const members: readonly PoolMemberSnapshot[] = fast.snapshot();
  const window: number | undefined = (await llm.models.facts('openai/x'))?.maxInputTokens;
  const price: number | undefined = await llm.models.cost('openai/x', { prompt_tokens: 1 });
  void [cost, hit, seams, parts, tokens, balance, circuits, limits, members, window, price];
}

export function events(): void {
  llm.on('waiting', (event) => {
    if (event.reason === 'queue') {
      const limit: 'requests' | 'tokens' | 'concurrency' | 'provider' = event.limit;
      return void limit;
    }
    const error: LLMError = event.error;
    return void error;
  });
  llm.on('resumed', ({ from, to, characters, overlap }) => void [from.model, to.model, characters + overlap]);
  llm.on('hedge', ({ outcome, afterMs }) => void ([outcome, afterMs] satisfies ['started' | 'won' | 'lost', number]));
  llm.on('cooldown', ({ ms, error }) => void [ms.toFixed(), error.kind]);
  llm.on('cache-hit', ({ source }) => void (source satisfies 'cache' | 'coalesced'));
  llm.on('store-degraded', ({ store: name, reason }) => void `${name} ${reason}`);
  llm.on('skipped', ({ reason, target }) => {
    const member: string | undefined = (target satisfies Target).memberOf;
    // @ts-expect-error no such reason
    return reason === 'tired' ? member : undefined;
  });
  llm.on('call-ended', ({ costUSD }) => void costUSD?.toFixed());
}
