export type { RedisAddress } from '../redis/redis-link.ts';
export type { BullBatchEngineOptions } from './bull-batch-engine.ts';
export { bullBatchEngine } from './bull-batch-engine.ts';
