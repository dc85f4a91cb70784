import { fault } from 'holdfast/testing';
import { expect } from 'vitest';
import type { Scene } from '../migration-scenes.ts';

export const BREAKER_SCENES: Record<string, Scene> = {
  'docs/layers/circuit-breaker.md › In use 1': {
    script: (mock) => mock.enqueue('openai', fault.unavailable(), fault.unavailable()),
    prints: [
      `openai: service_unavailable, anthropic: success
openai/gpt-5-mini: closed → open
openai: service_unavailable, anthropic: success
openai: circuit_open, anthropic: success
[ 'open', 'closed' ]`,
    ],
    sent: (mock) =>
      expect(mock.requests.map(({ provider }) => provider)).toEqual(['openai', 'anthropic', 'openai', 'anthropic', 'anthropic']),
  },
};
