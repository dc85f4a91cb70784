/** What the first provider does in a phase. The second one is always well. */
export type Sky = 'calm' | 'errors' | 'brown-out' | 'outage' | 'rate-limit' | 'cut-streams';

export interface Phase {
  readonly name: string;
  readonly sky: Sky;
  /** Milliseconds since the start of the storm. */
  readonly from: number;
  readonly until: number;
}

interface Spell {
  readonly name: string;
  readonly sky: Sky;
  readonly seconds: number;
  /** The calm that follows it: its name and its length. */
  readonly after: readonly [name: string, seconds: number];
}

const SPELLS: readonly Spell[] = [
  { name: 'half 503', sky: 'errors', seconds: 5, after: ['calm', 2] },
  // long enough for a breaker that opened in the brown-out to be closed again before the outage
  { name: 'brown-out', sky: 'brown-out', seconds: 5, after: ['calm', 6] },
  // long enough for a trial to fail in it, and the calm for the next one to come
  { name: 'outage', sky: 'outage', seconds: 10, after: ['recovery', 12] },
  { name: 'rate limit', sky: 'rate-limit', seconds: 5, after: ['calm', 3] },
  { name: 'cut streams', sky: 'cut-streams', seconds: 5, after: ['calm', 3] },
];

const FIRST_CALM_SECONDS = 2;

export const SKIES: readonly Sky[] = SPELLS.map(({ sky }) => sky);

/** The storm as a table of times, with the phases of these skies only. `scale` makes every phase shorter or longer. */
export function stormOf(skies: readonly Sky[], scale: number): Phase[] {
  const phases: Phase[] = [];
  const add = (name: string, sky: Sky, seconds: number): void => {
    const from = phases.at(-1)?.until ?? 0;
    phases.push({ name, sky, from, until: from + Math.round(seconds * scale * 1000) });
  };
  add('calm', 'calm', FIRST_CALM_SECONDS);
  for (const { name, sky, seconds, after } of SPELLS) {
    if (!skies.includes(sky)) continue;
    add(name, sky, seconds);
    add(after[0], 'calm', after[1]);
  }
  return phases;
}

const BEFORE: Phase = { name: 'before', sky: 'calm', from: Number.NEGATIVE_INFINITY, until: 0 };

/** The phase of a moment; before the start and after the end all is calm. */
export function phaseAt(phases: readonly Phase[], ms: number): Phase {
  if (ms < 0) return BEFORE;
  return phases.find(({ until }) => ms < until) ?? phases.at(-1) ?? BEFORE;
}

export const lengthOf = (phases: readonly Phase[]): number => phases.at(-1)?.until ?? 0;
