/** Chance that falls alike for everybody: the same facts give the same number in [0, 1). */
export function chance(...facts: readonly number[]): number {
  let hash = 0x9e3779b9;
  for (const fact of facts) {
    hash = Math.imul(hash ^ fact, 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    hash ^= hash >>> 16;
  }
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  hash ^= hash >>> 12;
  return (hash >>> 0) / 2 ** 32;
}
