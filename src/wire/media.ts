import type { Media, MediaSource } from '../contract/media.ts';
import { BadRequestError } from '../errors/provider-errors.ts';
import { ConfigurationError } from '../errors/setup-errors.ts';
import { AbortError } from '../errors/wire-errors.ts';
import type { Clock } from '../time/clock.ts';
import { systemClock } from '../time/clock.ts';
import type { MediaAnswer, MediaDownload } from './media-hop.ts';
import { MediaRefusal } from './media-hop.ts';
import { isPublicAddress } from './public-address.ts';

const MAX_BYTES = 20 * 1024 * 1024;
const MAX_REDIRECTS = 3;
const TIMEOUT_MS = 30_000;
const TYPES = /^(?:image\/[\w.+-]+|audio\/[\w.+-]+|application\/pdf|text\/plain)$/;

/** How media are loaded by URL. */
export interface MediaSettings {
  /** Default {@link systemClock}. */
  readonly clock?: Clock | undefined;
  /** Largest medium in bytes; default 20 MiB. */
  readonly maxBytes?: number | undefined;
  /** Milliseconds for one medium, redirects included; default 30 000. */
  readonly timeout?: number | undefined;
  /** Which IP addresses may be contacted; default {@link isPublicAddress}. */
  readonly allows?: ((address: string) => boolean) | undefined;
  /** The addresses of a host; default the system's resolver. */
  readonly resolve?: ((host: string) => Promise<string[]>) | undefined;
}

/**
 * Loads images, audio, PDF and plain text by `http(s)` URL, from public addresses only. Node only: elsewhere an
 * address cannot be checked before it is contacted.
 */
export function createMediaSource(settings: MediaSettings = {}): MediaSource {
  const { clock = systemClock, timeout = TIMEOUT_MS, maxBytes = MAX_BYTES, allows = isPublicAddress, resolve } = settings;
  return async (url: string, signal?: AbortSignal): Promise<Media> => {
    const first = parseMediaURL(url);
    const aborter = new AbortController();
    const abort = (): void => aborter.abort(signal?.reason);
    const timer = clock.timer(() => aborter.abort(), timeout);
    signal?.addEventListener('abort', abort);
    if (signal?.aborted) abort();
    try {
      const download = await loadDownload();
      return await follow(first, (hop) => download(hop, { maxBytes, allows, resolve, signal: aborter.signal }));
    } catch (cause) {
      if (signal?.aborted)
        throw new AbortError({ message: 'the call was aborted while a medium was loaded', cause: signal.reason });
      if (aborter.signal.aborted) {
        throw unavailable(first.host, `it took longer than ${timeout} ms`);
      }
      throw typed(cause, first.host);
    } finally {
      timer.cancel();
      signal?.removeEventListener('abort', abort);
    }
  };
}

async function follow(first: URL, get: (url: URL) => Promise<MediaAnswer>): Promise<Media> {
  let url = first;
  for (let redirects = 0; ; redirects++) {
    const answer = await get(url);
    if (answer.status < 300 || answer.status >= 400 || answer.location === undefined) return mediaOf(answer);
    if (redirects === MAX_REDIRECTS) throw new MediaRefusal(`it redirects more than ${MAX_REDIRECTS} times`);
    const next = URL.canParse(answer.location, url) ? new URL(answer.location, url) : undefined;
    if (next === undefined || !isWebURL(next)) throw new MediaRefusal('it redirects to something that is not a web address');
    if (url.protocol === 'https:' && next.protocol === 'http:') throw new MediaRefusal('it redirects from https to http');
    url = next;
  }
}

function mediaOf({ status, type, data }: MediaAnswer): Media {
  if (status === 429 || status >= 500) throw new Error(`the server answered with status ${status}`);
  if (status !== 200) throw new MediaRefusal(`the server answered with status ${status}`);
  const mimeType = (type.split(';')[0] ?? '').trim().toLowerCase();
  if (!TYPES.test(mimeType)) {
    throw new MediaRefusal(
      `its type is ${/^[\w.+/-]{1,80}$/.test(mimeType) ? mimeType : 'not given'}, not an image, audio, PDF or plain text`,
    );
  }
  return { mimeType, data };
}

function parseMediaURL(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !isWebURL(url)) {
    throw new BadRequestError({ message: 'a medium’s URL is not an "https://" or "http://" address without credentials' });
  }
  return url;
}

const isWebURL = (url: URL): boolean =>
  (url.protocol === 'https:' || url.protocol === 'http:') && url.username === '' && url.password === '';

async function loadDownload(): Promise<MediaDownload> {
  try {
    const { download } = await import('#media-download');
    return download;
  } catch (cause) {
    throw new ConfigurationError({ message: 'media: { download: true } works on Node only; pass a data URI instead', cause });
  }
}

function typed(cause: unknown, host: string): Error {
  if (cause instanceof ConfigurationError) return cause;
  if (cause instanceof MediaRefusal) {
    const message = `a medium from ${host} cannot be used: ${cause.message}; pass a data URI instead`;
    return new BadRequestError({ message, code: 'media_refused' });
  }
  const { code, message } = cause as { code?: unknown; message?: unknown };
  return unavailable(host, String(code ?? message), cause);
}

/** A repeat may succeed, but no provider is to blame, so that no circuit breaker may count it. */
function unavailable(host: string, why: string, cause?: unknown): Error {
  const message = `a medium could not be loaded from ${host}: ${why}`;
  return new BadRequestError({ message, code: 'media_unavailable', retryable: true, cause });
}
