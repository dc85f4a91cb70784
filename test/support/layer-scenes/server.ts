import { fault, reply } from 'holdfast/testing';
import type { Scene } from '../migration-scenes.ts';

/** The server around a client, and batches behind it. */
export const SERVER_SCENES: Record<string, Scene> = {
  'docs/server.md › In use 1': {
    script(mock) {
      mock.enqueue('openai', fault.unavailable());
      mock.enqueue('anthropic', reply('Hello from the second.'));
    },
    prints: ['Hello from the second.\n404 model_not_found\n'],
  },
  'docs/batches.md › In use 1': { prints: [/^q\d 200\nq\d 200\nq\d 200\n3 answered, 0 failed, 51 tokens$/m] },
  'docs/batches.md › Files and batches 1': {
    prints: [
      "failed [\n  {\n    code: 'invalid_request',\n    message: 'Input parameter is required.',\n    line: 2,\n    param: 'body.input'\n  }\n]",
    ],
  },
};
