import type { Store } from '../contract/store.ts';
import { MemoryAnswers } from './memory-answers.ts';
import { MemoryBuckets } from './memory-buckets.ts';
import { MemoryCircuits } from './memory-circuits.ts';
import { MemoryCooldowns } from './memory-cooldowns.ts';
import { MemorySlots } from './memory-slots.ts';
import { MemorySpending } from './memory-spending.ts';

/**
 * State in this process, bounded: 10 000 keys of each sort, 1 000 circuits, 64 MiB of answers; what was used longest ago is given
 * up. Every client has one of its own unless it is given another; give one to several clients and they share budgets, limits,
 * cooldowns, circuits and answers.
 *
 * @example
 * const store = memoryStore();
 * const [one, two] = [createClient({ store }), createClient({ store })];
 */
export function memoryStore(): Store {
  const parts = {
    buckets: new MemoryBuckets(),
    slots: new MemorySlots(),
    cooldowns: new MemoryCooldowns(),
    spending: new MemorySpending(),
    answers: new MemoryAnswers(),
    circuits: new MemoryCircuits(),
  };
  return {
    ...parts,
    close() {
      for (const part of Object.values(parts)) part.clear();
    },
  };
}
