import { describe, expect, it } from 'vitest';
import { Ledger } from '../../src/client/ledger.ts';
import { Listeners } from '../../src/client/listeners.ts';
import { attachAnswer } from '../../src/contract/answer.ts';
import type { Call } from '../../src/contract/call.ts';
import { callOf } from '../support/call.ts';
import { failure, targetOf } from '../support/layered.ts';
import type { ManualClock } from '../support/manual-clock.ts';
import { manualClock } from '../support/manual-clock.ts';

const FIRST = 'openai/gpt-5-mini';
const SECOND = 'anthropic/claude-sonnet-4-5';

function account(): { ledger: Ledger; clock: ManualClock; at: (target: string) => Call } {
  const clock = manualClock();
  const ledger = new Ledger(8, clock, new Listeners(), { correlationId: 'c', operation: 'chat', metadata: {} });
  return {
    ledger,
    clock,
    at: (target) => callOf('chat', { messages: [] }, { ...targetOf(target), target: targetOf(target), clock }),
  };
}

const answered = (text: string): object => {
  const result = { text };
  attachAnswer(result, { status: 200, headers: {}, requestId: text, text });
  return result;
};

describe('attempts side by side', () => {
  it('of two that answered, the one whose result the layers chose is the winner, with its own answer', () => {
    for (const chosen of [0, 1]) {
      const { ledger, at } = account();
      const opened = [FIRST, SECOND].map((target) => ledger.begin(at(target)));
      const results = ['one', 'two'].map(answered);
      for (const [i, open] of opened.entries()) ledger.succeed(open, results[i] ?? {}, {});
      expect(ledger.conclude(results[chosen])?.requestId).toBe(['one', 'two'][chosen]);
      expect(ledger.winner).toMatchObject({ provider: ['openai', 'anthropic'][chosen] });
      expect(ledger.route(targetOf(FIRST), undefined)).toMatchObject({ fallback: chosen === 1 });
    }
  });

  it('where a layer made a result of its own, the last answer is behind it', () => {
    const { ledger, at } = account();
    for (const text of ['one', 'two']) ledger.succeed(ledger.begin(at(FIRST)), answered(text), {});
    expect(ledger.conclude({ own: true })?.requestId).toBe('two');
  });

  it('those that still run when the call has its result end as aborted, and what they bring later changes nothing', () => {
    const { ledger, clock, at } = account();
    const slow = ledger.begin(at(FIRST));
    clock.tick(100);
    const fast = ledger.begin(at(SECOND));
    const result = answered('fast');
    ledger.succeed(fast, result, { status: 200 });
    ledger.conclude(result);
    expect(ledger.succeed(slow, answered('late'), {})).toBeUndefined();
    ledger.fail(slow, failure('connection'));
    expect(ledger.attempts).toMatchObject([
      { number: 1, provider: 'openai', outcome: 'aborted', durationMs: 100 },
      { number: 2, provider: 'anthropic', outcome: 'success', status: 200 },
    ]);
    expect(ledger.attempts[0]?.error).toMatchObject({ provider: 'openai', reason: 'another attempt answered first' });
    expect(ledger.winner).toMatchObject({ provider: 'anthropic' });
  });

  it('no number is given twice, also when the first was never sent', () => {
    const { ledger, at } = account();
    const unsent = ledger.begin(at(FIRST));
    const second = ledger.begin(at(SECOND));
    ledger.fail(unsent, failure('configuration'));
    const third = ledger.begin(at(FIRST));
    for (const open of [third, second]) ledger.fail(open, failure('connection'));
    expect(ledger.attempts.map(({ number }) => number)).toEqual([2, 3]);
  });

  it('a wait is told with the attempt that waited, not with one that began meanwhile', () => {
    const { ledger, clock, at } = account();
    const error = failure('service_unavailable');
    ledger.fail(ledger.begin(at(FIRST)), error);
    ledger.report({ type: 'waiting', target: targetOf(FIRST), ms: 400, reason: 'backoff', error });
    clock.tick(100);
    const beside = ledger.begin(at(FIRST));
    clock.tick(299);
    const repeat = ledger.begin(at(FIRST)); // a timer may fire a moment early
    for (const open of [beside, repeat]) ledger.fail(open, error);
    expect(ledger.attempts.map(({ number, waitedMs }) => [number, waitedMs])).toEqual([
      [1, 0],
      [2, 0],
      [3, 400],
    ]);
  });

  it('waits add up, also one in a queue, which is told when it is over', () => {
    const { ledger, clock, at } = account();
    const [target, error] = [targetOf(FIRST), failure('rate_limit')];
    ledger.report({ type: 'waiting', target, ms: 50, reason: 'retry-after', error });
    clock.tick(50);
    ledger.report({ type: 'waiting', target, ms: 30, reason: 'queue', limit: 'requests' });
    ledger.fail(ledger.begin(at(FIRST)), error);
    expect(ledger.attempts).toMatchObject([{ waitedMs: 80 }]);
  });
});
