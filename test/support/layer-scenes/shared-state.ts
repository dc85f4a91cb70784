import { fault } from 'holdfast/testing';
import { expect } from 'vitest';
import type { Scene, Surroundings } from '../migration-scenes.ts';
import { redisMissing, startRedis } from '../redis-server.ts';

/** A Redis at the address that the page reads from the environment. */
async function withRedis(): Promise<Surroundings> {
  const missing = redisMissing();
  if (missing !== undefined) return { missing };
  const server = await startRedis();
  return { env: { REDIS_URL: server.url }, close: () => server.close() };
}

export const SHARED_STATE_SCENES: Record<string, Scene> = {
  'docs/shared-state.md › In use 1': {
    needs: withRedis,
    script: (mock) => mock.enqueue('openai', fault.unavailable(), fault.unavailable()),
    prints: ['service_unavailable\nservice_unavailable\ncircuit_open\ncircuit_open\n'],
    sent: (mock) => expect(mock.requests).toHaveLength(2),
  },
  'docs/shared-state.md › A client of your own 1': {
    needs: withRedis,
    sent: (mock) => expect(mock.requests).toHaveLength(1),
  },
};
