import { envelope } from '../errors/envelope.ts';
import { Refusal } from './answers.ts';

/** Whether a request brings a key that is known. */
export type Doorkeeper = (request: Request) => Promise<void>;

const encoder = new TextEncoder();

const digestOf = async (text: string): Promise<Uint8Array> =>
  new Uint8Array(await crypto.subtle.digest('SHA-256', encoder.encode(text)));

/**
 * Keeps out requests without one of the keys, as `Authorization: Bearer …`. Digests are compared, all of them and to their end,
 * so that the time it takes tells nothing.
 */
export function doorkeeper(keys: readonly string[]): Doorkeeper {
  const known = Promise.all(keys.map(digestOf));
  return async (request) => {
    const bearer = /^bearer +(\S+) *$/i.exec(request.headers.get('authorization') ?? '')?.[1];
    if (bearer === undefined) {
      throw refusal('You did not provide an API key. Send it as a header: Authorization: Bearer YOUR_KEY.', null);
    }
    const digest = await digestOf(bearer);
    let admitted = 0;
    for (const key of await known) admitted |= Number(equal(digest, key));
    if (admitted === 0) throw refusal('Incorrect API key provided.', 'invalid_api_key');
  };
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  let difference = a.length ^ b.length;
  for (let i = 0; i < a.length; i++) difference |= (a[i] ?? 0) ^ (b[i] ?? 0);
  return difference === 0;
}

function refusal(message: string, code: string | null): Refusal {
  return new Refusal(401, envelope(message, 'invalid_request_error', code), { 'www-authenticate': 'Bearer' });
}
