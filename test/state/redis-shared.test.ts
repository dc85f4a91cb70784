import { Cluster, Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { CallEvent } from '../../src/contract/events.ts';
import type { CircuitRule, Store, StoreContext } from '../../src/contract/store.ts';
import { ConfigurationError } from '../../src/errors/setup-errors.ts';
import type { CircuitBreaker } from '../../src/middleware/circuit-breaker.ts';
import { circuitBreaker } from '../../src/middleware/circuit-breaker.ts';
import type { RedisConnection, RedisStoreOptions } from '../../src/redis/redis-store.ts';
import { redisStore } from '../../src/redis/redis-store.ts';
import { fakeClock } from '../../src/testing/fake-clock.ts';
import { failure, layered, openStream, rejectionOf } from '../support/layered.ts';
import { manualClock } from '../support/manual-clock.ts';
import type { RedisServer } from '../support/redis-server.ts';
import { redisMissing, startRedis } from '../support/redis-server.ts';

const PATIENT: RedisStoreOptions = { commandTimeout: 10_000, connectTimeout: 10_000 };
const RULE: CircuitRule = { failureRate: 0, minCalls: 1, windowMs: 60_000, enoughCalls: 300, openForMs: 60_000 };

describe.skipIf(redisMissing() !== undefined)('a store in Redis', () => {
  let server: RedisServer;
  let client: Redis;
  const stores: Store[] = [];
  beforeAll(async () => {
    server = await startRedis();
    client = new Redis(server.url);
  });
  beforeEach(() => client.flushall());
  afterEach(async () => {
    for (const store of stores.splice(0)) await store.close();
  });
  afterAll(async () => {
    client.disconnect();
    await server.close();
  });

  function storeAt(redis: RedisConnection = server.url, options: RedisStoreOptions = {}): Store {
    const store = redisStore(redis, { ...PATIENT, ...options });
    stores.push(store);
    return store;
  }

  async function useEverything(store: Store, context: StoreContext): Promise<void> {
    await store.buckets.take('k', { capacity: 2, refillPerSecond: 0 }, 1, context);
    await store.slots.take('k', 1, Number.POSITIVE_INFINITY, context);
    await store.cooldowns.start('k', Number.POSITIVE_INFINITY, context);
    await store.spending.spend('k', 1, { limit: 1, windowMs: Number.POSITIVE_INFINITY }, context);
    await store.answers.set('k', 'a', Number.POSITIVE_INFINITY, context);
    const { permit } = await store.circuits.admit('k', RULE, 1_000, context);
    if (permit !== undefined) await store.circuits.settle('k', RULE, permit, 'failure', 0, context);
  }

  it.each(['server', 'caller'] as const)('names its keys and lets each expire, by the time of the %s', async (time) => {
    const clock = manualClock();
    const context = { clock, report: () => {} };
    await useEverything(storeAt(server.url, { time }), context);
    const keys = (await client.keys('*')).sort();
    expect(keys).toEqual(['answer', 'bucket', 'circuit', 'cooldown', 'slots', 'spending'].map((part) => `holdfast:${part}:k`));
    for (const key of keys) {
      const left = await client.pttl(key);
      expect(left, key).toBeGreaterThan(0);
      expect(left, key).toBeLessThanOrEqual(30 * 86_400_000);
    }
  });

  it('keeps apart what has another prefix', async () => {
    const context = { clock: manualClock(), report: () => {} };
    const [one, two] = [storeAt(), storeAt(server.url, { prefix: 'staging/' })];
    await useEverything(one, context);
    expect(await two.cooldowns.left('k', context)).toBe(0);
    await useEverything(two, context);
    expect(await client.keys('staging/*')).toHaveLength(6);
  });

  it('goes by the time of the server, however wrong the clocks of its users are', async () => {
    const [early, late] = [fakeClock(0), fakeClock(Date.UTC(2080, 0, 1))];
    const [one, two] = [storeAt(), storeAt()];
    const here: StoreContext = { clock: early, report: () => {} };
    const there: StoreContext = { clock: late, report: () => {} };
    await useEverything(one, here);
    expect(await two.circuits.admit('k', RULE, 1_000, there)).toMatchObject({
      refusal: { state: 'open', calls: 1, failures: 1 },
    });
    const [{ trialAt = 0 } = {}] = two.circuits.known('k');
    expect(Math.abs(trialAt - late.now() - 54_000)).toBeLessThan(18_000); // 60 s ± 20 %, in its own time
    expect(await two.slots.take('k', 1, 1_000, there)).toBeUndefined();
    expect(await two.spending.spend('k', 1, { limit: 1, windowMs: 1_000 }, there)).toMatchObject({ accepted: false, spent: 1 });
    expect(await two.answers.get('k', there)).toBe('a');
    expect(await two.cooldowns.left('k', there)).toBe(Number.POSITIVE_INFINITY);
    expect(await two.buckets.take('k', { capacity: 2, refillPerSecond: 0 }, 2, there)).toMatchObject({ taken: false, left: 1 });
  });

  it('leaves a client alone that it was given, and ends a connection of its own', async () => {
    const context = { clock: manualClock(), report: () => {} };
    const connections = async () =>
      String(await client.client('LIST'))
        .trim()
        .split('\n').length;
    await expect.poll(connections).toBe(1); // ours; those of the tests before are gone
    const [given, own, byOptions] = [
      storeAt(client),
      storeAt(),
      storeAt({ host: '127.0.0.1', port: server.port } as RedisConnection),
    ];
    for (const store of [given, own, byOptions]) await store.cooldowns.start('k', 1_000, context);
    expect(await connections()).toBe(3);
    for (const store of [given, own, byOptions]) await store.close();
    expect(await client.ping()).toBe('PONG');
    await expect.poll(connections).toBe(1);
  });

  it('waits for a client that is still connecting, or was told to connect later', async () => {
    const events: CallEvent[] = [];
    const context = { clock: manualClock(), report: (event: CallEvent) => events.push(event) };
    for (const lazyConnect of [false, true]) {
      const given = new Redis(server.url, { lazyConnect });
      const store = storeAt(given);
      await store.cooldowns.start('k', 1_000, context);
      expect(await client.exists('holdfast:cooldown:k')).toBe(1);
      given.disconnect();
    }
    expect(events).toEqual([]);
  });

  it('works in a cluster: every step has one key', async () => {
    const node = await startRedis({ 'cluster-enabled': 'yes', 'cluster-announce-ip': '127.0.0.1' });
    const admin = new Redis(node.url);
    await admin.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
    await expect.poll(() => admin.call('CLUSTER', 'INFO'), { timeout: 15_000 }).toContain('cluster_state:ok');
    const cluster = new Cluster([{ host: '127.0.0.1', port: node.port }]);
    const events: CallEvent[] = [];
    const context = { clock: manualClock(), report: (event: CallEvent) => events.push(event) };
    try {
      const store = storeAt(cluster);
      await useEverything(store, context);
      expect(events).toEqual([]);
      expect(await admin.keys('*')).toHaveLength(6);
      expect(await store.circuits.admit('k', RULE, 1_000, context)).toMatchObject({ refusal: { state: 'open' } });
      expect(events).toEqual([]);
    } finally {
      cluster.disconnect();
      admin.disconnect();
      await node.close();
    }
  });

  it.each<[unknown, RedisStoreOptions, string]>([
    ['http://me:secret@host', {}, 'redisStore: expected a client of ioredis, a URL such as "redis://localhost:6379"'],
    [undefined, {}, 'redisStore: expected a client of ioredis'],
    ['redis://localhost', { prefix: 1 } as never, 'redisStore.prefix: expected a string, got 1'],
    ['redis://localhost', { time: 'mine' } as never, 'redisStore.time: expected "server" or "caller", got "mine"'],
    ['redis://localhost', { commandTimeout: 0 }, 'redisStore.commandTimeout: expected a number of milliseconds > 0, got 0'],
    [
      'redis://localhost',
      { comandTimeout: 5 } as never,
      'redisStore.comandTimeout: unknown option; did you mean "commandTimeout"?',
    ],
  ])('refuses %j with %j', (redis, options, message) => {
    const make = () => redisStore(redis as RedisConnection, options);
    expect(make).toThrow(ConfigurationError);
    expect(make).toThrow(message);
    expect(make).not.toThrow('secret');
  });

  it('holds the circuits of breakers: two clients count and wait together, and who changes one tells', async () => {
    const clock = fakeClock();
    const settings = { minCalls: 2, window: 10_000, openFor: 1_000 };
    const breakers = [0, 1].map(() => circuitBreaker({ ...settings, store: storeAt(server.url, { time: 'caller' }) }));
    const [first, second] = breakers as [CircuitBreaker, CircuitBreaker];
    const one = layered([first], [failure('connection'), failure('connection')]);
    const two = layered([second], [failure('connection'), undefined]);
    const key = 'openai/gpt-5-mini';

    await rejectionOf(one.run({}, { clock }));
    await rejectionOf(two.run({}, { clock }));
    expect(two.eventsOf('breaker-changed')).toMatchObject([{ key, from: 'closed', to: 'open', openForMs: 1_000 }]);
    expect(first.snapshot()).toEqual([{ key, state: 'closed' }]); // as it last saw it
    const refused = await rejectionOf(one.run({}, { clock }));
    expect(refused).toMatchObject({ kind: 'circuit_open', retryAfterMs: 1_000 });
    expect((refused as Error).message).toContain('2 of 2 calls failed');
    expect(first.snapshot()).toEqual([{ key, state: 'open', trialAt: clock.now() + 1_000 }]);
    expect(one.eventsOf('breaker-changed')).toEqual([]);

    await clock.advance(1_000);
    expect(await rejectionOf(one.run({}, { clock }))).toMatchObject({ kind: 'connection' });
    expect(await rejectionOf(two.run({}, { clock }))).toMatchObject({ kind: 'circuit_open', retryAfterMs: 2_000 });
    await clock.advance(2_000);
    await two.run({}, { clock });
    const changes = () => two.eventsOf('breaker-changed').map(({ from, to }) => `${from} → ${to}`);
    await expect.poll(changes).toEqual(['closed → open', 'open → half-open', 'half-open → closed']);
    second.close();
    expect(second.snapshot()).toEqual([]);
    expect(await client.exists(`holdfast:circuit:(0.6,2,10000,1000):${key}`)).toBe(1); // the others go on with it
  });

  it('gives the place of a trial back before the next call, whatever ends it', async () => {
    const clock = fakeClock();
    const breaker = circuitBreaker({ minCalls: 1, openFor: 1_000, store: storeAt(server.url, { time: 'caller' }) });
    const steps = [failure('connection'), failure('aborted'), new TypeError('bug'), () => openStream(), undefined];
    const rig = layered([breaker], steps);
    await rejectionOf(rig.run({}, { clock }));
    await clock.advance(1_000);
    expect(await rejectionOf(rig.run({}, { clock }))).toMatchObject({ kind: 'aborted' });
    expect(await rejectionOf(rig.run({}, { clock }))).toBeInstanceOf(TypeError);
    const stream = (await rig.run({}, { clock })) as unknown as ReturnType<typeof openStream>;
    expect(await rejectionOf(rig.run({}, { clock }))).toMatchObject({ kind: 'circuit_open' });
    stream.end();
    await rig.run({}, { clock });
    expect(breaker.snapshot()).toMatchObject([{ state: 'closed' }]);
  });
});
