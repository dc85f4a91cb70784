import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fallback, retry, timeout } from '../../src/index.ts';
import type { Fault } from '../../src/testing/index.ts';
import { fakeClock, fault, reply } from '../../src/testing/index.ts';
import type { Chained } from '../support/chained.ts';
import { messages, passing, readAll, startChained } from '../support/chained.ts';
import { SUBJECTS } from '../support/conformance/bench.ts';

const STREAMING = SUBJECTS.filter(({ id, can }) => id !== 'xai' && can.operations.includes('stream'));
const SAFE = 'xai/grok-3';

let chained: Chained;
beforeAll(async () => {
  chained = await startChained();
});
afterAll(() => chained.close());

const WORDS = 'one two three four';
const answer = { text: WORDS, chunks: ['one', ' two', ' three', ' four'] };

/** What can go wrong before the first content. */
const EARLY: readonly [string, Fault][] = [
  ['an error in the first event', fault.errorEvent(0)],
  ['a cut after the role', fault.cutAfter(0)],
  ['a reset after the head', fault.resetAfterHeaders()],
  ['a reset before the head', fault.resetBeforeHeaders()],
  ['an empty body', fault.empty()],
  ['an overload', fault.overloaded()],
];

/** And after it. */
const LATE: readonly [string, Fault, RegExp][] = [
  ['an error event', fault.errorEvent(2, { answer }), /^(service_unavailable|internal_server)$/],
  ['a cut', fault.cutAfter(2, answer), /^stream_interrupted$/],
];

async function sentBy(id: string, run: () => Promise<void>): Promise<readonly { readonly path: string }[]> {
  const before = chained.mock.requests.length;
  await run();
  return chained.mock.requests.slice(before).filter(({ provider, method }) => provider === id && method === 'POST');
}

describe.each(STREAMING)('$id', ({ id, can }) => {
  const model = `${id}/mock-large`;

  it('before content: the reader of a repeated stream sees one whole answer', async () => {
    const clock = fakeClock();
    const llm = chained.client({ clock, on: passing(clock), use: [retry({ maxRetries: EARLY.length })], maxAttempts: 99 });
    for (const [, early] of EARLY) chained.mock.enqueue(id, early);
    chained.mock.enqueue(id, reply(answer));
    const stream = await llm.chat.completions.create({ model, messages, stream: true });
    expect(await readAll(stream)).toEqual({ text: WORDS });
    expect(stream.route.attempts).toHaveLength(EARLY.length + 1);
    expect(stream.route.attempts.slice(0, -1).map(({ outcome }) => outcome)).not.toContain('success');
  });

  it('before content: the reader of a stream that moved on sees one whole answer', async () => {
    const llm = chained.client({ use: [fallback([SAFE]), timeout()] });
    for (const [name, early] of EARLY) {
      chained.mock.enqueue(id, early);
      chained.mock.enqueue('xai', reply(answer));
      const stream = await llm.chat.completions.create({ model, messages, stream: true });
      expect(await readAll(stream), name).toEqual({ text: WORDS });
      expect(stream.route, name).toMatchObject({ provider: 'xai', fallback: true, attempts: [{ provider: id }, {}] });
    }
  });

  if (can.streams === false) return;

  it('after content: a typed error with what came; nothing is repeated, nobody else is asked', async () => {
    const llm = chained.client({ use: [fallback([SAFE]), retry({ minDelay: 1 }), timeout()] });
    for (const [name, late, kinds] of LATE) {
      const kind = expect.stringMatching(kinds);
      chained.mock.enqueue(id, late);
      const before = chained.mock.requests.length;
      const sent = await sentBy(id, async () => {
        const stream = await llm.chat.completions.create({ model, messages, stream: true });
        const { text, error } = await readAll(stream);
        expect(error, name).toMatchObject({ kind, provider: id, partial: { content: text }, attempts: [{ outcome: kind }] });
        expect(WORDS.startsWith(text) && text !== '', name).toBe(true);
        expect(stream.route.attempts, name).toMatchObject([{ outcome: kind }]);
      });
      expect(sent.length, name).toBeLessThanOrEqual(2);
      expect(chained.mock.requests.slice(before).filter(({ provider }) => provider === 'xai')).toEqual([]);
    }
  });
});
