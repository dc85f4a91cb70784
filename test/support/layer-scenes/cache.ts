import { fault, reply } from 'holdfast/testing';
import { expect } from 'vitest';
import type { Scene } from '../migration-scenes.ts';

/** Pages about answers that are given again, and about what is never done again. */
export const CACHE_SCENES: Record<string, Scene> = {
  'docs/layers/cache.md › In use 1': {
    script: (mock) => mock.enqueue('openai', reply('Its holdfast.'), reply('Still its holdfast.')),
    prints: ['Its holdfast.\nnot asked: openai\nIts holdfast. true 0\nStill its holdfast. undefined\n'],
    sent: (mock) => expect(mock.requests).toHaveLength(2),
  },
  'docs/layers/cache.md › Where answers lie 1': {
    script: (mock) => mock.enqueue('openai', reply('Its holdfast.')),
    prints: [/^Its holdfast\. undefined$/m, /^stored: true false$/m, /^Its holdfast\. true$/m],
    sent: (mock) => expect(mock.requests).toHaveLength(1),
  },
  'docs/layers/coalesce.md › In use 1': {
    script: (mock) => mock.enqueue('openai', reply({ text: 'Its holdfast.', delayMs: 100 })),
    prints: ['the first one left\nIts holdfast. true 0\nIts holdfast. true 0\nIts holdfast. true 0\n'],
    sent: (mock) => expect(mock.requests).toHaveLength(1),
  },
  'docs/side-effects.md › A run that failed can go on 1': {
    script(mock) {
      mock.enqueue('openai', reply({ toolCalls: [{ name: 'book_seat', arguments: { seat: 4 } }] }), fault.unavailable());
      mock.enqueue('anthropic', reply('You have seat 4.'));
    },
    prints: ['booking seat 4\nservice_unavailable, but 3 messages are kept\nYou have seat 4.\n'],
    sent: (mock) => expect(JSON.stringify(mock.requests.at(-1)?.body)).toContain('Seat 4 is yours.'),
  },
};
