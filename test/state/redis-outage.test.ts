import { createServer } from 'node:net';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CallEvent } from '../../src/contract/events.ts';
import type { CircuitAdmission, CircuitRule, Store, StoreContext } from '../../src/contract/store.ts';
import type { RedisConnection, RedisStoreOptions } from '../../src/redis/redis-store.ts';
import { redisStore } from '../../src/redis/redis-store.ts';
import { systemClock } from '../../src/time/clock.ts';
import type { RedisServer } from '../support/redis-server.ts';
import { redisMissing, startRedis } from '../support/redis-server.ts';

const BUCKET = { capacity: 1_000, refillPerSecond: 0 };
const RULE: CircuitRule = { failureRate: 0, minCalls: 1, windowMs: 60_000, enoughCalls: 300, openForMs: 1 };
const ACCOUNT = { limit: 10, windowMs: 3_600_000 };
const PATIENT: RedisStoreOptions = { commandTimeout: 5_000, connectTimeout: 5_000 };

describe.skipIf(redisMissing() !== undefined)('while Redis is away', () => {
  let server: RedisServer;
  const events: CallEvent[] = [];
  const open: { close(): unknown }[] = [];
  const context: StoreContext = { clock: systemClock, report: (event) => events.push(event) };

  beforeEach(async () => {
    server = await startRedis();
    events.length = 0;
  });
  afterEach(async () => {
    for (const each of open.splice(0)) await each.close();
    await server.close();
  });

  function storeAt(redis: RedisConnection, options?: RedisStoreOptions): Store {
    const store = redisStore(redis, options);
    open.push(store);
    return store;
  }
  const take = (store: Store, tokens = 1) => store.buckets.take('b', BUCKET, tokens, context);
  const told = () => events.map(({ type }) => type);

  async function takeUntil(store: Store, type: CallEvent['type']): Promise<void> {
    const end = performance.now() + 15_000;
    while (!told().includes(type)) {
      if (performance.now() > end) throw new Error(`${type} was never told`);
      await take(store, 0);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** A look at the server past the store. */
  async function ask(...command: [string, ...string[]]): Promise<unknown> {
    const client = new Redis(server.url);
    const answer = await client.call(...command);
    client.disconnect();
    return answer;
  }

  it('it goes on by itself at once, and says so once, without the address', async () => {
    await server.kill();
    const store = storeAt(`redis://me:secret@127.0.0.1:${server.port}`);
    const results = await Promise.all(Array.from({ length: 20 }, () => take(store, 100)));
    expect(results.filter(({ taken }) => taken)).toHaveLength(10);
    expect(await take(store, 1)).toMatchObject({ taken: false, left: 0 });
    expect(events).toEqual([{ type: 'store-degraded', store: 'redis', reason: 'ECONNREFUSED' }]);
  });

  it('answers without a promise, as memory does', async () => {
    await server.kill();
    const store = storeAt(server.url);
    await take(store);
    expect(take(store)).toMatchObject({ taken: true, left: 998 });
    expect(store.circuits.admit('c', RULE, 1_000, context)).toMatchObject({ permit: { trial: false } });
    expect(store.circuits.known('')).toEqual([{ key: 'c', state: 'closed' }]);
  });

  it('killed and started again in mid-run: no step fails, and state is shared again', async () => {
    const [store, other] = [storeAt(server.url, PATIENT), storeAt(server.url, PATIENT)];
    expect(await take(store, 100)).toMatchObject({ left: 900 });
    expect(await take(other, 100)).toMatchObject({ left: 800 });
    await server.kill();
    const during = await Promise.all(Array.from({ length: 50 }, () => take(store)));
    expect(during.every(({ taken }) => taken)).toBe(true);
    expect(told()).toEqual(['store-degraded']);
    await server.restart();
    await takeUntil(store, 'store-restored');
    expect(told()).toEqual(['store-degraded', 'store-restored']);
    expect(await take(store, 100)).toMatchObject({ left: 900 }); // the server had forgotten everything
    expect(await take(other, 100)).toMatchObject({ left: 800 }); // it had nothing to do meanwhile, and noticed nothing
    expect(told()).toEqual(['store-degraded', 'store-restored']);
  });

  it('a connection that was merely closed is made anew', async () => {
    const store = storeAt(server.url, PATIENT);
    await take(store, 100);
    await ask('CLIENT', 'KILL', 'TYPE', 'normal');
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await take(store, 100)).toMatchObject({ left: 800 });
    expect(events).toEqual([]);
  });

  it('frozen: nobody waits for longer than commandTimeout says, and then nobody waits', async () => {
    const store = storeAt(server.url, { commandTimeout: 100, connectTimeout: 200 });
    await takeUntilShared(store);
    server.freeze();
    await Promise.all(Array.from({ length: 10 }, () => take(store)));
    expect(events).toEqual([{ type: 'store-degraded', store: 'redis', reason: 'no answer within 100 ms' }]);
    expect(take(store)).not.toBeInstanceOf(Promise);
    server.thaw();
    await takeUntil(store, 'store-restored');
  });

  /** On a busy machine a short limit may be missed before the test begins. */
  async function takeUntilShared(store: Store): Promise<void> {
    await take(store);
    if (told().includes('store-degraded')) await takeUntil(store, 'store-restored');
    events.length = 0;
  }

  it('what a late reply has taken is given back', async () => {
    const client = new Redis(server.url);
    open.push({ close: () => client.disconnect() });
    const store = storeAt(client, { commandTimeout: 100 });
    await takeUntilShared(store);
    await settled(store, 'failure', await store.circuits.admit('c', RULE, 60_000, context));
    await new Promise((resolve) => setTimeout(resolve, 5));
    server.freeze();
    const [slot, admission] = await Promise.all([
      store.slots.take('s', 1, 60_000, context),
      store.circuits.admit('c', RULE, 60_000, context),
    ]);
    expect(slot).not.toContain('/'); // a local one
    expect(admission.permit).toMatchObject({ trial: false });
    server.thaw();
    await takeUntil(store, 'store-restored');
    expect(await ask('EXISTS', 'holdfast:slots:s')).toBe(0);
    expect(await store.slots.take('s', 1, 60_000, context)).toContain('/');
    expect(await store.circuits.admit('c', RULE, 60_000, context)).toMatchObject({ permit: { trial: true } });
  });

  async function settled(store: Store, verdict: 'success' | 'failure', { permit }: CircuitAdmission): Promise<unknown> {
    if (permit === undefined) throw new Error('not let through');
    return store.circuits.settle('c', RULE, permit, verdict, 0, context);
  }

  it('an address that takes connections and never speaks is given up on after connectTimeout', async () => {
    const silent = createServer(() => {});
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const address = silent.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const store = storeAt({ port, host: '127.0.0.1' } as RedisConnection, { connectTimeout: 100 });
    expect(await take(store)).toMatchObject({ taken: true });
    expect(events).toMatchObject([{ type: 'store-degraded', reason: 'no answer within 100 ms' }]);
    await store.close();
    silent.close();
  });

  it('a server that refuses to write is away too, as long as it does', async () => {
    const store = storeAt(server.url, PATIENT);
    await take(store);
    await ask('CONFIG', 'SET', 'maxmemory', '1');
    await Promise.all([take(store), take(store)]);
    expect(events).toEqual([{ type: 'store-degraded', store: 'redis', reason: 'OOM' }]);
    await new Promise((resolve) => setTimeout(resolve, 300));
    await take(store); // probes, in vain
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(told()).toEqual(['store-degraded']);
    await ask('CONFIG', 'SET', 'maxmemory', '0');
    await takeUntil(store, 'store-restored');
  });

  it('a server that refuses the password is away', async () => {
    const guarded = await startRedis({ requirepass: 'right' });
    open.push(guarded);
    expect(await take(storeAt(`redis://:wrong-secret@127.0.0.1:${guarded.port}`, PATIENT))).toMatchObject({ taken: true });
    expect(await take(storeAt(guarded.url, PATIENT))).toMatchObject({ taken: true });
    expect(events).toMatchObject([{ reason: 'WRONGPASS' }, { reason: 'NOAUTH' }]);
    const right = storeAt(`redis://:right@127.0.0.1:${guarded.port}`, PATIENT);
    expect(await take(right)).toMatchObject({ left: 999 });
    expect(events).toHaveLength(2);
  });

  it('a key that something else has written is no reason to flap', async () => {
    const store = storeAt(server.url, PATIENT);
    await ask('SET', 'holdfast:bucket:b', 'of another program');
    const end = performance.now() + 1_500;
    while (performance.now() < end) {
      await take(store, 0);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(told().filter((type) => type === 'store-degraded').length).toBeLessThanOrEqual(3); // after 0.25 s, 0.5 s, 1 s
  });

  it('scripts that the server has forgotten are sent again', async () => {
    const store = storeAt(server.url, PATIENT);
    await take(store);
    await take(store);
    await ask('SCRIPT', 'FLUSH');
    expect(await take(store)).toMatchObject({ left: 997 });
    expect(events).toEqual([]);
  });

  it('a limit on spending goes on from where it was, and what is spent meanwhile is added later', async () => {
    const [store, other] = [storeAt(server.url, PATIENT), storeAt(server.url, PATIENT)];
    const spend = (amount: number, at = store) => at.spending.spend('a', amount, ACCOUNT, context);
    await spend(2);
    expect(await spend(2, other)).toMatchObject({ spent: 4 });
    expect(await spend(1)).toMatchObject({ spent: 5 });
    const client = new Redis(server.url);
    await client.config('SET', 'maxmemory', '1');
    expect(await spend(4)).toMatchObject({ accepted: true, spent: 9 });
    expect(await spend(4)).toMatchObject({ accepted: false, spent: 9 });
    expect(await store.spending.settle('a', -1, ACCOUNT, context)).toMatchObject({ spent: 8 });
    await client.config('SET', 'maxmemory', '0');
    client.disconnect();
    await takeUntil(store, 'store-restored');
    expect(await spend(0)).toMatchObject({ accepted: true, spent: 8 });
    expect(await spend(3, other)).toMatchObject({ accepted: false, spent: 8 });
  });

  it('a cooldown that this process has started holds on', async () => {
    const store = storeAt(server.url, PATIENT);
    await store.cooldowns.start('t', 60_000, context);
    await server.kill();
    expect(await store.cooldowns.left('t', context)).toBeGreaterThan(50_000);
    await store.cooldowns.end('t', context);
    expect(await store.cooldowns.left('t', context)).toBe(0);
  });

  it('permits and slots belong to where they were given', async () => {
    const store = storeAt(server.url, PATIENT);
    const shared = await store.circuits.admit('c', RULE, 60_000, context);
    const sharedSlot = await store.slots.take('s', 1, 60_000, context);
    await server.kill();
    await take(store);
    const local = await store.circuits.admit('c', RULE, 60_000, context);
    const localSlot = await store.slots.take('s', 1, 60_000, context);
    expect(await settled(store, 'failure', shared)).toBeUndefined();
    await store.slots.release('s', sharedSlot ?? '', context);
    expect(store.circuits.known('')).toEqual([{ key: 'c', state: 'closed' }]);
    expect(await store.slots.take('s', 1, 60_000, context)).toBeUndefined();
    await server.restart();
    await takeUntil(store, 'store-restored');
    expect(await store.slots.take('s', 1, 60_000, context)).toContain('/');
    expect(await settled(store, 'failure', local)).toMatchObject({ to: 'open' });
    await store.slots.release('s', localSlot ?? '', context);
    expect(await store.slots.take('s', 1, 60_000, context)).toBeUndefined();
    expect(await store.circuits.admit('c', RULE, 60_000, context)).toMatchObject({ permit: { trial: false } });
  });

  it('nothing is queued in a client that would', async () => {
    const client = new Redis(server.url);
    client.on('error', () => {});
    open.push({ close: () => client.disconnect() });
    const store = storeAt(client);
    await take(store);
    await server.kill();
    for (let i = 0; i < 500; i++) {
      await take(store);
      if (i % 50 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(Reflect.get(client, 'offlineQueue').length).toBeLessThanOrEqual(1); // the one that was under way
    await server.restart();
    await takeUntil(store, 'store-restored');
  });

  it('a listener that throws changes nothing', async () => {
    await server.kill();
    const store = storeAt(server.url);
    const report = () => {
      throw new Error('a listener of the user’s own');
    };
    expect(await store.buckets.take('b', BUCKET, 1, { clock: systemClock, report })).toMatchObject({ taken: true });
  });

  it('closed: what is under way ends, what comes later is local and tells nothing', async () => {
    const store = storeAt(server.url, PATIENT);
    await take(store, 500);
    const running = Promise.all(Array.from({ length: 10 }, () => take(store)));
    await store.close();
    expect((await running).every(({ taken }) => taken)).toBe(true);
    expect(take(store, 1_000)).not.toBeInstanceOf(Promise);
    expect(events).toEqual([]);
    await expect.poll(async () => String(await ask('CLIENT', 'LIST')).match(/id=/g)).toHaveLength(1); // the one that asks
  });
});
