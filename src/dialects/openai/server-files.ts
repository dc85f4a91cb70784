import type { MockAnswer, MockRequest } from '../../contract/mock.ts';
import type { MockBatchShelf, MockFile } from '../../contract/mock-batches.ts';

/** How one host's files look. */
export interface MockFileWords {
  readonly show: (file: MockFile) => object;
  readonly list: (files: readonly object[], hasMore: boolean) => object;
  readonly deleted: (id: string) => object;
  readonly refuse: (status: number, message: string, param: string | null) => MockAnswer;
  /** Routes of uploads, where there are others than `/files`. */
  readonly uploads?: readonly string[];
}

const HEADERS = { 'x-request-id': 'req_mock_openai' };

export const found = (body: object): MockAnswer => ({ status: 200, headers: HEADERS, body });

/** Answers requests about files, under `/files`. `path` is without a query and without what stands before `/files`. */
export function answerFiles(
  { method, path, query, request }: { method: string; path: string; query: URLSearchParams; request: MockRequest },
  shelf: MockBatchShelf,
  words: MockFileWords,
): MockAnswer | undefined {
  const uploads = words.uploads ?? ['/files'];
  if (method === 'POST' && uploads.includes(path)) return upload(request, shelf, words);
  if (method === 'GET' && path === '/files') {
    const purpose = query.get('purpose');
    const wanted = shelf.files.filter((file) => purpose === null || file.purpose === purpose);
    const { items, hasMore } = slice(query.get('order') === 'asc' ? wanted.toReversed() : wanted, query, 10_000);
    return found(words.list(items.map(words.show), hasMore));
  }
  const [, id = '', content] = /^\/files\/([^/]+)(\/content)?$/.exec(path) ?? [];
  const file = shelf.files.find((one) => one.id === decodeURIComponent(id));
  if (file === undefined) return words.refuse(404, `No such File object: ${id}`, 'id');
  if (method === 'DELETE') {
    shelf.deleteFile(file.id);
    return found(words.deleted(file.id));
  }
  if (content === undefined) return found(words.show(file));
  return { status: 200, headers: { ...HEADERS, 'content-type': 'application/octet-stream' }, body: file.text };
}

function upload({ headers, body }: MockRequest, shelf: MockBatchShelf, { show, refuse }: MockFileWords): MockAnswer {
  const form = formOf(headers['content-type'] ?? '', String(body));
  const file = form.get('file');
  const purpose = form.get('purpose')?.text ?? '';
  if (file === undefined || purpose === '') return refuse(400, "Missing required parameter: 'file'.", 'file');
  const [first = ''] = file.text.split('\n');
  const batch = /^batch/.test(purpose);
  if (batch && !(file.filename?.endsWith('.jsonl') && isJson(first))) {
    return refuse(400, 'Invalid file format for Batch API. Must be .jsonl', null);
  }
  const kept = { filename: file.filename ?? 'upload', purpose: batch ? 'batch' : purpose, text: file.text };
  return found(show(shelf.addFile((number) => `file-${hex(number)}`, kept)));
}

/** A page of a list after the item that `after` names; all from the beginning where there is no such item. */
export function slice<T extends { readonly id: string }>(
  all: readonly T[],
  query: URLSearchParams,
  otherwise: number,
): { readonly items: readonly T[]; readonly hasMore: boolean } {
  const from = all.findIndex(({ id }) => id === query.get('after')) + 1;
  const limit = Number(query.get('limit') ?? otherwise);
  return { items: all.slice(from, from + limit), hasMore: all.length > from + limit };
}

export const hex = (number: number): string => number.toString(16).padStart(24, '0');

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

interface Part {
  readonly text: string;
  readonly filename: string | undefined;
}

/** The parts of a form whose contents are text. */
export function formOf(contentType: string, body: string): Map<string, Part> {
  const [, boundary = ''] = /boundary="?([^";]+)/.exec(contentType) ?? [];
  const parts = new Map<string, Part>();
  for (const part of body.split(`--${boundary}`).slice(1, -1)) {
    const split = part.indexOf('\r\n\r\n');
    const head = part.slice(0, split);
    const [, name = ''] = /\bname="([^"]*)"/.exec(head) ?? [];
    const [, filename] = /\bfilename="([^"]*)"/.exec(head) ?? [];
    parts.set(name, { text: part.slice(split + 4, -2), filename });
  }
  return parts;
}
