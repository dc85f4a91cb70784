import { fault, reply } from 'holdfast/testing';
import { expect } from 'vitest';
import type { Scene } from '../migration-scenes.ts';

export const RETRY_SCENES: Record<string, Scene> = {
  'docs/layers/retry.md › In use 1': {
    script: (mock) => mock.enqueue('openai', fault.unavailable(), reply('Hello'), fault.rateLimit({ retryAfterSeconds: 120 })),
    prints: [
      `waiting: openai backoff
service_unavailable, success
openai is left alone for 120 s
rate_limit rate_limit_exceeded 120
circuit_open cooling_down 120`,
    ],
    sent: (mock) => expect(mock.requests).toHaveLength(3),
  },
};
