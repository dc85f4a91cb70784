import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { circuitBreaker, hedge, rateLimit, retry } from '../../src/index.ts';
import { fakeClock, fault, reply } from '../../src/testing/index.ts';
import type { Chained } from '../support/chained.ts';
import { messages, FIRST as model, startChained, until } from '../support/chained.ts';
import { rejection } from '../support/client.ts';

let chained: Chained;
beforeEach(async () => {
  chained = await startChained();
});
afterEach(() => chained.close());

const types = (): string[] => chained.events.map(({ type }) => type);
const afterTheEnd = (): string[] => types().slice(types().indexOf('call-ended') + 1);
const settled = () => new Promise((resolve) => setTimeout(resolve, 30));

describe('after call-ended nothing of the call is told', () => {
  it('not how a race would have ended', async () => {
    const clock = fakeClock();
    chained.mock.enqueue('openai', fault.stall(0), fault.stall(0));
    const llm = chained.client({ clock, use: [hedge({ after: 100 })] });
    const pending = rejection(llm.chat.completions.create({ model, messages }, { deadline: 1000 }));
    await until(() => chained.mock.requests.length === 1);
    await clock.advance(100);
    await until(() => chained.mock.requests.length === 2);
    await clock.advance(1000);
    expect(await pending).toMatchObject({ kind: 'timeout', phase: 'deadline' });
    await settled();
    expect(types()).toContain('hedge');
    expect(afterTheEnd()).toEqual([]);
  });

  it('not a wait in a queue that was left', async () => {
    chained.mock.enqueue('openai', fault.stall(0));
    const llm = chained.client({ use: [rateLimit({ concurrency: 1 })] });
    const leaving = new AbortController();
    const holding = rejection(llm.chat.completions.create({ model, messages }, { signal: leaving.signal }));
    await until(() => chained.mock.requests.length === 1);
    const impatient = new AbortController();
    const waiting = rejection(llm.chat.completions.create({ model, messages }, { signal: impatient.signal }));
    await settled();
    impatient.abort();
    expect(await waiting).toMatchObject({ kind: 'aborted' });
    await settled();
    expect(types().at(-1)).toBe('call-ended');
    leaving.abort();
    await holding;
  });

  it('and no attempt is added to its account', async () => {
    const clock = fakeClock();
    chained.mock.enqueue('openai', fault.stall(0));
    const llm = chained.client({ clock, use: [retry(), hedge({ after: 100 })] });
    const pending = rejection(llm.chat.completions.create({ model, messages }, { deadline: 50 }));
    await until(() => chained.mock.requests.length === 1);
    await clock.advance(50);
    const { attempts } = (await pending) as { attempts: readonly unknown[] };
    await clock.advance(10_000);
    await settled();
    expect(attempts).toHaveLength(1);
    expect(chained.eventsOf('call-ended')[0]?.attempts).toHaveLength(1);
    expect(afterTheEnd()).toEqual([]);
  });

  it('but what has become of a target is', async () => {
    const breaker = circuitBreaker({ minCalls: 1, failureRate: 0 });
    chained.mock.enqueue('openai', reply({ chunks: ['a', 'b'] }), fault.cutAfter(1, { chunks: ['a', 'b'] }));
    const llm = chained.client({ use: [breaker] });
    for (let i = 0; i < 2; i++) {
      const stream = await llm.chat.completions.create({ model, messages, stream: true });
      await (async () => {
        for await (const _chunk of stream);
      })().catch(() => {});
    }
    await until(() => chained.eventsOf('breaker-changed').length === 1);
    expect(chained.eventsOf('call-ended')).toHaveLength(2);
  });
});
