import type { Call } from '../../contract/call.ts';
import type { Media } from '../../contract/media.ts';
import { isRecord, parseDataURI } from '../../dialects/chat-rules.ts';
import { unsupported } from '../../dialects/params.ts';
import { BadRequestError } from '../../errors/provider-errors.ts';
import { ConfigurationError } from '../../errors/setup-errors.ts';
import { spliced } from '../../wire/json-body.ts';
import type { Block } from './cache-points.ts';
import type { DocumentNames } from './document-names.ts';

type ChatCall = Call<'chat' | 'stream'>;
type Part = Readonly<Record<string, unknown>>;

/** Images that were loaded for this request, by address. */
export type LoadedMedia = ReadonlyMap<string, Media>;

const NONE: LoadedMedia = new Map();

const IMAGES: Readonly<Record<string, string>> = { png: 'png', jpeg: 'jpeg', jpg: 'jpeg', gif: 'gif', webp: 'webp' };
const DOCUMENTS: Readonly<Record<string, string>> = {
  pdf: 'pdf',
  csv: 'csv',
  msword: 'doc',
  doc: 'doc',
  'vnd.openxmlformats-officedocument.wordprocessingml.document': 'docx',
  docx: 'docx',
  'vnd.ms-excel': 'xls',
  xls: 'xls',
  'vnd.openxmlformats-officedocument.spreadsheetml.sheet': 'xlsx',
  xlsx: 'xlsx',
  html: 'html',
  plain: 'txt',
  txt: 'txt',
  json: 'txt',
  markdown: 'md',
  md: 'md',
};
const VIDEOS: Readonly<Record<string, string>> = {
  mp4: 'mp4',
  quicktime: 'mov',
  mov: 'mov',
  mkv: 'mkv',
  webm: 'webm',
  mpeg: 'mpeg',
  flv: 'flv',
  wmv: 'wmv',
};

/**
 * Loads the images that the request names by URL; a promise only when there are any.
 *
 * @throws ConfigurationError when the client may not load media.
 */
export function loadMedia(call: ChatCall): LoadedMedia | Promise<LoadedMedia> {
  const urls = new Set<string>();
  for (const { content } of call.request.messages) {
    if (!Array.isArray(content)) continue;
    for (const part of content as readonly unknown[]) {
      const url = isRecord(part) && part.type === 'image_url' ? addressOf(part) : '';
      if (/^https?:\/\//i.test(url)) urls.add(url);
    }
  }
  if (urls.size === 0) return NONE;
  const { media, signal } = call;
  if (media === undefined) {
    throw new ConfigurationError({
      message:
        'bedrock takes images as bytes, not by URL: give a data URI (data:image/png;base64,…), or let the client load them with createClient({ media: { download: true } })',
      provider: call.target.provider,
      model: call.target.model,
      code: 'media_download_off',
      param: 'messages',
    });
  }
  return Promise.all([...urls].map(async (url) => [url, await media(url, signal)] as const)).then((pairs) => new Map(pairs));
}

/** The block of a part that is no text. `path` names the part in errors. */
export function mediaBlocks(call: ChatCall, part: Part, path: string, loaded: LoadedMedia, names: DocumentNames): Block[] {
  switch (part.type) {
    case 'image_url':
      return [imageBlock(call, addressOf(part), path, loaded)];
    case 'input_audio':
      return [audioBlock(call, isRecord(part.input_audio) ? part.input_audio : {}, path)];
    case 'file':
      return [fileBlock(call, isRecord(part.file) ? part.file : {}, path, names)];
    default:
      unsupported(call, String(part.type ?? 'content part'), `${path} holds a kind of content that bedrock cannot read`);
      return [];
  }
}

function addressOf({ image_url: image }: Part): string {
  const url = isRecord(image) ? image.url : image;
  return typeof url === 'string' ? url : '';
}

function imageBlock(call: ChatCall, url: string, path: string, loaded: LoadedMedia): Block {
  if (url.startsWith('s3://')) return { image: { format: IMAGES[endingOf(url)] ?? 'png', source: stored(url) } };
  const media = loaded.get(url) ?? parseDataURI(url);
  if (media === undefined) throw refused(call, path, 'an image must be an http(s) or s3 URL or a base64 data URI');
  const format = named(IMAGES, subtypeOf(media.mimeType));
  if (format === undefined) throw refused(call, path, `bedrock reads PNG, JPEG, GIF and WebP, not ${media.mimeType}`);
  return { image: { format, source: { bytes: spliced(media.data) } } };
}

function audioBlock(call: ChatCall, { data, format }: Part, path: string): Block {
  if (typeof data !== 'string' || typeof format !== 'string') throw refused(call, path, 'audio needs "data" and "format"');
  return { audio: { format, source: { bytes: spliced(data) } } };
}

function fileBlock(call: ChatCall, file: Part, path: string, names: DocumentNames): Block {
  const filename = typeof file.filename === 'string' ? file.filename : '';
  const id = typeof file.file_id === 'string' ? file.file_id : '';
  if (id.startsWith('s3://')) return blockOf(call, endingOf(id), stored(id), filename || nameIn(id), path, names);
  const data = typeof file.file_data === 'string' ? file.file_data : '';
  if (data === '') throw refused(call, path, 'a file needs "file_data", or an "s3://…" address as "file_id"');
  const inline = parseDataURI(data);
  const kind = inline === undefined ? endingOf(filename) || 'pdf' : subtypeOf(inline.mimeType);
  return blockOf(call, kind, { bytes: spliced(inline?.data ?? data) }, filename, path, names);
}

function blockOf(call: ChatCall, kind: string, source: object, filename: string, path: string, names: DocumentNames): Block {
  const image = named(IMAGES, kind);
  if (image !== undefined) return { image: { format: image, source } };
  const video = named(VIDEOS, kind);
  if (video !== undefined) return { video: { format: video, source } };
  const format = named(DOCUMENTS, kind);
  if (format === undefined) throw refused(call, path, `bedrock cannot read files of the type "${kind}"`);
  return { document: { format, name: names.unique(filename), source } };
}

const stored = (uri: string): object => ({ s3Location: { uri } });
const subtypeOf = (mimeType: string): string => mimeType.slice(mimeType.indexOf('/') + 1);
const endingOf = (name: string): string => /\.([a-z0-9]+)$/i.exec(name)?.[1]?.toLowerCase() ?? '';
const nameIn = (uri: string): string => uri.slice(uri.lastIndexOf('/') + 1);
const named = (table: Readonly<Record<string, string>>, kind: string): string | undefined =>
  Object.hasOwn(table, kind) ? table[kind] : undefined;

const refused = ({ target: { provider, model } }: ChatCall, path: string, what: string): BadRequestError =>
  new BadRequestError({ message: `${path}: ${what}`, provider, model, param: path });
