import { describe, expect, it, vi } from 'vitest';
import type { UnderstoodFailure } from '../../../src/contract/provider.ts';
import type { AWSCredentials } from '../../../src/wire/auth/aws-credentials.ts';
import { CredentialStore } from '../../../src/wire/auth/aws-credentials.ts';
import { AWSSigner } from '../../../src/wire/auth/aws-sigv4.ts';
import { openEnvelope } from '../../../src/wire/failure/envelope.ts';
import { callOf } from '../../support/call.ts';

const KEYS: AWSCredentials = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
};
const REQUEST = {
  method: 'POST',
  url: 'https://bedrock-runtime.us-east-1.amazonaws.com/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse',
  body: '{"messages":[{"role":"user","content":[{"text":"hi"}]}]}',
};
const NOON = Date.UTC(2026, 10, 1, 12);

const callAt = (now: () => number) =>
  callOf('chat', { messages: [] }, { clock: { ...callOf('chat', { messages: [] }).clock, now } });

const signerWith = (credentials: CredentialStore, service = 'bedrock'): AWSSigner =>
  new AWSSigner({ service, region: () => 'us-east-1', credentials });

const fixed = (keys: AWSCredentials = KEYS): CredentialStore => new CredentialStore(() => Promise.resolve(keys));

const refusal = (code: string, message: string, date?: string): UnderstoodFailure =>
  openEnvelope({
    status: 403,
    headers: { 'x-amzn-errortype': code, ...(date === undefined ? {} : { date }) },
    text: '',
    json: { message },
    place: 'status',
  });

describe('signatures', () => {
  it('are those of two other implementations', async () => {
    const headers = await signerWith(fixed()).sign(
      REQUEST,
      callAt(() => NOON),
    );
    expect(headers).toEqual({
      'x-amz-date': '20261101T120000Z',
      authorization:
        'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261101/us-east-1/bedrock/aws4_request, SignedHeaders=host;x-amz-date, Signature=43b2dd9aeb711c629238ae0a1dc48e204c0725c4862d16fc78e33a2e96ce798f',
    });
  });

  it('are the same for text and for bytes', async () => {
    const call = callAt(() => NOON);
    const text = await signerWith(fixed()).sign(REQUEST, call);
    expect(await signerWith(fixed()).sign({ ...REQUEST, body: new TextEncoder().encode(REQUEST.body) }, call)).toEqual(text);
  });

  it('cover a session token and name the service', async () => {
    const headers = await signerWith(fixed({ ...KEYS, sessionToken: 'session' }), 'sagemaker').sign(
      REQUEST,
      callAt(() => NOON),
    );
    expect(headers['x-amz-security-token']).toBe('session');
    expect(headers.authorization).toContain(
      '/us-east-1/sagemaker/aws4_request, SignedHeaders=host;x-amz-date;x-amz-security-token,',
    );
  });

  it('go by the service’s clock once ours was found wrong', async () => {
    let now = NOON;
    const signer = signerWith(fixed());
    const call = callAt(() => now);
    await signer.sign(REQUEST, call);
    const verdict = signer.rule(
      refusal(
        'InvalidSignatureException',
        'Signature expired: 20261101T120000Z is now earlier than …',
        'Sun, 01 Nov 2026 13:00:00 GMT',
      ),
    );
    expect(verdict).toEqual({ kind: 'authentication', retryable: true });
    now += 1000;
    expect((await signer.sign(REQUEST, call))['x-amz-date']).toBe('20261101T130001Z');
  });

  it('leave the clock alone when it does not explain the refusal', async () => {
    const signer = signerWith(fixed());
    await signer.sign(
      REQUEST,
      callAt(() => NOON),
    );
    const near = 'Sun, 01 Nov 2026 12:01:00 GMT';
    expect(
      signer.rule(refusal('InvalidSignatureException', 'The request signature we calculated does not match', near)),
    ).toBeUndefined();
    expect(signer.rule(refusal('InvalidSignatureException', 'no date'))).toBeUndefined();
    expect(signer.rule(refusal('AccessDeniedException', 'no', 'Sun, 01 Nov 2026 15:00:00 GMT'))).toBeUndefined();
  });
});

describe('credentials', () => {
  const until = (ms: number): AWSCredentials => ({ ...KEYS, expiration: new Date(NOON + ms) });

  it('are loaded once for calls that come together, and kept', async () => {
    const load = vi.fn(() => Promise.resolve(until(3_600_000)));
    const store = new CredentialStore(load);
    const call = callAt(() => NOON);
    await Promise.all([store.get(call), store.get(call), store.get(call)]);
    await store.get(call);
    expect(load).toHaveBeenCalledTimes(1);
  });

  it('are renewed shortly before they end; if that fails, what is still valid is used', async () => {
    let now = NOON;
    const call = callAt(() => now);
    const load = vi
      .fn<() => Promise<AWSCredentials>>()
      .mockResolvedValueOnce(until(600_000))
      .mockRejectedValueOnce(new Error('metadata service is down'))
      .mockResolvedValueOnce({ ...until(7_200_000), accessKeyId: 'AKIDSECOND' });
    const store = new CredentialStore(load);
    await store.get(call);
    now += 400_000;
    expect((await store.get(call)).accessKeyId).toBe('AKIDEXAMPLE');
    expect((await store.get(call)).accessKeyId).toBe('AKIDSECOND');
    expect(store.secrets).toContain('AKIDSECOND');
    expect(store.secrets).not.toContain('AKIDEXAMPLE');
  });

  it('that fail to load are asked for again', async () => {
    const load = vi.fn<() => Promise<AWSCredentials>>().mockRejectedValueOnce(new Error('no')).mockResolvedValueOnce(KEYS);
    const store = new CredentialStore(load);
    const call = callAt(() => NOON);
    await expect(store.get(call)).rejects.toThrow('no');
    expect(await store.get(call)).toEqual(KEYS);
  });

  it('that were refused as expired are not used again', async () => {
    const load = vi.fn(() => Promise.resolve(KEYS));
    const store = new CredentialStore(load);
    const signer = signerWith(store);
    const call = callAt(() => NOON);
    await signer.sign(REQUEST, call);
    expect(
      signer.rule(refusal('ExpiredTokenException', 'The security token included in the request is expired')),
    ).toBeUndefined();
    await signer.sign(REQUEST, call);
    expect(load).toHaveBeenCalledTimes(2);
  });
});
