import { describe, expect, it } from 'vitest';
import {
  budget,
  ConfigurationError,
  cache,
  circuitBreaker,
  coalesce,
  contextCheck,
  fallback,
  hedge,
  pool,
  rateLimit,
  retry,
  timeout,
} from '../../src/index.ts';
import { redisStore } from '../../src/redis/index.ts';

/** Every setting of every layer, and what it refuses: that it says which one is wrong, and what would be right. */
type Build = (options: never) => unknown;

const NOT_NUMBERS: readonly unknown[] = ['3', null, true, [1], {}, Number.NaN, -1];
const INFINITE = Number.POSITIVE_INFINITY;
const NEVER: readonly unknown[] = [...NOT_NUMBERS, INFINITE];
const ABOVE_ZERO: readonly unknown[] = [...NEVER, 0];
const WHOLE: readonly unknown[] = [...ABOVE_ZERO, 1.5];
const NOT_FUNCTIONS: readonly unknown[] = ['f', 1, {}, null, true];
const NOT_BOOLEANS: readonly unknown[] = ['yes', 1, null, {}];
const NOT_STORES: readonly unknown[] = ['redis://x', 1, null, true, {}, { buckets: {} }, () => {}];
const NOT_NAMES: readonly unknown[] = [1, null, true, [], {}, 'ful'];

const MS = 'milliseconds';
const LAYERS: Readonly<Record<string, readonly [Build, Readonly<Record<string, readonly [readonly unknown[], string]>>]>> = {
  retry: [
    retry,
    {
      maxRetries: [[...NEVER, 1.5], 'a whole number ≥ 0'],
      minDelay: [NEVER, MS],
      maxDelay: [NEVER, MS],
      jitter: [NOT_NAMES, '"full"'],
      maxRetryAfter: [NOT_NUMBERS, 'milliseconds ≥ 0 or Infinity'],
      by: [[1, null, 'timeout', []], 'an object'],
      'by.timeout': [[...NEVER, 1.5].filter((value) => !isObject(value)), 'a whole number ≥ 0'],
      'by.timeout.maxRetries': [[...NEVER, 1.5], 'a whole number ≥ 0'],
      'by.timeout.minDelay': [NEVER, MS],
      'by.timeout.maxDelay': [NEVER, MS],
      'by.timeout.maxRetryAfter': [NOT_NUMBERS, MS],
      shouldRetry: [NOT_FUNCTIONS, 'a function'],
      budget: [[true, 20, null, '20', []], 'false or an object'],
      'budget.capacity': [ABOVE_ZERO, 'a number ≥ 1'],
      'budget.retryCost': [ABOVE_ZERO, 'a number > 0'],
      'budget.timeoutCost': [ABOVE_ZERO, 'a number > 0'],
      'budget.successRefund': [NEVER, 'a number ≥ 0'],
      'budget.refillPerSecond': [NEVER, 'a number ≥ 0'],
      cooldown: [NOT_BOOLEANS, 'true or false'],
      store: [NOT_STORES, 'a store'],
    },
  ],
  circuitBreaker: [
    circuitBreaker,
    {
      failureRate: [[...NEVER, 1], 'a share of at least 0 and below 1'],
      minCalls: [WHOLE, 'a whole number ≥ 1'],
      window: [ABOVE_ZERO, MS],
      openFor: [ABOVE_ZERO, MS],
      key: [NOT_FUNCTIONS, 'a function'],
      isFailure: [NOT_FUNCTIONS, 'a function'],
      store: [NOT_STORES, 'a store'],
      name: [[1, null, {}], 'a string'],
    },
  ],
  timeout: [
    timeout,
    Object.fromEntries(
      ['connect', 'firstToken', 'idle', 'attempt'].map((name) => [name, [NOT_NUMBERS, 'milliseconds ≥ 0, Infinity or false']]),
    ) as Record<string, readonly [readonly unknown[], string]>,
  ],
  hedge: [
    hedge,
    {
      after: [[...NEVER, 'p0', 'p100', 'p', '95', 'P95'], 'a percentile'],
      minAfter: [NEVER, MS],
      minSamples: [[...WHOLE, 101], 'a whole number from 1 to 100'],
      to: [['', 1, null, []], "'provider/model'"],
      when: [NOT_FUNCTIONS, 'a function'],
      tools: [NOT_BOOLEANS, 'true or false'],
      budget: [[true, 20, null], 'false or an object'],
      'budget.capacity': [ABOVE_ZERO, 'a number ≥ 1'],
      store: [NOT_STORES, 'a store'],
    },
  ],
  rateLimit: [
    rateLimit,
    {
      requestsPerMinute: [WHOLE, 'a whole number ≥ 1'],
      tokensPerMinute: [WHOLE, 'a whole number ≥ 1'],
      concurrency: [WHOLE, 'a whole number ≥ 1'],
      adaptive: [['yes', 1, null], 'true or false or an object'],
      'adaptive.min': [WHOLE, 'a whole number ≥ 1'],
      'adaptive.max': [WHOLE, 'a whole number ≥ 1'],
      'adaptive.start': [WHOLE, 'a whole number ≥ 1'],
      'adaptive.backoff': [[...ABOVE_ZERO, 1], 'a share above 0 and below 1'],
      pace: [['yes', 1, null], 'true or false or an object'],
      'pace.maxWait': [[...NOT_NUMBERS, 0], MS],
      key: [NOT_FUNCTIONS, 'a function'],
      queue: [[1, null, 'long'], 'an object'],
      'queue.size': [[...NEVER, 1.5], 'a whole number ≥ 0'],
      'queue.timeout': [[...NOT_NUMBERS, 0], MS],
      lease: [ABOVE_ZERO, MS],
      store: [NOT_STORES, 'a store'],
    },
  ],
  budget: [
    (options: object) => budget({ maxTokens: 1, ...options }),
    {
      maxCostUSD: [ABOVE_ZERO, 'US dollars'],
      maxTokens: [WHOLE, 'a whole number of tokens ≥ 1'],
      key: [NOT_FUNCTIONS, 'a function'],
      window: [[...NOT_NUMBERS, 0], MS],
      onUnknownCost: [NOT_NAMES, '"pass" or "refuse"'],
      store: [NOT_STORES, 'a store'],
    },
  ],
  cache: [
    cache,
    {
      ttl: [ABOVE_ZERO, MS],
      store: [['redis://x', 1, null, {}, { answers: {} }], 'a store'],
      key: [NOT_FUNCTIONS, 'a function'],
      when: [NOT_FUNCTIONS, 'a function'],
      maxBytes: [WHOLE, 'a whole number of bytes ≥ 1'],
    },
  ],
  coalesce: [
    coalesce,
    {
      key: [NOT_FUNCTIONS, 'a function'],
      when: [NOT_FUNCTIONS, 'a function'],
      maxBytes: [WHOLE, 'a whole number of bytes ≥ 1'],
      maxPause: [NEVER, MS],
    },
  ],
  contextCheck: [
    contextCheck,
    {
      margin: [[...NEVER, 1], 'a share of at least 0 and below 1'],
      reserveOutput: [NOT_BOOLEANS, 'true or false'],
      unknown: [NOT_NAMES, '"pass" or "refuse"'],
    },
  ],
  fallback: [
    (options: never) => fallback([], options),
    {
      contextWindow: [[1, null, 'openai/x', {}], 'a list'],
      'contextWindow[0]': [[1, null, ''], "'provider/model'"],
      contentPolicy: [[1, null, 'openai/x', {}], 'a list'],
      when: [NOT_FUNCTIONS, 'a function'],
      resume: [NOT_BOOLEANS, 'true or false'],
    },
  ],
  pool: [(options: never) => pool(['openai'], options), { strategy: [NOT_NAMES, '"leastBusy" or "latency" or "weighted"'] }],
  redisStore: [
    (options: never) => redisStore('redis://127.0.0.1:1', options),
    {
      prefix: [[1, null, {}], 'a string'],
      time: [NOT_NAMES, '"server" or "caller"'],
      commandTimeout: [ABOVE_ZERO, MS],
      connectTimeout: [ABOVE_ZERO, MS],
      lease: [ABOVE_ZERO, MS],
    },
  ],
};

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

/** `{ budget: { capacity: value } }` for `budget.capacity`. */
function optionsWith(path: string, value: unknown): object {
  if (path.endsWith('[0]')) return { [path.slice(0, -3)]: [value] };
  return path.split('.').reduceRight<unknown>((inner, name) => ({ [name]: inner }), value) as object;
}

function refusalOf(build: Build, options: unknown): ConfigurationError {
  try {
    build(options as never);
  } catch (error) {
    if (error instanceof ConfigurationError) return error;
    throw error;
  }
  return expect.fail(`accepted ${JSON.stringify(options)}`);
}

describe.each(Object.entries(LAYERS))('%s', (layer, [build, settings]) => {
  it.each(Object.entries(settings))('refuses a wrong %s', (path, [values, expected]) => {
    for (const value of values) {
      const { message, param, code } = refusalOf(build, optionsWith(path, value));
      const at = `${layer}.${path}`;
      expect([code, String(param).startsWith(at)], `${at} of ${String(value)}: ${message}`).toEqual(['wrong_option', true]);
      expect(message, `${at} of ${String(value)}`).toContain(`${at}: expected `);
      expect(message).toContain(expected);
    }
  });

  it('refuses what is no object, and names that it does not know', () => {
    for (const options of [null, 1, 'x', true, []]) {
      expect(refusalOf(layer === 'budget' ? (budget as Build) : build, options).message).toContain(
        `${layer}: expected an object`,
      );
    }
    const [name = ''] = Object.keys(settings).filter((path) => /^\w+$/.test(path));
    const mistyped = `${name}x`;
    expect(refusalOf(build, { [mistyped]: 1 }).message).toContain(
      `${layer}.${mistyped}: unknown option; did you mean "${name}"?`,
    );
    expect(refusalOf(build, { zzzzzzzzzzzzz: 1 }).message).toContain('unknown option; known are ');
  });
});

describe('settings that contradict each other', () => {
  it.each<[string, () => unknown, string]>([
    ['no limit', () => budget({}), 'budget: expected maxCostUSD or maxTokens'],
    ['a delay beyond its cap', () => retry({ minDelay: 1_000, maxDelay: 500 }), 'retry: expected minDelay ≤ maxDelay'],
    [
      'a cost that never fits',
      () => retry({ budget: { capacity: 1, retryCost: 2 } }),
      'retry.budget: expected retryCost ≤ capacity',
    ],
    [
      'bounds in the wrong order',
      () => rateLimit({ adaptive: { min: 5, max: 2 } }),
      'rateLimit.adaptive: expected min ≤ start ≤ max',
    ],
    [
      'the same of one kind',
      () => retry({ by: { timeout: { minDelay: 2, maxDelay: 1 } } }),
      'retry.by.timeout: expected minDelay',
    ],
    ['a member twice', () => pool(['openai', 'openai']), 'pool[1]: "openai" is a member already'],
    ['no members', () => pool([]), 'pool: expected one or more members'],
    ['no weight', () => pool([{ model: 'openai', weight: 0 }]), 'pool[0].weight: expected a number above 0'],
    [
      'a model in params',
      () => fallback([{ model: 'openai/x', params: { model: 'y' } }]),
      'fallback[0].params: expected parameters',
    ],
  ])('%s', (_, build, message) => {
    expect(refusalOf(build as Build, undefined).message).toContain(message);
  });
});
