import type { MockAnswer, MockDialect } from '../../contract/mock.ts';
import { isRecord } from '../../dialects/chat-rules.ts';
import { openaiServer } from '../../dialects/openai/server.ts';

/** What RFC 6749, section 5.2, says of a client that is not known. */
const UNKNOWN_CLIENT = { error: 'invalid_client', error_description: 'Client authentication failed' };
const GRANTED = { access_token: 'mock-oauth-token', token_type: 'Bearer', expires_in: 3600, scope: 'all-apis' };

const answer = (status: number, body: object): MockAnswer => ({
  status,
  headers: { 'content-type': 'application/json', 'x-request-id': 'req_mock_oidc' },
  body,
});

/** The token service of Databricks (`/oidc/v1/token`): any client gets a token, but for the secret `wrong`. */
export const oidcServer: MockDialect = {
  ask: ({ method, path, body }) =>
    method === 'POST' && path === '/v1/token' && isRecord(body) && body.grant_type === 'client_credentials'
      ? { operation: 'chat', model: 'token', stream: false, includeUsage: false }
      : undefined,
  authorized: ({ headers }) => {
    const basic = /^Basic ([\w+/]+={0,2})$/.exec(headers.authorization ?? '')?.[1];
    const secret = basic === undefined ? '' : atob(basic).replace(/^[^:]*:/, '');
    return secret !== '' && secret !== 'wrong';
  },
  reply: () => answer(200, GRANTED),
  stream: () => ({ headers: {}, frames: [] }),
  models: () => answer(200, {}),
  failure: (name, ask, options) => (name === 'auth' ? answer(401, UNKNOWN_CLIENT) : openaiServer.failure(name, ask, options)),
  errorFrame: () => '',
};
