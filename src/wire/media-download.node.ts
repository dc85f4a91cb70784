import type { LookupAddress } from 'node:dns';
import { lookup } from 'node:dns/promises';
import type { IncomingMessage } from 'node:http';
import { request as requestHTTP } from 'node:http';
import { request as requestHTTPS } from 'node:https';
import { isIP } from 'node:net';
import type { MediaAnswer, MediaDownload } from './media-hop.ts';
import { MediaRefusal } from './media-hop.ts';

/**
 * Gets one URL. The host's addresses are all checked and the connection goes to the one that was checked,
 * so that a name that resolves differently the second time gains nothing.
 */
export const download: MediaDownload = async (url, { maxBytes, allows, resolve, signal }) => {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const addresses = isIP(host) === 0 ? await (resolve ?? resolveName)(host) : [host];
  const [address] = addresses;
  if (address === undefined || !addresses.every(allows)) {
    throw new MediaRefusal('its host is not a public address');
  }
  const response = await get(url, address, signal);
  const { statusCode: status = 0, headers } = response;
  const answer = { status, location: headers.location, type: headers['content-type'] ?? '' };
  if (status !== 200) {
    response.destroy();
    return { ...answer, data: '' };
  }
  return { ...answer, data: await base64Of(response, maxBytes) } satisfies MediaAnswer;
};

async function resolveName(host: string): Promise<string[]> {
  const found: LookupAddress[] = await lookup(host, { all: true });
  return found.map(({ address }) => address);
}

function get(url: URL, address: string, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const family = isIP(address);
    const request = (url.protocol === 'https:' ? requestHTTPS : requestHTTP)(url, {
      agent: false,
      signal,
      headers: { accept: '*/*', 'accept-encoding': 'identity', 'user-agent': 'holdfast' },
      lookup: (_host, options, done) => {
        if (options.all) done(null, [{ address, family }]);
        else done(null, address, family);
      },
    });
    request.on('response', resolve).on('error', reject).end();
  });
}

async function base64Of(response: IncomingMessage, maxBytes: number): Promise<string> {
  const tooLarge = new MediaRefusal(`it is larger than ${maxBytes} bytes`);
  if (Number(response.headers['content-length'] ?? 0) > maxBytes) {
    response.destroy();
    throw tooLarge;
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw tooLarge;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('base64');
}
