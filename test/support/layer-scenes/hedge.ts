import { fault, reply } from 'holdfast/testing';
import { expect } from 'vitest';
import type { Scene } from '../migration-scenes.ts';

export const HEDGE_SCENES: Record<string, Scene> = {
  'docs/layers/hedge.md › In use 1': {
    script(mock) {
      mock.enqueue('openai', fault.stall());
      mock.enqueue('anthropic', reply('Its holdfast.'));
    },
    prints: ['started: anthropic\nwon: anthropic\nIts holdfast.\n1 openai aborted\n2 anthropic success'],
    sent: (mock) => expect(mock.requests.map(({ provider }) => provider)).toEqual(['openai', 'anthropic']),
  },
};
