import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { LLMClient, Store } from '../../src/index.ts';
import { cache, coalesce, retry } from '../../src/index.ts';
import { redisStore } from '../../src/redis/index.ts';
import { reply } from '../../src/testing/index.ts';
import type { Chained } from '../support/chained.ts';
import { FIRST, readAll, startChained, until } from '../support/chained.ts';
import type { RedisServer } from '../support/redis-server.ts';
import { redisMissing, startRedis } from '../support/redis-server.ts';

const SECRET = 'The patient Ada Lovelace has the number 1815.';
const messages = [{ role: 'user' as const, content: SECRET }];
const params = { model: FIRST, messages };

describe.skipIf(redisMissing() !== undefined)('answers in a real Redis', () => {
  let redis: RedisServer;
  let inspector: Redis;
  let world: Chained;
  const stores: Store[] = [];
  beforeAll(async () => {
    redis = await startRedis();
    inspector = new Redis(redis.url);
    inspector.on('error', () => {});
  });
  afterAll(async () => {
    inspector?.disconnect();
    await redis?.close();
  });
  beforeEach(async () => {
    world = await startChained();
    await inspector.flushall();
  });
  afterEach(async () => {
    await world.close();
    for (const store of stores.splice(0)) await store.close();
  });

  /** A client with a connection of its own, as another process would have. */
  function client(options: Parameters<typeof cache>[0] = {}): LLMClient {
    const store = redisStore(redis.url, { commandTimeout: 10_000, connectTimeout: 10_000 });
    stores.push(store);
    return world.client({ store, use: [cache(options), coalesce(), retry()] });
  }
  const kept = () => inspector.keys('*answer*');
  const keptOne = async (): Promise<string> => {
    let keys = await kept();
    while (keys.length === 0) keys = await kept();
    return keys[0] ?? '';
  };

  it('are shared by clients with connections of their own, whole and streamed', async () => {
    const [one, other] = [client(), client()];
    world.mock.enqueue(
      'openai',
      reply({ chunks: ['Kelp ', 'holds ', 'on. 😀'], usage: { promptTokens: 9, completionTokens: 3 } }),
    );
    const first = await readAll(await one.chat.completions.create({ ...params, stream: true }));
    await keptOne();
    const stream = await other.chat.completions.create({ ...params, stream: true });
    expect(await readAll(stream)).toEqual(first);
    expect(stream.route).toMatchObject({ cached: true, attempts: [], usage: { prompt_tokens: 9 } });
    const whole = await other.chat.completions.create(params);
    expect(whole.choices[0]?.message.content).toBe('Kelp holds on. 😀');
    expect(world.asked()).toEqual(['openai']);
  });

  it('stand under hashes: no prompt, no key and no name of a model in a key', async () => {
    const llm = client({ key: (_, question) => `tenant-of-ada ${question}` });
    await llm.chat.completions.create(params);
    const key = await keptOne();
    expect(key).toMatch(/^holdfast:answer:cache:[0-9a-f]{64}$/);
    const everything = JSON.stringify(await Promise.all((await inspector.keys('*')).map((each) => inspector.dump(each))));
    for (const secret of ['Lovelace', '1815', 'tenant-of-ada']) expect(everything).not.toContain(secret);
  });

  it('are forgotten by Redis itself after ttl', async () => {
    await client({ ttl: 60_000 }).chat.completions.create(params);
    const left = await inspector.pttl(await keptOne());
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThanOrEqual(60_000);
  });

  it('that somebody has tampered with are deleted and asked for again', async () => {
    const llm = client();
    await llm.chat.completions.create(params);
    const key = await keptOne();
    const text = (await inspector.hget(key, 'answer')) ?? '';
    await inspector.hset(key, 'answer', text.replace('mock server', 'evil server'));
    const again = await llm.chat.completions.create(params);
    expect(again.choices[0]?.message.content).not.toContain('evil');
    expect(world.asked()).toHaveLength(2);
    await until(() => world.eventsOf('call-ended').length === 2);
    expect(await inspector.hget(await keptOne(), 'answer')).not.toContain('evil');
  });

  it('are out of reach while Redis is away: calls go on, with answers of this process', async () => {
    const llm = client();
    await llm.chat.completions.create(params);
    await keptOne();
    await redis.kill();
    const away = await llm.chat.completions.create(params);
    expect(away.route).not.toHaveProperty('cached');
    expect((await llm.chat.completions.create(params)).route.cached).toBe(true);
    expect(world.asked()).toHaveLength(2);
    await redis.restart();
  });
});
