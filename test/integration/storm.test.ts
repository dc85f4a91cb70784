import { afterEach, describe, expect, it } from 'vitest';
import { checkText } from '../../bench/storm/words.ts';
import type { Middleware } from '../../src/index.ts';
import { circuitBreaker, fallback, isLLMError, retry, timeout } from '../../src/index.ts';
import { SECOND, until } from '../support/chained.ts';
import type { Ended, Sky } from '../support/storm.ts';
import { Storm } from '../support/storm.ts';

const DEADLINE_MS = 10_000;

let storm: Storm;
const brew = async (use: readonly Middleware[]): Promise<void> => {
  storm = await Storm.start({ use: [...use], deadline: DEADLINE_MS });
};
afterEach(() => storm.rig.close());

const chain = (): Middleware[] => [fallback([SECOND], { resume: true }), ...alone()];
const alone = (): Middleware[] => [retry(), circuitBreaker(), timeout()];

const failed = (ended: readonly Ended[]): Ended[] => ended.filter(({ error }) => error !== undefined);

/** What reached callers that should not have. */
const spoilt = (ended: readonly Ended[]): Ended[] =>
  ended.filter(({ call, text, error }) => {
    const { duplicated, lost, short } = checkText(call, text);
    return duplicated > 0 || lost > 0 || (error === undefined && short);
  });

describe('an outage of one provider', () => {
  it('costs a chain no call, and the provider hardly more requests than there are calls', async () => {
    await brew(chain());
    await storm.calls(50);
    storm.sky = 'outage';
    const during = await storm.calls(400);
    await storm.settled(DEADLINE_MS);
    expect(failed(storm.ended)).toEqual([]);
    expect(storm.amplification(during)).toBeLessThanOrEqual(1.2);
  });

  it('is not made worse by retries where there is nowhere to go', async () => {
    await brew(alone());
    await storm.calls(50);
    storm.sky = 'outage';
    const during = await storm.calls(400);
    await storm.settled(DEADLINE_MS);
    expect(storm.amplification(during)).toBeLessThanOrEqual(1.2);
    expect(storm.endOf(during).every(({ error }) => isLLMError(error))).toBe(true);
  });

  it('is over with the first trial after it', async () => {
    await brew(chain());
    storm.sky = 'outage';
    await storm.calls(60, 100);
    const before = storm.breaker();
    expect(before).toEqual(['open', 'half-open', 'open']); // a trial in the outage, and then twice as long a wait
    storm.sky = 'calm';
    await storm.calls(120, 100);
    expect(storm.breaker().slice(before.length)).toEqual(['half-open', 'closed']);
    const after = await storm.calls(20);
    await storm.settled(DEADLINE_MS);
    expect(storm.amplification(after)).toBe(1);
    expect(failed(storm.ended)).toEqual([]);
  });
});

it('streams that are cut are gone on with at the other provider, every word once', async () => {
  await brew(chain());
  await storm.calls(50);
  storm.sky = 'cut-streams';
  await storm.calls(200);
  await storm.settled(DEADLINE_MS);
  expect(failed(storm.ended)).toEqual([]);
  expect(spoilt(storm.ended)).toEqual([]);
  const seams = storm.rig.eventsOf('resumed');
  expect(seams.length).toBeGreaterThan(40);
  expect(seams.some(({ overlap }) => overlap > 0)).toBe(true);
});

describe.each<Sky>(['errors', 'outage', 'rate-limit', 'cut-streams'])('%s', (sky) => {
  it.each([
    ['a chain', chain],
    ['one provider', alone],
  ])('with %s: no word twice, none lost, no call past its deadline, nothing left behind', async (_, layers) => {
    await brew(layers());
    await storm.calls(20);
    storm.sky = sky;
    await storm.calls(200);
    storm.sky = 'calm';
    await storm.calls(20);
    await storm.settled(DEADLINE_MS);
    expect(spoilt(storm.ended)).toEqual([]);
    expect(storm.ended).toHaveLength(240);
    expect(storm.ended.filter(({ tookMs }) => tookMs > DEADLINE_MS)).toEqual([]);
    await storm.close();
    await until(() => storm.rig.connections() === 0);
    expect(storm.clock.pending).toBe(0);
  });
});
