import type { Call } from '../../contract/call.ts';
import { BadRequestError } from '../../errors/provider-errors.ts';
import { ConfigurationError } from '../../errors/setup-errors.ts';
import { isRecord } from '../chat-rules.ts';

type Part = Record<string, unknown>;

/**
 * For hosts that load nothing by themselves: the call with every image and document as bytes.
 * A promise only where there is something to load.
 *
 * @throws ConfigurationError when the client may not load media; BadRequestError for files by id.
 */
export function withInlineMedia<K extends 'chat' | 'stream'>(call: Call<K>): Call<K> | Promise<Call<K>> {
  const urls = new Set<string>();
  for (const [index, { content }] of call.request.messages.entries()) {
    if (!Array.isArray(content)) continue;
    for (const [position, part] of (content as readonly unknown[]).entries()) {
      if (!isRecord(part)) continue;
      if (isRecord(part.file) && part.file.file_id)
        throw byId(call as Call, `messages[${index}].content[${position}].file.file_id`);
      const url = urlOf(part);
      if (url !== undefined) urls.add(url);
    }
  }
  return urls.size === 0 ? call : loaded(call, [...urls]);
}

async function loaded<K extends 'chat' | 'stream'>(call: Call<K>, urls: readonly string[]): Promise<Call<K>> {
  const { media, signal } = call;
  if (media === undefined) throw mayNotLoad(call as Call);
  const uris = new Map(
    await Promise.all(
      urls.map(async (url): Promise<[string, string]> => {
        const { mimeType, data } = await media(url, signal);
        return [url, `data:${mimeType};base64,${data}`];
      }),
    ),
  );
  const messages = call.request.messages.map((message) => {
    const { content } = message;
    if (!Array.isArray(content)) return message;
    return { ...message, content: (content as readonly unknown[]).map((part) => (isRecord(part) ? inlined(part, uris) : part)) };
  });
  return { ...call, request: { ...call.request, messages } } as Call<K>;
}

/** The web address of an image or a file; `undefined` where a part has none. */
function urlOf({ image_url: image, file }: Part): string | undefined {
  const url = isRecord(image) ? image.url : (image ?? (isRecord(file) ? file.file_data : undefined));
  return typeof url === 'string' && /^https?:\/\//i.test(url) ? url : undefined;
}

function inlined(part: Part, uris: ReadonlyMap<string, string>): Part {
  const uri = uris.get(urlOf(part) ?? '');
  if (uri === undefined) return part;
  if (isRecord(part.file)) return { ...part, file: { ...part.file, file_data: uri } };
  return { ...part, image_url: { ...(isRecord(part.image_url) ? part.image_url : {}), url: uri } };
}

function mayNotLoad({ target: { provider, model } }: Call): ConfigurationError {
  return new ConfigurationError({
    message: `${provider} does not load images and files by address: send a data URI, or let the client load them with media: { download: true }`,
    provider,
    model,
    param: 'messages',
    code: 'media_download_off',
  });
}

function byId({ target: { provider, model } }: Call, param: string): BadRequestError {
  const message = `${param}: ${provider} keeps no files; send the file itself as "file_data"`;
  return new BadRequestError({ message, provider, model, param, code: 'invalid_media' });
}
