import type { RequestListener } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import type { LLMError } from '../../src/errors/catalogue.ts';
import type { MediaSettings } from '../../src/wire/media.ts';
import { createMediaSource } from '../../src/wire/media.ts';
import { isPublicAddress } from '../../src/wire/public-address.ts';
import type { Loopback } from './loopback.ts';
import { httpServer } from './loopback.ts';

const PNG = Buffer.from('89504e470d0a1a0a', 'hex');

const cleanup: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of cleanup.splice(0)) await close();
});

async function serve(listener: RequestListener): Promise<Loopback> {
  const server = await httpServer(listener);
  cleanup.push(server.close);
  return server;
}

const servePNG = (): Promise<Loopback> =>
  serve((_request, response) => response.writeHead(200, { 'content-type': 'Image/PNG; charset=x' }).end(PNG));

/** Loopback stands in for the public internet. */
const local = (more: MediaSettings = {}): ReturnType<typeof createMediaSource> =>
  createMediaSource({ allows: (address) => address === '127.0.0.1' || isPublicAddress(address), ...more });

async function failure(loading: Promise<unknown>): Promise<LLMError> {
  return loading.then(
    () => {
      throw new Error('was loaded');
    },
    (error: LLMError) => error,
  );
}

describe('media by URL', () => {
  it('are loaded as base64 with their type', async () => {
    const { origin } = await servePNG();
    expect(await local()(`${origin}/a.png?sig=1`)).toEqual({ mimeType: 'image/png', data: PNG.toString('base64') });
  });

  it('may be behind redirects, at most three', async () => {
    const { origin } = await serve((request, response) => {
      const left = Number(new URL(request.url ?? '', 'http://x').searchParams.get('left'));
      if (left > 0) response.writeHead(302, { location: `?left=${left - 1}` }).end();
      else response.writeHead(200, { 'content-type': 'application/pdf' }).end('%PDF');
    });
    expect((await local()(`${origin}/?left=3`)).mimeType).toBe('application/pdf');
    expect((await failure(local()(`${origin}/?left=4`))).message).toContain('more than 3 times');
  });

  it.each([
    'http://127.0.0.1:1/',
    'http://[::1]/',
    'http://[::ffff:127.0.0.1]/',
    'http://2130706433/',
    'http://0x7f.1/',
    'http://169.254.169.254/latest/meta-data/',
    'http://localhost/',
  ])('are not loaded from %s', async (url) => {
    const error = await failure(createMediaSource()(url));
    expect(error.kind).toBe('bad_request');
    expect(error.code).toBe('media_refused');
    expect(error.retryable).toBe(false);
    expect(error.message).toContain('not a public address');
  });

  it('are not loaded where a redirect leads to a private address', async () => {
    let inside = 0;
    const secret = await serve((_request, response) => {
      inside++;
      response.writeHead(200, { 'content-type': 'text/plain' }).end('secret');
    });
    const front = await serve((_request, response) =>
      response.writeHead(302, { location: secret.origin.replace('127.0.0.1', '127.0.0.2') }).end(),
    );
    expect((await failure(local()(front.origin))).message).toContain('not a public address');
    for (const location of ['file:///etc/passwd', 'http://user:pw@127.0.0.1/', 'data:text/plain,x']) {
      const other = await serve((_request, response) => response.writeHead(302, { location }).end());
      expect((await failure(local()(other.origin))).message).toContain('not a web address');
    }
    expect(inside).toBe(0);
  });

  it('are refused when one of the host’s addresses is private, and come from the address that was checked', async () => {
    const { origin } = await servePNG();
    const named = origin.replace('127.0.0.1', 'images.example');
    const mixed = local({ resolve: async () => ['127.0.0.1', '10.0.0.1'] });
    expect((await failure(mixed(named))).code).toBe('media_refused');
    let resolved = 0;
    const rebinding = local({ resolve: async () => (resolved++ === 0 ? ['127.0.0.1'] : ['10.0.0.1']) });
    expect((await rebinding(named)).mimeType).toBe('image/png');
    expect(resolved).toBe(1);
  });

  it('are refused when they are too large, declared or not', async () => {
    for (const headers of [{ 'content-length': '100' }, {}]) {
      const { origin } = await serve((_request, response) => {
        response.writeHead(200, { 'content-type': 'image/png', ...headers });
        response.write('x'.repeat(60));
        response.end('x'.repeat(40));
      });
      const error = await failure(local({ maxBytes: 99 })(origin));
      expect([error.kind, error.code]).toEqual(['bad_request', 'media_refused']);
      expect(error.message).toContain('larger than 99 bytes');
      expect((await local({ maxBytes: 100 })(origin)).mimeType).toBe('image/png');
    }
  });

  it('are refused with another type or none', async () => {
    for (const type of ['text/html', 'application/json', '', 'image/png<script>']) {
      const { origin } = await serve((_request, response) =>
        response.writeHead(200, type === '' ? {} : { 'content-type': type }).end('x'),
      );
      expect((await failure(local()(origin))).code).toBe('media_refused');
    }
  });

  it.each([
    [404, 'media_refused', false],
    [403, 'media_refused', false],
    [429, 'media_unavailable', true],
    [503, 'media_unavailable', true],
  ])('fail on status %d as %s', async (status, code, retryable) => {
    const { origin } = await serve((_request, response) => response.writeHead(status, { 'content-type': 'image/png' }).end('x'));
    const error = await failure(local()(`${origin}/?sig=secret`));
    expect([error.kind, error.code, error.retryable]).toEqual(['bad_request', code, retryable]);
    expect(error.message).toContain(String(status));
    expect(error.message).not.toContain('secret');
  });

  it('fail when the host is away, breaks off or is too slow', async () => {
    const gone = await httpServer(() => {});
    await gone.close();
    expect((await failure(local()(gone.origin))).code).toBe('media_unavailable');
    const cut = await serve((_request, response) => {
      response.writeHead(200, { 'content-type': 'image/png', 'content-length': '10' }).write('x');
      setTimeout(() => response.destroy(), 10);
    });
    expect((await failure(local()(cut.origin))).code).toBe('media_unavailable');
    const slow = await serve(() => {});
    const error = await failure(local({ timeout: 30 })(slow.origin));
    expect(error.message).toContain('longer than 30 ms');
  });

  it('end with the caller’s signal', async () => {
    const { origin } = await serve(() => {});
    const aborter = new AbortController();
    const loading = failure(local()(origin, aborter.signal));
    setTimeout(() => aborter.abort(), 20);
    expect((await loading).kind).toBe('aborted');
    expect((await failure(local()(origin, AbortSignal.abort()))).kind).toBe('aborted');
  });

  it.each([
    '',
    'image.png',
    'ftp://example.com/a',
    'file:///etc/passwd',
    'data:image/png;base64,AA==',
    'https://me:secret@example.com/',
  ])('cannot be %j', async (url) => {
    const error = await failure(createMediaSource()(url));
    expect(error.kind).toBe('bad_request');
    expect(error.message).not.toContain('secret');
  });
});
