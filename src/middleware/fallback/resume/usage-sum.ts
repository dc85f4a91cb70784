import type { Usage } from '../../../contract/usage.ts';

type Counts = Readonly<Record<string, unknown>>;

/** Token counts of the parts of an answer together. */
export function sumUsage(earlier: Usage | undefined, later: Usage | undefined): Usage | undefined {
  if (earlier === undefined || later === undefined) return earlier ?? later;
  return sumCounts(earlier as unknown as Counts, later as unknown as Counts) as unknown as Usage;
}

function sumCounts(a: Counts, b: Counts): Counts {
  const sum: Record<string, unknown> = { ...a, ...b };
  for (const name of Object.keys(a)) {
    const [one, other] = [a[name], b[name]];
    if (typeof one === 'number' && typeof other === 'number') sum[name] = one + other;
    else if (isCounts(one) && isCounts(other)) sum[name] = sumCounts(one, other);
    else sum[name] = other ?? one;
  }
  return sum;
}

const isCounts = (value: unknown): value is Counts => typeof value === 'object' && value !== null;
