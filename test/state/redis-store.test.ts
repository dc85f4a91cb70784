import { afterAll, beforeAll, describe } from 'vitest';
import type { Store } from '../../src/contract/store.ts';
import { redisStore } from '../../src/redis/redis-store.ts';
import type { RedisServer } from '../support/redis-server.ts';
import { redisMissing, startRedis } from '../support/redis-server.ts';
import { storeModels } from './models.ts';
import { storeContract } from './store-contract.ts';

describe.skipIf(redisMissing() !== undefined)('state in Redis', () => {
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

  storeContract(() => store);
  storeModels(() => store, 60);
});
