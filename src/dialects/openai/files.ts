import type { FileDeleted, FileObject } from 'openai/resources/files';
import type { ListPage } from '../../contract/batches.ts';
import type { DecodeContext, Operation } from '../../contract/codec.ts';
import type { UploadFileRequest } from '../../contract/native-batches.ts';
import type { Wire, WireMessage } from '../../contract/wire.ts';
import { byteStream } from '../../wire/byte-stream.ts';
import { multipart } from '../../wire/multipart.ts';
import { replyOperation } from '../../wire/operations.ts';
import { unrepeatable } from '../../wire/unrepeatable.ts';
import { pageOf, present, queryOf, secondsOf } from '../batch-objects.ts';
import { isRecord } from '../chat-rules.ts';
import type { Fields } from './body-failure.ts';
import { notTheProtocol, refuseFailure } from './body-failure.ts';
import type { BatchQuirks } from './quirks.ts';

export type FileOperations = {
  readonly [K in 'uploadFile' | 'retrieveFile' | 'listFiles' | 'fileContent' | 'deleteFile']: Operation<K>;
};

/** Files of a host that has OpenAI's API for them. */
export function fileOperations(wire: Wire, own: BatchQuirks, root = ''): FileOperations {
  const at = (id: string): string => `${root}/files/${encodeURIComponent(id)}`;
  return {
    uploadFile: unrepeatable(
      replyOperation<'uploadFile'>(wire, { encode: ({ request }) => uploadMessage(request, own, root), decode: decodeFile }),
    ),
    retrieveFile: replyOperation<'retrieveFile'>(wire, {
      encode: ({ request }) => ({ method: 'GET', path: at(request.id) }),
      decode: decodeFile,
    }),
    listFiles: replyOperation<'listFiles'>(wire, {
      encode: ({ request: { after, limit, order, purpose } }) => ({
        method: 'GET',
        path: `${root}/files${queryOf({ after, limit, order, purpose: purpose && written(purpose, own) })}`,
      }),
      decode: decodeFiles,
    }),
    fileContent: async (call) => byteStream(wire, call, { method: 'GET', path: `${at(call.request.id)}/content` }),
    deleteFile: replyOperation<'deleteFile'>(wire, {
      encode: ({ request }) => ({ method: 'DELETE', path: at(request.id) }),
      decode: (body, context): FileDeleted => {
        if (isRecord(body) && typeof body.id !== 'string') refuseFailure(body, context);
        return { id: context.call.request.id, object: 'file', deleted: !isRecord(body) || body.deleted !== false };
      },
    }),
  };
}

export function uploadMessage(
  { filename, content, purpose, expires_after }: UploadFileRequest,
  { uploadPath = '/files', namesFile, ...own }: BatchQuirks,
  root = '',
): WireMessage {
  const fields = {
    purpose: written(purpose, own),
    ...(namesFile === true ? { file_name: filename, file_type: filename.split('.').pop() ?? '' } : {}),
    ...(expires_after === undefined
      ? {}
      : { 'expires_after[anchor]': expires_after.anchor, 'expires_after[seconds]': String(expires_after.seconds) }),
  };
  return {
    path: root + uploadPath,
    ...multipart(fields, { field: 'file', filename, type: 'application/octet-stream', content }),
  };
}

const written = (purpose: string, { purpose: own }: Pick<BatchQuirks, 'purpose'>): string =>
  purpose === 'batch' && own !== undefined ? own : purpose;

export function decodeFile(body: unknown, context: DecodeContext): FileObject {
  const file = isRecord(body) && isRecord(body.data) ? body.data : body;
  if (!isRecord(file)) throw notTheProtocol(file, 'id', context);
  if (typeof file.id !== 'string') {
    refuseFailure(file, context);
    throw notTheProtocol(file, 'id', context);
  }
  return fileOf(file);
}

function decodeFiles(body: unknown, context: DecodeContext): ListPage<FileObject> {
  if (isRecord(body)) refuseFailure(body, context);
  const list = isRecord(body) ? body.data : body;
  if (!Array.isArray(list)) throw context.invalid('no "data" in the answer');
  return pageOf(list.filter(isRecord).map(fileOf), isRecord(body) && body.has_more === true);
}

export function fileOf(file: Fields): FileObject {
  const { bytes, size_bytes, status } = file;
  const purpose = file.purpose === 'batch-api' ? 'batch' : file.purpose;
  return {
    id: String(file.id),
    object: 'file',
    bytes: Number(bytes ?? size_bytes ?? 0),
    created_at: secondsOf(file.created_at) ?? 0,
    filename: String(file.filename ?? ''),
    purpose: String(purpose ?? '') as FileObject['purpose'],
    status: (typeof status === 'string' ? status : 'processed') as FileObject['status'],
    ...present({ expires_at: secondsOf(file.expires_at) }),
  };
}
