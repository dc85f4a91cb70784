import { expect } from 'vitest';
import type { Scene } from '../migration-scenes.ts';

export const RATE_LIMIT_SCENES: Record<string, Scene> = {
  'docs/layers/rate-limit.md › In use 1': {
    prints: ['openai is skipped: queue_full\nopenai is skipped: queue_full\n6 by openai, 2 by anthropic'],
    sent: (mock) =>
      expect(mock.requests.map(({ provider }) => provider).sort()).toEqual([
        'anthropic',
        'anthropic',
        'openai',
        'openai',
        'openai',
        'openai',
        'openai',
        'openai',
      ]),
  },
};
