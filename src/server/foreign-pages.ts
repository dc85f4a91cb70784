import { envelope } from '../errors/envelope.ts';
import { Refusal } from './answers.ts';

/**
 * Keeps out what pages of other sites ask in the name of whoever looks at them: a server without keys would answer, and pay.
 * Browsers tell where a request comes from (Fetch Metadata, or `Origin`); other clients tell nothing, and are let in.
 */
export async function refuseForeignPages({ headers, url }: Request): Promise<void> {
  const site = headers.get('sec-fetch-site');
  const origin = headers.get('origin');
  const own = headers.get('host') ?? new URL(url).host;
  const foreign = site === null ? origin !== null && URL.parse(origin)?.host !== own : site !== 'same-origin' && site !== 'none';
  if (!foreign) return;
  const message = 'Pages of other sites are not served: this server has no keys to know its clients by.';
  throw new Refusal(403, envelope(message, 'invalid_request_error', 'foreign_origin'));
}
