import type { Entry } from './corpus-entries.ts';

type Count = { right: number; of: number };

/** How many entries came out right, by where they come from and by provider. */
export class Score {
  readonly #byEvidence = new Map<string, Count>();
  readonly #byProvider = new Map<string, Count>();
  readonly #all: Count = { right: 0, of: 0 };
  missing: readonly string[] = [];

  add(entry: Entry, id: string, right: boolean): void {
    for (const count of [countOf(this.#byEvidence, entry.evidence), countOf(this.#byProvider, id), this.#all]) {
      count.of++;
      if (right) count.right++;
    }
  }

  get played(): Set<string> {
    return new Set(this.#byProvider.keys());
  }

  summary(): string {
    const line = (counts: ReadonlyMap<string, Count>): string =>
      [...counts].map(([name, { right, of }]) => `${name} ${right}/${of}`).join(', ');
    const { right, of } = this.#all;
    return [
      `failures over HTTP: ${right} of ${of} as expected`,
      `  by evidence: ${line(this.#byEvidence)}`,
      `  by provider: ${line(this.#byProvider)}`,
      `  not in the registry yet: ${this.missing.join(', ') || 'none'}`,
    ].join('\n');
  }
}

function countOf(counts: Map<string, Count>, name: string): Count {
  const known = counts.get(name) ?? { right: 0, of: 0 };
  counts.set(name, known);
  return known;
}
