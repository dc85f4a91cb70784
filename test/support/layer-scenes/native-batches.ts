import { fault, reply } from 'holdfast/testing';
import { expect } from 'vitest';
import type { Scene } from '../migration-scenes.ts';

/** The page on providers' own batches. */
export const NATIVE_BATCH_SCENES: Record<string, Scene> = {
  'docs/native-batches.md › In use 1': {
    script: (mock) => mock.enqueue('anthropic', reply('A large seaweed.'), fault.overloaded(), reply('It holds on.')),
    prints: [/^in_progress 3$/m, /^q0 200 A large seaweed\.$/m, /^q1 529 .*overloaded/m, /^q2 200 It holds on\.$/m],
    sent: (mock) => expect(mock.requests[0]?.path).toBe('/v1/messages/batches'),
  },
  'docs/native-batches.md › Files 1': { prints: [/^completed dulse kelp laver 3$/m] },
};
