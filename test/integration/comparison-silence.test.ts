import { fault } from 'holdfast/testing';
import { afterAll, describe, expect, it } from 'vitest';
import { COMPARED } from '../support/compared-clients.ts';
import { claimed, has, namesOf, stream, watch } from '../support/comparison.ts';
import { startFastTime } from '../support/fast-time.ts';

/** The row of the README's table on silence: a file of its own, for in it `fetch` runs out of patience early. */
const SPEED = 60;
const MINUTES = [1, 2, 5, 10, 20];
const afterwards = startFastTime(SPEED, { fetchToo: true });
afterAll(afterwards);

describe.concurrent('a stream that falls silent', () => {
  it.each(Object.keys(COMPARED))('%s', { timeout: 30_000 }, async (client) => {
    const { error, tookMs } = await watch(client, [fault.stall(2)], stream, (work) => work());
    // A limit is never early, but for the coarse timers of fetch, and late by what the machine adds.
    const minutes = MINUTES.findLast((limit) => limit * 60_000 <= tookMs * 1.2);
    expect([...namesOf(error), String(minutes), ...has(error, 'partial')]).toEqual(claimed('the stream falls silent', client));
  });
});
