import { byteStream } from '../client/byte-stream.ts';
import type { FileShelf, PageQuery } from '../contract/batches.ts';
import { invalid, json } from './answers.ts';
import { uploadOf } from './uploads.ts';

export async function uploadFile(files: FileShelf, request: Request, maxFileBytes: number): Promise<Response> {
  return json(await files.create(await uploadOf(request, maxFileBytes)));
}

export async function listFiles(files: FileShelf, url: URL): Promise<Response> {
  const purpose = url.searchParams.get('purpose') ?? undefined;
  return json(await files.list({ ...pageQuery(url, 10_000, 10_000), ...(purpose === undefined ? {} : { purpose }) }));
}

export async function fileContent(files: FileShelf, id: string): Promise<Response> {
  const { filename } = await files.retrieve(id);
  const body = byteStream(await files.content(id));
  return new Response(body, {
    headers: {
      'content-type': 'application/octet-stream',
      'content-disposition': `attachment; filename="${filename.replace(/[^\w. -]/g, '_')}"`,
    },
  });
}

/** `after`, `limit` and `order` of a list. */
export function pageQuery({ searchParams }: URL, otherwise: number, most: number): PageQuery {
  const after = searchParams.get('after');
  const order = searchParams.get('order') ?? 'desc';
  if (order !== 'asc' && order !== 'desc') {
    throw invalid(`Invalid value: '${order}'. Supported values are: 'asc' and 'desc'.`, 'order', 'invalid_value');
  }
  const limit = Number(searchParams.get('limit') ?? otherwise);
  if (!Number.isInteger(limit) || limit < 1 || limit > most) {
    throw invalid(`Invalid 'limit': expected a whole number from 1 to ${most}.`, 'limit', 'invalid_value');
  }
  return { limit, order, ...(after === null || after === '' ? {} : { after }) };
}
