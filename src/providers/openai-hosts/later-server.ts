import type { MockAnswer, MockDialect, MockJobs, MockRequest } from '../../contract/mock.ts';
import { isRecord } from '../../dialects/chat-rules.ts';
import { openaiServer } from '../../dialects/openai/server.ts';

const asks =
  (path: RegExp): MockJobs['about'] =>
  ({ method, path: asked }: MockRequest) => {
    const id = path.exec(asked)?.[1];
    return method === 'GET' && id !== undefined ? { id, wants: 'answer' } : undefined;
  };

const pending = (id: string): MockAnswer => ({
  status: 202,
  headers: { 'nvcf-reqid': id, 'nvcf-status': 'pending-evaluation' },
  body: '',
});

/** NVIDIA: answers that take too long are asked for at `/status/{requestId}`. */
export const nvidiaServer: MockDialect = {
  ...openaiServer,
  jobs: { opens: () => false, opened: pending, about: asks(/^\/v1\/status\/([^/?]+)$/), state: pending },
};

/** xAI: what was asked with `deferred: true` is asked for at `/chat/deferred-completion/{request_id}`. */
export const xaiServer: MockDialect = {
  ...openaiServer,
  jobs: {
    opens: ({ body }) => isRecord(body) && body.deferred === true,
    opened: (id) => ({ status: 202, headers: {}, body: { request_id: id } }),
    about: asks(/^\/v1\/chat\/deferred-completion\/([^/?]+)$/),
    state: () => ({ status: 202, headers: {}, body: '' }),
  },
};
