import { describe, expect, it } from 'vitest';
import { ReplyLimit } from '../../src/redis/reply-limit.ts';
import { fakeClock } from '../../src/testing/fake-clock.ts';
import { systemClock } from '../../src/time/clock.ts';

interface Pending<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: Error) => void;
}

function pending<T>(): Pending<T> {
  let settle: Omit<Pending<T>, 'promise'> | undefined;
  const promise = new Promise<T>((resolve, reject) => {
    settle = { resolve, reject };
  });
  return { promise, ...(settle as Omit<Pending<T>, 'promise'>) };
}

describe('the limit on replies', () => {
  it('passes on what comes in time', async () => {
    const clock = fakeClock();
    const limit = new ReplyLimit(100, clock);
    const [good, bad] = [pending<string>(), pending<string>()];
    const replies = Promise.allSettled([limit.wait(good.promise), limit.wait(bad.promise)]);
    await clock.advance(90);
    good.resolve('OK');
    bad.reject(new Error('WRONGTYPE'));
    expect(await replies).toMatchObject([{ value: 'OK' }, { reason: { message: 'WRONGTYPE' } }]);
  });

  it('ends the wait for what does not, and hands it on when it comes late', async () => {
    const clock = fakeClock();
    const limit = new ReplyLimit(100, clock);
    const late: string[] = [];
    const [slow, failing] = [pending<string>(), pending<string>()];
    const replies = Promise.allSettled([limit.wait(slow.promise, (value) => late.push(value)), limit.wait(failing.promise)]);
    await clock.advance(130);
    const reason = { message: 'no answer within 100 ms' };
    expect(await replies).toMatchObject([{ reason }, { reason }]);
    slow.resolve('at last');
    failing.reject(new Error('never mind'));
    await clock.advance(0);
    expect(late).toEqual(['at last']);
  });

  it('takes what has arrived while the process was busy for longer than the limit', async () => {
    const limit = new ReplyLimit(40, systemClock);
    const reply = pending<string>();
    const waiting = limit.wait(reply.promise);
    await new Promise((resolve) => setTimeout(resolve, 1));
    setImmediate(() => reply.resolve('read after it')); // as from a socket: after the timers of the turn
    const end = performance.now() + 200;
    while (performance.now() < end);
    expect(await waiting).toBe('read after it');
  });

  it('has one timer for all, and none when nothing is awaited', async () => {
    const clock = fakeClock();
    const limit = new ReplyLimit(100, clock);
    const replies = Array.from({ length: 50 }, () => pending<number>());
    const waiting = Promise.all(replies.map(({ promise }) => limit.wait(promise)));
    expect(clock.pending).toBe(1);
    for (const { resolve } of replies) resolve(1);
    await waiting;
    await clock.advance(25);
    expect(clock.pending).toBe(0);
  });
});
