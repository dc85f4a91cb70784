import type { ListPage, PageQuery } from '../contract/batches.ts';
import { ResponseValidationError } from '../errors/wire-errors.ts';

/** Filters leave some pages empty, but not so many in a row. */
const MOST_EMPTY = 1000;

/** One page of a list; iterated it gives the items of this page and of all that follow, as in `openai`. */
export class Page<T extends { readonly id: string }> implements AsyncIterable<T> {
  readonly object = 'list';
  readonly data: T[];
  readonly first_id: string | null;
  readonly last_id: string | null;
  readonly has_more: boolean;
  readonly #after: string | undefined;
  readonly #next: ((after: string) => Promise<Page<T>>) | undefined;

  /** @internal Made by the client. */
  constructor({ data, first_id, last_id, has_more, next: after }: ListPage<T>, next?: (after: string) => Promise<Page<T>>) {
    this.data = data;
    this.first_id = first_id;
    this.last_id = last_id;
    this.has_more = has_more;
    this.#after = after;
    this.#next = next;
  }

  getPaginatedItems(): T[] {
    return this.data;
  }

  hasNextPage(): boolean {
    return this.has_more && (this.data.length > 0 || this.#after !== undefined);
  }

  async getNextPage(): Promise<Page<T>> {
    const after = this.#after ?? this.data.at(-1)?.id;
    if (after === undefined || this.#next === undefined)
      throw new Error('No next page expected; please check `.hasNextPage()` before calling `.getNextPage()`.');
    return this.#next(after);
  }

  async *iterPages(): AsyncGenerator<Page<T>, undefined> {
    let page: Page<T> = this;
    yield page;
    for (let empty = 0; page.hasNextPage(); ) {
      page = await page.getNextPage();
      empty = page.data.length === 0 ? empty + 1 : 0;
      if (empty > MOST_EMPTY) throw new ResponseValidationError({ message: 'the list has no end' });
      yield page;
    }
    return undefined;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, undefined> {
    for await (const page of this.iterPages()) yield* page.data;
    return undefined;
  }
}

/** A list on its way: awaited it is its first page, iterated it is every item. */
export class PagePromise<T extends { readonly id: string }> implements PromiseLike<Page<T>>, AsyncIterable<T> {
  readonly #page: Promise<Page<T>>;

  /** @internal Made by the client. */
  constructor(query: PageQuery, list: (query: PageQuery) => Promise<ListPage<T>>) {
    const load = async (after: string | undefined): Promise<Page<T>> =>
      new Page(await list(after === undefined ? query : { ...query, after }), load);
    this.#page = load(query.after);
  }

  // biome-ignore lint/suspicious/noThenProperty: a list can be awaited, as in openai
  then<A = Page<T>, B = never>(
    resolved?: ((page: Page<T>) => A | PromiseLike<A>) | null,
    rejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#page.then(resolved, rejected);
  }

  catch<B = never>(rejected?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<Page<T> | B> {
    return this.#page.catch(rejected);
  }

  finally(done?: (() => void) | null): Promise<Page<T>> {
    return this.#page.finally(done);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, undefined> {
    yield* await this.#page;
    return undefined;
  }
}
