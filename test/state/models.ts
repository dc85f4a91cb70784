import { describe, expect, it } from 'vitest';
import type { Store } from '../../src/contract/store.ts';
import { runCircuitModel } from './circuit-model.ts';
import { runBucketModel, runSlotModel, runSpendingModel } from './part-models.ts';

/** The parts of a store that decide, against plain references: any steps in any order, on a clock that is moved by hand. */
export function storeModels(store: () => Store, numRuns: number): void {
  describe('whatever happens in whatever order, like a plain reference', () => {
    it('circuits', async () => {
      const changes = await runCircuitModel(store(), numRuns);
      expect(changes).toEqual(['closed → open', 'half-open → closed', 'half-open → open', 'open → half-open']);
    });
    it('buckets', () => runBucketModel(store(), numRuns));
    it('slots', () => runSlotModel(store(), numRuns));
    it('spending', () => runSpendingModel(store(), numRuns));
  });
}
