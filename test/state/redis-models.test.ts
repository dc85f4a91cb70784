import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Store } from '../../src/contract/store.ts';
import { redisStore } from '../../src/redis/redis-store.ts';
import type { RedisServer } from '../support/redis-server.ts';
import { redisMissing, startRedis } from '../support/redis-server.ts';
import { runCircuitModel } from './circuit-model.ts';

describe.skipIf(redisMissing() !== undefined)('in Redis, like the plain reference', () => {
  let server: RedisServer;
  let store: Store;
  beforeAll(async () => {
    server = await startRedis();
    store = redisStore(server.url, { time: 'caller', commandTimeout: 10_000, connectTimeout: 10_000 });
  });
  afterAll(async () => {
    await store.close();
    await server.close();
  });

  it('circuits', async () => {
    const changes = await runCircuitModel(store, 60);
    expect(changes).toEqual(['closed → open', 'half-open → closed', 'half-open → open', 'open → half-open']);
  });
});
