import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { createClient, type LLMClient } from '../../../src/index.ts';
import { rejection } from '../../support/client.ts';

// google-auth-library itself, with credentials whose token service is on this machine

const folder = mkdtempSync(join(tmpdir(), 'holdfast-adc-'));
const clients: LLMClient[] = [];
let service: Server;
let issued = 0;
let status = 200;

beforeAll(async () => {
  service = createServer((_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    const token = { access_token: `ya29.token-${++issued}`, expires_in: 3600, token_type: 'Bearer', issued_token_type: 'urn:x' };
    response.end(JSON.stringify(status === 200 ? token : { error: 'invalid_grant', error_description: 'revoked' }));
  });
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
  const { port } = service.address() as AddressInfo;
  writeFileSync(join(folder, 'subject'), 'subject-token');
  const credentials = {
    type: 'external_account',
    audience: '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/p',
    subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    token_url: `http://127.0.0.1:${port}/token`,
    credential_source: { file: join(folder, 'subject') },
    quota_project_id: 'who-pays',
  };
  writeFileSync(join(folder, 'adc.json'), JSON.stringify(credentials));
});
afterAll(() => {
  service.close();
  rmSync(folder, { recursive: true, force: true });
});
afterEach(async () => {
  vi.unstubAllEnvs();
  status = 200;
  for (const client of clients.splice(0)) await client.close();
});

const ANSWER = { candidates: [{ content: { parts: [{ text: 'Hi' }] }, finishReason: 'STOP' }] };
const UNAUTHENTICATED = {
  error: { code: 401, message: 'Request had invalid authentication credentials.', status: 'UNAUTHENTICATED' },
};

function clientWith(file: string, statuses: number[] = []) {
  vi.stubEnv('GOOGLE_APPLICATION_CREDENTIALS', join(folder, file));
  const seen: Headers[] = [];
  const fetch: typeof globalThis.fetch = async (_input, init) => {
    seen.push(new Headers(init?.headers));
    const code = statuses.shift() ?? 200;
    return Response.json(code === 200 ? ANSWER : UNAUTHENTICATED, { status: code });
  };
  const client = createClient({ fetch, use: [], providers: { vertex_ai: { project: 'p', location: 'us-central1' } } });
  clients.push(client);
  const call = () =>
    client.chat.completions.create({ model: 'vertex_ai/gemini-2.5-flash', messages: [{ role: 'user', content: 'hi' }] });
  return { seen, call };
}

describe('the credentials of the machine', () => {
  it('are exchanged once and kept, and renewed after a 401', async () => {
    const before = issued;
    const { seen, call } = clientWith('adc.json', [200, 200, 401, 200]);
    await call();
    await call();
    expect(issued - before).toBe(1);
    const [first, second] = seen;
    expect(first?.get('authorization')).toBe(`Bearer ya29.token-${issued}`);
    expect(second?.get('authorization')).toBe(first?.get('authorization'));
    expect(first?.get('x-goog-user-project')).toBe('who-pays');
    await call();
    expect(issued - before).toBe(2);
    expect(seen.map((headers) => headers.get('authorization')?.slice(-2))).toHaveLength(4);
    expect(seen[3]?.get('authorization')).not.toBe(first?.get('authorization'));
  });

  it('that are refused are an AuthenticationError', async () => {
    status = 400;
    const error = await rejection(clientWith('adc.json').call());
    expect(error).toMatchObject({ kind: 'authentication', provider: 'vertex_ai' });
  });

  it('that are missing are a matter of setup', async () => {
    const { seen, call } = clientWith('nowhere.json');
    expect(await rejection(call())).toMatchObject({
      kind: 'configuration',
      message: expect.stringContaining('GOOGLE_APPLICATION_CREDENTIALS'),
    });
    expect(seen).toEqual([]);
  });

  it('need a package, which is named where it is missing', async () => {
    vi.resetModules();
    vi.doMock('google-auth-library', () => {
      throw new Error('Cannot find package');
    });
    const { MachineTokens } = await import('../../../src/providers/vertex-ai/tokens.ts');
    const { callOf } = await import('../../support/call.ts');
    const call = callOf('chat', { messages: [] }, { provider: 'vertex_ai', model: 'm' });
    expect(await rejection(new MachineTokens('p').token(call))).toMatchObject({
      kind: 'configuration',
      message: expect.stringContaining('npm install google-auth-library'),
    });
    vi.doUnmock('google-auth-library');
  });
});
