import { fault, reply } from 'holdfast/testing';
import type { Scene } from '../migration-scenes.ts';

export const TIMEOUT_SCENES: Record<string, Scene> = {
  'docs/layers/timeout.md › In use 1': {
    script(mock) {
      mock.enqueue('openai', fault.slowFirstToken(5_000), fault.stall(2, reply({ chunks: ['One ', 'two ', 'three.'] })));
      mock.enqueue('anthropic', reply('Hello from the second.'));
    },
    prints: ['Hello from the second.openai: timeout, anthropic: success\nOne two idle One two \n'],
  },
};
