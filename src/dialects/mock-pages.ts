import type { MockPage } from '../contract/mock.ts';

/** The names of a dialect's paging parameters, and the sizes of its pages. */
export interface PageWords {
  readonly after: string;
  readonly size: string;
  readonly usual: number;
  readonly most: number;
}

/** Which page of a list a request asks for. */
export function pageAsked(path: string, { after, size, usual, most }: PageWords): MockPage {
  const query = new URLSearchParams(path.split('?')[1] ?? '');
  const wanted = Number(query.get(size) ?? usual);
  return { after: query.get(after) ?? '', size: wanted >= 1 ? Math.min(wanted, most) : usual };
}

/** That page of the list, and the mark of the next one. */
export function pageOf(
  ids: readonly string[],
  page: MockPage | undefined,
): { readonly items: readonly string[]; readonly next: string | undefined } {
  const from = ids.indexOf(page?.after ?? '') + 1;
  const items = ids.slice(from, from + (page?.size ?? ids.length));
  return { items, next: from + items.length < ids.length ? items.at(-1) : undefined };
}
