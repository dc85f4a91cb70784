import { describe, expect, it } from 'vitest';
import { memoryStore } from '../../src/state/memory-store.ts';
import { runCircuitModel } from './circuit-model.ts';

describe('in memory, like the plain reference', () => {
  it('circuits', async () => {
    const changes = await runCircuitModel(memoryStore(), 300);
    expect(changes).toEqual(['closed → open', 'half-open → closed', 'half-open → open', 'open → half-open']);
  });
});
