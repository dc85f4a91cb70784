import type { FileDeleted, FileObject } from 'openai/resources/files';
import type { ListPage } from '../../contract/batches.ts';
import type { DecodeContext, Operation } from '../../contract/codec.ts';
import { headerText } from '../../contract/headers.ts';
import type { Wire } from '../../contract/wire.ts';
import { byteStream } from '../../wire/byte-stream.ts';
import { replyOperation } from '../../wire/operations.ts';
import { Steps } from '../../wire/steps.ts';
import { unrepeatable } from '../../wire/unrepeatable.ts';
import { pageOf, present, queryOf, secondsOf } from '../batch-objects.ts';
import { isRecord } from '../chat-rules.ts';
import { unsupported } from '../params.ts';
import { failureOf } from './answer-head.ts';

export type FileOperations = {
  readonly [K in 'uploadFile' | 'retrieveFile' | 'listFiles' | 'fileContent' | 'deleteFile']: Operation<K>;
};

/** Where uploads go: beside the API's version, not below it. */
export interface UploadPlace {
  /** A connection to the service's root. */
  readonly wire: Wire;
  readonly rootURL: string;
  /** `v1beta`. */
  readonly version: string;
}

const TYPE = 'application/jsonl';

const at = (id: string, action = ''): string => `/files/${encodeURIComponent(id.replace(/^files\//, ''))}${action}`;

/** Gemini's Files API. */
export function fileOperations(wire: Wire, place: UploadPlace): FileOperations {
  return {
    uploadFile: unrepeatable(uploadOperation(place)),
    retrieveFile: replyOperation<'retrieveFile'>(wire, {
      encode: ({ request }) => ({ method: 'GET', path: at(request.id) }),
      decode: decodeFile,
    }),
    listFiles: replyOperation<'listFiles'>(wire, {
      encode: ({ request: { after, limit } }) => ({
        method: 'GET',
        path: `/files${queryOf({ pageSize: limit === undefined ? undefined : Math.min(100, limit), pageToken: after })}`,
      }),
      decode: decodePage,
    }),
    fileContent: async (call) => byteStream(wire, call, { method: 'GET', path: `${at(call.request.id)}:download?alt=media` }),
    deleteFile: replyOperation<'deleteFile'>(wire, {
      mayBeEmpty: true,
      encode: ({ request }) => ({ method: 'DELETE', path: at(request.id) }),
      decode: (_body, { call }): FileDeleted => ({ id: call.request.id, object: 'file', deleted: true }),
    }),
  };
}

/** In two steps: what is coming, to which the service tells an address; then the bytes, to that address. */
function uploadOperation({ wire, rootURL, version }: UploadPlace): Operation<'uploadFile'> {
  return async (call) => {
    const { filename, content, expires_after } = call.request;
    if (expires_after !== undefined) unsupported(call, 'expires_after', 'files live for 48 hours here');
    const steps = new Steps(wire, call);
    const start = {
      path: `/upload/${version}/files`,
      body: { file: { displayName: filename, mimeType: TYPE } },
      headers: {
        'x-goog-upload-protocol': 'resumable',
        'x-goog-upload-command': 'start',
        'x-goog-upload-header-content-type': TYPE,
        ...(content.size === undefined ? {} : { 'x-goog-upload-header-content-length': String(content.size) }),
      },
    };
    const address = (_body: unknown, context: DecodeContext): { readonly path: string } => {
      const url = headerText(context.headers, 'x-goog-upload-url') ?? '';
      // keys stay with the address that they were given for
      if (!url.startsWith(`${rootURL}/`)) throw context.invalid('the answer has no address for the upload');
      return { path: url.slice(rootURL.length) };
    };
    const { path } = await steps.reply(start, address, true);
    const headers = { 'x-goog-upload-command': 'upload, finalize', 'x-goog-upload-offset': '0' };
    return steps.reply({ path, headers, bytes: { type: TYPE, source: content } }, decodeFile);
  };
}

function decodeFile(body: unknown, context: DecodeContext): FileObject {
  const file = isRecord(body) && isRecord(body.file) ? body.file : body;
  if (!isRecord(file)) throw context.invalid('the answer is not a JSON object');
  if (typeof file.name !== 'string') throw failureOf(file, context) ?? context.invalid('the answer has no "name"');
  return fileOf(file);
}

function decodePage(body: unknown, context: DecodeContext): ListPage<FileObject> {
  if (!isRecord(body)) throw context.invalid('the answer is not a JSON object');
  const failure = failureOf(body, context);
  if (failure !== undefined) throw failure;
  const { files = [], nextPageToken } = body;
  if (!Array.isArray(files)) throw context.invalid('"files" in the answer is no list');
  const next = typeof nextPageToken === 'string' && nextPageToken !== '' ? nextPageToken : undefined;
  return pageOf(files.filter(isRecord).map(fileOf), next !== undefined, next);
}

function fileOf({
  name,
  displayName,
  sizeBytes,
  createTime,
  expirationTime,
  state,
  source,
}: Record<string, unknown>): FileObject {
  return {
    id: String(name),
    object: 'file',
    bytes: Number(sizeBytes ?? 0),
    created_at: secondsOf(createTime) ?? 0,
    filename: String(displayName ?? ''),
    purpose: source === 'GENERATED' ? 'batch_output' : 'batch',
    status: state === 'FAILED' ? 'error' : state === 'PROCESSING' ? 'uploaded' : 'processed',
    ...present({ expires_at: secondsOf(expirationTime) }),
  } as FileObject;
}
