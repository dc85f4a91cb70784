/**
 * What a model and its snapshots have in common: `gpt-4o` of `gpt-4o-2024-08-06`, `claude-sonnet-4-5` of
 * `claude-sonnet-4-5@20250929`. Snapshots are served by the same machines, so their health is one. Only what dates or counts a
 * snapshot is taken off; sizes, generations (`-v3`) and `-preview` make another model.
 */
export function modelFamily(model: string): string {
  let family = model.toLowerCase().replace(FINE_TUNED, '$1');
  for (;;) {
    const shorter = family.replace(SNAPSHOT, '');
    if (shorter === family || shorter === '') return family;
    family = shorter;
  }
}

/** `ft:gpt-4o-mini-2024-07-18:acme::7p4lURel`: what it was made from. */
const FINE_TUNED = /^(ft:[^:]+):.*$/s;

const YEAR = '20\\d\\d';
const MONTH = '(?:0[1-9]|1[0-2])';
const DAY = '(?:0[1-9]|[12]\\d|3[01])';

const SNAPSHOT = new RegExp(
  `(?:${[
    '[-:@]latest',
    '@default',
    `[-_@]${YEAR}[-_.]?${MONTH}(?:[-_.]?${DAY})?`, // 20250929, 2024-08-06, 2025-08
    `-${MONTH}-${YEAR}`, // 08-2024
    `-${MONTH}-?${DAY}`, // 0613, 05-20
    `-2\\d${MONTH}`, // 2411
    '[-@]00\\d', // 002
    '-v\\d+:\\d+', // v1:0
  ].join('|')})$`,
);
