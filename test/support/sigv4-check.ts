import { createHash, createHmac } from 'node:crypto';

/** A request as a server received it, before anything was decoded. */
export interface SignedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Uint8Array;
}

const sha256 = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex');
const hmac = (key: string | Uint8Array, data: string): Uint8Array => createHmac('sha256', key).update(data).digest();

/**
 * The signature that AWS would compute for a request, written from AWS' description and by other means than the library's:
 * the path as it was sent is encoded once more, headers are those that the sender says it signed.
 */
export function expectedSignature(request: SignedRequest, secretAccessKey: string): { expected: string; given: string } {
  const authorization = String(request.headers.authorization);
  const [, scope = '', names = '', given = ''] =
    /Credential=[^/]+\/([^,]+), SignedHeaders=([^,]+), Signature=([0-9a-f]+)$/.exec(authorization) ?? [];
  const [date = '', region = '', service = ''] = scope.split('/');
  const [pathname = '', query = ''] = request.path.split('?');
  const canonical = [
    request.method,
    pathname
      .split('/')
      .map((segment) => encodeURIComponent(segment))
      .join('/'),
    query.split('&').sort().join('&'),
    ...names.split(';').map((name) => `${name}:${String(request.headers[name]).trim()}`),
    '',
    names,
    sha256(request.body),
  ].join('\n');
  const toSign = ['AWS4-HMAC-SHA256', request.headers['x-amz-date'], scope, sha256(canonical)].join('\n');
  const key = [region, service, 'aws4_request'].reduce(hmac, hmac(`AWS4${secretAccessKey}`, date));
  return { expected: Buffer.from(hmac(key, toSign)).toString('hex'), given };
}
