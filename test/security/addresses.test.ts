import { describe, expect, it } from 'vitest';
import { createMediaSource } from '../../src/wire/media.ts';
import { rejection } from '../support/client.ts';
import { client, failureOf, service, user } from './service.ts';

describe('regions, locations, projects and accounts', () => {
  const STRANGE = [
    'evil.example/#',
    'evil.example/?',
    'a@evil.example',
    'evil.example:1\\',
    'a b',
    '../..',
    'evil.example',
    'x\r\nhost: y',
  ];

  it.each(STRANGE)('make no other host of %j', async (name) => {
    const asked: URL[] = [];
    const fetch = async (url: unknown): Promise<Response> => {
      asked.push(new URL(String(url)));
      throw new Error('no network here');
    };
    const aws = { region: name, accessKeyId: 'a', secretAccessKey: 'b' };
    const places = {
      bedrock: aws,
      sagemaker: aws,
      watsonx: { region: name, token: 't', projectId: 'p' },
      cloudflare: { apiKey: 'k', accountId: name },
      vertex_ai: { project: name, location: 'us-central1', accessToken: 't' },
    };
    const located = { vertex_ai: { project: 'p', location: name, accessToken: 't' } };
    for (const providers of [places, located]) {
      const llm = client({ fetch, providers });
      for (const id of Object.keys(providers)) {
        await failureOf(llm.chat.completions.create({ model: `${id}/m`, messages: user('Hi') }));
      }
    }
    const OWN = /^(?:api\.cloudflare\.com|us-central1-aiplatform\.googleapis\.com)$/;
    expect(asked.filter(({ protocol, host }) => protocol !== 'https:' || !OWN.test(host))).toEqual([]);
  });
});

it.each([
  'http://2130706433/',
  'http://0x7f.1/',
  'http://017700000001/',
  'http://127.1/',
  'http://0/',
  'http://[::1]/',
  'http://[::]/',
  'http://[::ffff:127.0.0.1]/',
  'http://[::ffff:a9fe:a9fe]/',
  'http://[64:ff9b::7f00:1]/',
  'http://[64:ff9b:1::7f00:1]/',
  'http://[2002:7f00:1::]/',
  'http://[fe80::1]/',
  'http://[fd00::1]/',
  'http://169.254.169.254/latest/meta-data/',
  'http://metadata.internal/',
  'http://１２７.0.0.1/',
  'http://localhost./',
  'file:///etc/passwd',
  'ftp://127.0.0.1/',
  'data:text/plain,x',
  'http://user:pass@example.com/',
])('no medium is loaded from %s', async (url) => {
  const resolve = async (host: string): Promise<string[]> => [host.includes('metadata') ? '10.0.0.1' : '127.0.0.1'];
  expect(await rejection(createMediaSource({ resolve })(url))).toMatchObject({ kind: 'bad_request' });
});

it('a name that leads to a public and to a private address is refused, and the address that was checked is the one asked', async () => {
  const asked: (string | undefined)[] = [];
  const origin = await service((request, response) => {
    asked.push(request.headers.host);
    response.writeHead(200, { 'content-type': 'image/png' }).end('x');
  });
  const { port } = new URL(origin);
  let looked = 0;
  const rebinding = async (): Promise<string[]> => (looked++ === 0 ? ['127.0.0.1'] : ['10.0.0.1']);
  const source = createMediaSource({ resolve: rebinding, allows: (address) => address === '127.0.0.1' });
  expect(await source(`http://rebinding.example:${port}/`)).toMatchObject({ mimeType: 'image/png' });
  expect([looked, asked]).toEqual([1, [`rebinding.example:${port}`]]);
  const mixed = createMediaSource({ resolve: async () => ['93.184.216.34', '10.0.0.1'] });
  expect(await rejection(mixed(`http://mixed.example:${port}/`))).toMatchObject({ kind: 'bad_request', code: 'media_refused' });
});

it('a list whose pages are all empty ends', async () => {
  let pages = 0;
  const baseURL = await service((_request, response) => {
    pages++;
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ files: [], nextPageToken: `p${pages}` }));
  });
  const llm = client({ providers: { gemini: { apiKey: 'k', baseURL } } });
  const read = async (): Promise<void> => {
    for await (const _ of llm.files.list({ provider: 'gemini' }));
  };
  expect(await failureOf(read())).toMatchObject({ kind: 'response_validation' });
  expect(pages).toBeLessThan(1100);
});
