import type { Call } from '../../contract/call.ts';
import { BadRequestError } from '../../errors/provider-errors.ts';
import { spliced } from '../../wire/json-body.ts';
import { isRecord, parseDataURI } from '../chat-rules.ts';
import { unsupported, warn } from '../params.ts';
import type { Block, CacheMarks } from './cache.ts';

const IMAGE_TYPES: ReadonlySet<string> = new Set(['image/jpeg', 'image/png', 'image/gif', 'image/webp']);

const TYPES_BY_ENDING: Readonly<Record<string, string>> = {
  pdf: 'application/pdf',
  txt: 'text/plain',
  md: 'text/plain',
  csv: 'text/plain',
  json: 'text/plain',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  png: 'image/png',
  gif: 'image/gif',
  webp: 'image/webp',
};

/** The content of a message as blocks. `path` names the message in errors. */
export function encodeContent(call: Call<'chat' | 'stream'>, content: unknown, path: string, marks: CacheMarks): Block[] {
  if (typeof content === 'string') return textBlocks(content);
  if (!Array.isArray(content)) return [];
  const blocks: Block[] = [];
  for (const [index, part] of content.entries()) {
    const made = typeof part === 'string' ? textBlocks(part) : isRecord(part) ? encodePart(call, part, `${path}[${index}]`) : [];
    if (isRecord(part)) marks.mark(made.at(-1), part);
    blocks.push(...made);
  }
  return blocks;
}

/** Blank text blocks are refused by the API, so they are left out. */
export function textBlocks(text: unknown): Block[] {
  return typeof text === 'string' && text.trim() !== '' ? [{ type: 'text', text }] : [];
}

function encodePart(call: Call<'chat' | 'stream'>, part: Record<string, unknown>, path: string): Block[] {
  switch (part.type) {
    case 'text':
      return textBlocks(part.text);
    case 'refusal':
      return textBlocks(part.refusal);
    case 'image_url':
      return [encodeImage(call, isRecord(part.image_url) ? part.image_url : { url: part.image_url }, path)];
    case 'file':
      return [encodeFile(call, isRecord(part.file) ? part.file : {}, path)];
    default:
      unsupported(call, String(part.type ?? 'content part'), `${path} holds a kind of content that the model cannot read`);
      return [];
  }
}

function encodeImage(call: Call<'chat' | 'stream'>, image: Record<string, unknown>, path: string): Block {
  const url = typeof image.url === 'string' ? image.url : '';
  if (image.detail !== undefined && image.detail !== 'auto') warn(call, 'anthropic has no image "detail"; sent without it');
  if (/^https?:\/\//i.test(url)) return { type: 'image', source: { type: 'url', url } };
  const inline = parseDataURI(url);
  if (inline === undefined) throw refused(call, path, 'an image must be an http(s) URL or a base64 data URI');
  return encodeMedia(call, inline.mimeType, inline.data, undefined, path);
}

function encodeFile(call: Call<'chat' | 'stream'>, file: Record<string, unknown>, path: string): Block {
  const filename = typeof file.filename === 'string' ? file.filename : undefined;
  const named = TYPES_BY_ENDING[/\.([a-z]+)$/i.exec(filename ?? '')?.[1]?.toLowerCase() ?? ''];
  if (typeof file.file_id === 'string' && file.file_id !== '') {
    const type = named?.startsWith('image/') ? 'image' : 'document';
    return { type, source: { type: 'file', file_id: file.file_id } };
  }
  const data = typeof file.file_data === 'string' ? file.file_data : '';
  if (data === '') throw refused(call, path, 'a file needs "file_data" or "file_id"');
  const inline = parseDataURI(data) ?? { mimeType: named ?? 'application/pdf', data };
  return encodeMedia(call, inline.mimeType, inline.data, filename, path);
}

function encodeMedia(
  call: Call<'chat' | 'stream'>,
  mimeType: string,
  data: string,
  filename: string | undefined,
  path: string,
): Block {
  const type = mimeType === 'image/jpg' ? 'image/jpeg' : mimeType;
  if (IMAGE_TYPES.has(type)) return { type: 'image', source: { type: 'base64', media_type: type, data: spliced(data) } };
  const title = filename === undefined ? {} : { title: filename };
  if (type === 'application/pdf') {
    return { type: 'document', source: { type: 'base64', media_type: type, data: spliced(data) }, ...title };
  }
  if (type.startsWith('text/') || type === 'application/json') {
    return { type: 'document', source: { type: 'text', media_type: 'text/plain', data: decodeText(call, data, path) }, ...title };
  }
  throw refused(call, path, `anthropic reads JPEG, PNG, GIF, WebP, PDF and plain text, not ${type}`);
}

function decodeText(call: Call<'chat' | 'stream'>, base64: string, path: string): string {
  try {
    return new TextDecoder().decode(Uint8Array.from(atob(base64), (char) => char.charCodeAt(0)));
  } catch {
    throw refused(call, path, 'the file is not base64');
  }
}

const refused = (call: Call<'chat' | 'stream'>, path: string, what: string): BadRequestError =>
  new BadRequestError({ message: `${path}: ${what}`, provider: call.target.provider, model: call.target.model, param: path });
