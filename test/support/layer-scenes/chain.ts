import { fault, reply } from 'holdfast/testing';
import { expect } from 'vitest';
import type { Scene } from '../migration-scenes.ts';

/** Chains and pools. */
export const CHAIN_SCENES: Record<string, Scene> = {
  'docs/layers/fallback.md › In use 1': {
    script(mock) {
      mock.enqueue('anthropic', fault.contextWindow(), fault.quota());
      mock.enqueue('gemini', reply('Read it all.'));
      mock.enqueue('openai', reply('Short indeed.'));
    },
    prints: [
      `gpt-4o is skipped: too_small
anthropic → gemini: context_window_exceeded
Read it all. 2 true
anthropic → openai: insufficient_credits
Short indeed. 2 true`,
    ],
    sent: (mock) => expect(mock.requests.at(-1)?.body).toMatchObject({ reasoning_effort: 'low' }),
  },
  'docs/layers/fallback.md › A stream that breaks 1': {
    script(mock) {
      mock.enqueue('anthropic', fault.cutAfter(2, reply({ chunks: ['Its holdfast,', ' a', ' claw'] })));
      mock.enqueue('openai', reply({ chunks: ['a claw', ' that grips', ' the rock.'] }));
    },
    prints: [
      `Its holdfast, a
(anthropic broke after 15 characters; openai goes on, 1 repeated)
 claw that grips the rock.
openai, stream_interrupted and success`,
    ],
    sent: (mock) => expect(JSON.stringify(mock.requests[1]?.body)).toContain('"content":"Its holdfast, a"'),
  },
  'docs/layers/pool.md › In use 1': {
    script: (mock) =>
      mock.enqueue('openai', ...Array.from({ length: 6 }, () => reply('Dulse.')), fault.rateLimit({ retryAfterSeconds: 120 })),
    prints: [
      `key_a key_a key_b key_b key_b key_b false
key_a: rate_limit, key_b: success
[ 'key_a rests', 'key_b is awake' ]`,
    ],
    sent: (mock) => expect(mock.requests).toHaveLength(8),
  },
};
