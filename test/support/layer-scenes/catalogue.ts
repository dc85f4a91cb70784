import { reply } from 'holdfast/testing';
import { expect } from 'vitest';
import type { Scene } from '../migration-scenes.ts';

const essay = reply({ text: 'An essay.', usage: { promptTokens: 1000, completionTokens: 400 } });

/** The catalogue of models and the layers that ask it. */
export const CATALOGUE_SCENES: Record<string, Scene> = {
  'docs/catalogue.md › Looking up 1': {
    prints: [/^272000 0\.25 true\n0\.0159\n15$/m],
    sent: (mock) => expect(mock.requests).toEqual([]),
  },
  'docs/catalogue.md › Facts of your own 1': {
    script: (mock) =>
      mock.enqueue('openai', reply({ text: 'Hi', usage: { promptTokens: 1_000_000, completionTokens: 500_000 } })),
    prints: [/^0\.9$/m],
  },
  'docs/layers/context-check.md › In use 1': {
    prints: ['openai too_small 128000\ngemini, after 1 attempt'],
    sent: (mock) => expect(mock.requests.map(({ provider }) => provider)).toEqual(['gemini']),
  },
  'docs/layers/budget.md › In use 1': {
    script: (mock) => mock.enqueue('anthropic', essay, essay, essay),
    prints: [
      'kelp: $0.0090\neelgrass: $0.0090\ndulse: $0.018 of $0.02 are spent, and this call needs about $0.006',
      '{ costUSD: { limit: 0.02, spent: 0.018, resetMs: Infinity } }',
    ],
    sent: (mock) => expect(mock.requests).toHaveLength(2),
  },
};
