import type { ListPage, PageQuery } from '../../contract/batches.ts';
import type { RedisLink } from './redis-link.ts';

const STEP = 100;

/** One page of a sorted set of ids, by their scores; `read` gives `undefined` for what is not to be listed. */
export async function pageOf<T extends { readonly id: string }>(
  link: RedisLink,
  set: string,
  { after, limit = 20, order = 'desc' }: PageQuery,
  read: (id: string) => Promise<T | undefined>,
): Promise<ListPage<T>> {
  const score = after === undefined ? null : await link.redis.zscore(set, after);
  let from = score === null ? (order === 'desc' ? '+inf' : '-inf') : `(${score}`;
  const data: T[] = [];
  for (;;) {
    const found =
      order === 'desc'
        ? await link.redis.zrevrangebyscore(set, from, '-inf', 'WITHSCORES', 'LIMIT', 0, STEP)
        : await link.redis.zrangebyscore(set, from, '+inf', 'WITHSCORES', 'LIMIT', 0, STEP);
    const items = await Promise.all(found.filter((_, i) => i % 2 === 0).map(read));
    data.push(...items.filter((item) => item !== undefined));
    if (found.length < 2 * STEP || data.length > limit) break;
    from = `(${found.at(-1)}`;
  }
  const page = data.slice(0, limit);
  return {
    object: 'list',
    data: page,
    first_id: page[0]?.id ?? null,
    last_id: page.at(-1)?.id ?? null,
    has_more: data.length > limit,
  };
}
