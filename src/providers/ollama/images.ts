import type { Call } from '../../contract/call.ts';
import { isRecord, parseDataURI } from '../../dialects/chat-rules.ts';
import { BadRequestError } from '../../errors/provider-errors.ts';
import { ConfigurationError } from '../../errors/setup-errors.ts';
import { spliced } from '../../wire/json-body.ts';

type ChatCall = Call<'chat' | 'stream'>;

/** Images that were loaded for this request: raw base64 by address. */
export type LoadedImages = ReadonlyMap<string, string>;

const NONE: LoadedImages = new Map();
const isRemote = (url: string): boolean => /^https?:\/\//i.test(url);

/** The address in an `image_url` part; `undefined` for every other part. */
export function imageAddress(part: unknown): string | undefined {
  if (!isRecord(part) || part.type !== 'image_url') return undefined;
  const url = isRecord(part.image_url) ? part.image_url.url : part.image_url;
  return typeof url === 'string' ? url : '';
}

/**
 * Loads the images that the request names by URL; a promise only when there are any.
 *
 * @throws ConfigurationError when the client may not load media.
 */
export function loadImages(call: ChatCall): LoadedImages | Promise<LoadedImages> {
  const urls = new Set<string>();
  for (const { content } of call.request.messages) {
    if (!Array.isArray(content)) continue;
    for (const part of content) {
      const url = imageAddress(part);
      if (url !== undefined && isRemote(url)) urls.add(url);
    }
  }
  if (urls.size === 0) return NONE;
  const { media, signal } = call;
  if (media === undefined) {
    throw new ConfigurationError({
      message:
        'ollama takes images as bytes, not by URL: give a data URI (data:image/png;base64,…), or let the client load them with createClient({ media: { download: true } })',
      provider: call.target.provider,
      model: call.target.model,
      code: 'media_download_off',
      param: 'messages',
    });
  }
  return Promise.all([...urls].map(async (url) => [url, (await media(url, signal)).data] as const)).then(
    (pairs) => new Map(pairs),
  );
}

/** Raw base64 of an image, without the prefix of a data URI. `path` names the part in errors. */
export function imageData(call: ChatCall, url: string, loaded: LoadedImages, path: string): string {
  const data = loaded.get(url) ?? parseDataURI(url)?.data;
  if (data !== undefined && data !== '') return spliced(data);
  throw new BadRequestError({
    message: `${path}: an image must be a base64 data URI or an http(s) URL`,
    provider: call.target.provider,
    model: call.target.model,
    param: path,
  });
}
