import type { Call } from '../../contract/call.ts';
import type { ChatMessageParam } from '../../contract/chat.ts';
import type { Media } from '../../contract/media.ts';
import { BadRequestError } from '../../errors/provider-errors.ts';
import { ConfigurationError } from '../../errors/setup-errors.ts';
import { spliced } from '../../wire/json-body.ts';
import { isRecord, parseDataURI } from '../chat-rules.ts';
import type { GeminiPart } from './content-types.ts';
import type { GeminiService } from './service-traits.ts';

/** Images and documents that were loaded for this request, by their address. */
export type LoadedMedia = ReadonlyMap<string, Media>;

const NOTHING: LoadedMedia = new Map();

const MIME_BY_EXTENSION: ReadonlyMap<string, string> = new Map([
  ['jpg', 'image/jpeg'],
  ['jpeg', 'image/jpeg'],
  ['png', 'image/png'],
  ['gif', 'image/gif'],
  ['webp', 'image/webp'],
  ['heic', 'image/heic'],
  ['heif', 'image/heif'],
  ['pdf', 'application/pdf'],
  ['json', 'application/json'],
  ['txt', 'text/plain'],
  ['md', 'text/markdown'],
  ['html', 'text/html'],
  ['css', 'text/css'],
  ['csv', 'text/csv'],
  ['xml', 'text/xml'],
  ['rtf', 'text/rtf'],
  ['mp3', 'audio/mp3'],
  ['wav', 'audio/wav'],
  ['flac', 'audio/flac'],
  ['aac', 'audio/aac'],
  ['ogg', 'audio/ogg'],
  ['aiff', 'audio/aiff'],
  ['mp4', 'video/mp4'],
  ['mov', 'video/mov'],
  ['mpeg', 'video/mpeg'],
  ['webm', 'video/webm'],
  ['avi', 'video/avi'],
  ['wmv', 'video/wmv'],
]);

/** How files begin, in base64. */
const MIME_BY_BASE64: readonly (readonly [string, string])[] = [
  ['/9j/', 'image/jpeg'],
  ['iVBORw0KGgo', 'image/png'],
  ['R0lGOD', 'image/gif'],
  ['UklGR', 'image/webp'],
  ['JVBERi', 'application/pdf'],
];

const isWebAddress = (url: string): boolean => /^https?:\/\//i.test(url);

function mimeOfName(name: string): string | undefined {
  const path = name.split(/[?#]/, 1)[0] ?? '';
  const dot = path.lastIndexOf('.');
  return dot === -1 ? undefined : MIME_BY_EXTENSION.get(path.slice(dot + 1).toLowerCase());
}

const inline = (mimeType: string, data: string): GeminiPart => ({
  inlineData: { mimeType: mimeType === 'image/jpg' ? 'image/jpeg' : mimeType, data: spliced(data) },
});

const fileData = (fileUri: string, mimeType: string | undefined): GeminiPart => ({
  fileData: { ...(mimeType === undefined ? {} : { mimeType }), fileUri },
});

/**
 * An image, recording or document as Gemini takes it: bytes as `inlineData`, addresses that it reads itself as `fileData`.
 *
 * @param path Where it stands in the request, for messages.
 */
export function mediaPart(part: object, path: string, call: Call, service: GeminiService, loaded: LoadedMedia): GeminiPart {
  const { image_url, input_audio, file } = part as Record<string, unknown>;
  if (isRecord(input_audio)) {
    const format = typeof input_audio.format === 'string' ? input_audio.format : 'wav';
    return bytes(String(input_audio.data ?? ''), `audio/${format}`, path, call);
  }
  if (isRecord(file)) return filePart(file, path, call);
  const image = isRecord(image_url) ? image_url : { url: image_url };
  const url = typeof image.url === 'string' ? image.url : '';
  const format = typeof image.format === 'string' ? image.format : undefined;
  if (service.readsURL(url)) return fileData(url, format ?? mimeOfName(url));
  const media = loaded.get(url);
  return media === undefined ? bytes(url, format, path, call) : inline(format ?? media.mimeType, media.data);
}

function filePart(file: Record<string, unknown>, path: string, call: Call): GeminiPart {
  const mimeType =
    typeof file.format === 'string' ? file.format : mimeOfName(typeof file.filename === 'string' ? file.filename : '');
  if (typeof file.file_id === 'string') return fileData(file.file_id, mimeType ?? mimeOfName(file.file_id));
  return bytes(String(file.file_data ?? ''), mimeType, path, call);
}

function bytes(text: string, mimeType: string | undefined, path: string, call: Call): GeminiPart {
  const uri = parseDataURI(text);
  if (uri !== undefined) return inline(uri.mimeType, uri.data);
  const known = mimeType ?? MIME_BY_BASE64.find(([start]) => text.startsWith(start))?.[1];
  if (known !== undefined && text !== '' && !text.includes(':')) return inline(known, text);
  const { provider, model } = call.target;
  const expected = 'a base64 data URI (data:image/png;base64,…), or the address of an uploaded file';
  throw new BadRequestError({ message: `${path} must be ${expected}`, provider, model, param: path, code: 'invalid_media' });
}

/** Loads what Gemini does not read by itself. A promise only where there is something to load. */
export function loadMedia(
  messages: readonly ChatMessageParam[],
  call: Call,
  service: GeminiService,
): LoadedMedia | Promise<LoadedMedia> {
  const urls = new Set<string>();
  for (const { content } of messages) {
    if (!Array.isArray(content)) continue;
    for (const part of content as readonly unknown[]) {
      const image = isRecord(part) ? part.image_url : undefined;
      const url = isRecord(image) ? image.url : image;
      if (typeof url === 'string' && isWebAddress(url) && !service.readsURL(url)) urls.add(url);
    }
  }
  if (urls.size === 0) return NOTHING;
  const { media } = call;
  if (media !== undefined) {
    const load = async (url: string): Promise<[string, Media]> => [url, await media(url, call.signal)];
    return Promise.all([...urls].map(load)).then((entries) => new Map(entries));
  }
  const { provider, model } = call.target;
  throw new ConfigurationError({
    message: `${provider} does not load images by address: send a data URI, or let the client load them with media: { download: true }`,
    provider,
    model,
    param: 'messages',
    code: 'media_download_off',
  });
}
