import { describe, expect, it, vi } from 'vitest';
import type { Catalogue } from '../../src/contract/catalogue.ts';
import type { ChatReply } from '../../src/contract/chat.ts';
import { failure, openStream, rejectionOf, replyOf } from '../support/layered.ts';
import type { Limited } from '../support/limited.ts';
import { limited } from '../support/limited.ts';

const KEY = 'rateLimit:tokens:openai/gpt-5-mini';

const usage = (prompt: number, completion: number) => ({
  prompt_tokens: prompt,
  completion_tokens: completion,
  total_tokens: prompt + completion,
});

const reply = (prompt: number, completion: number): ChatReply => ({ ...replyOf('gpt-5-mini'), usage: usage(prompt, completion) });

/** Prompts have as many tokens as their only message says. */
const counting = {
  countTokens: (_, request) => Number((request as { messages: [{ content: string }] }).messages[0].content),
} as Partial<Catalogue> as Catalogue;

const catalogue = () => counting;
const asks = (prompt: number, more: object = {}) => ({
  request: { messages: [{ role: 'user' as const, content: String(prompt) }], ...more },
  catalogue,
});

/** What is left in the bucket. */
function left(rig: Limited, perMinute = 1_000): number {
  const { call } = rig.attempts[0] ?? {};
  const take = call?.store.buckets.take(
    KEY,
    { capacity: perMinute, refillPerSecond: perMinute / 60 },
    0,
    rig.attempts[0]?.call as never,
  );
  return (take as { left: number }).left;
}

describe('tokensPerMinute', () => {
  it('reserves the prompt and the longest answer, and gives back what was not used', async () => {
    const rig = limited({ tokensPerMinute: 1_000 });
    const call = rig.run({}, asks(300, { max_completion_tokens: 500 }));
    await rig.settle();
    expect(left(rig)).toBe(200);
    await rig.end(0, reply(310, 40));
    await call;
    expect(left(rig)).toBe(650);
  });

  it('reads max_tokens, and counts every answer that is asked for', async () => {
    const rig = limited({ tokensPerMinute: 1_000 });
    void rig.run({}, asks(100, { max_tokens: 50, n: 3 }));
    await rig.settle();
    expect(left(rig)).toBe(750);
  });

  it('takes more afterwards than it had reserved, into debt', async () => {
    const rig = limited({ tokensPerMinute: 600 });
    const first = rig.run({}, asks(100, { max_tokens: 100 }));
    await rig.settle();
    await rig.end(0, reply(100, 1_100));
    await first;
    expect(left(rig, 600)).toBe(-600);
    const next = rig.run({}, asks(50, { max_tokens: 50 }));
    await rig.clock.advance(69_999);
    expect(rig.attempts).toHaveLength(1);
    await rig.clock.advance(1);
    expect(rig.attempts).toHaveLength(2);
    await rig.end(1);
    await next;
  });

  it('guesses an answer without a limit from the answers so far', async () => {
    const rig = limited({ tokensPerMinute: 10_000 });
    const first = rig.run({}, asks(100));
    await rig.settle();
    expect(left(rig, 10_000)).toBe(9_500);
    await rig.end(0, reply(100, 900));
    await first;
    const second = rig.run({}, asks(100));
    await rig.settle();
    expect(left(rig, 10_000)).toBe(8_000);
    await rig.end(1, reply(100, 400));
    await second;
    void rig.run({}, asks(100));
    await rig.settle();
    expect(left(rig, 10_000)).toBe(8_500 - 100 - 800);
  });

  it('makes no call too large by a guess alone', async () => {
    const rig = limited({ tokensPerMinute: 300 });
    void rig.run({}, asks(200));
    await rig.settle();
    expect(rig.attempts).toHaveLength(1);
    expect(left(rig, 300)).toBe(0);
  });

  it.each([
    ['by its prompt', asks(1_001), 'the request needs about 1001 tokens, rateLimit allows 1000 per minute'],
    [
      'with its answer',
      asks(600, { max_tokens: 500 }),
      'the request needs about 1100 tokens (600 of the prompt, 500 for the answer), rateLimit allows 1000 per minute',
    ],
  ])('refuses at once what can never fit, %s', async (_, changes, message) => {
    const rig = limited({ tokensPerMinute: 1_000 });
    void rig.run({}, asks(900, { max_tokens: 100 }));
    void rig.run({}, asks(900, { max_tokens: 100 }));
    await rig.settle();
    expect(await rejectionOf(rig.run({}, changes))).toMatchObject({
      kind: 'budget_exceeded',
      code: 'over_limit',
      message: `openai/gpt-5-mini: budget exceeded: ${message}`,
      details: { limit: 'tokens', tokensPerMinute: 1_000 },
    });
    expect(rig.eventsOf('skipped')).toMatchObject([{ reason: 'limit', error: { code: 'over_limit' } }]);
    expect(rig.stand()).toBe('1/1');
  });

  it('does not let small calls overtake a large one for ever', async () => {
    const rig = limited({ tokensPerMinute: 600 }, [
      (call: { request: object }) => {
        const { content } = (call.request as { messages: [{ content: string }] }).messages[0];
        return reply(Number(content), 0);
      },
    ]);
    await rig.run({}, { ...asks(100, { max_tokens: 1 }), correlationId: 'first' });
    void rig.run({}, { ...asks(599, { max_tokens: 1 }), correlationId: 'large' });
    for (let small = 1; small <= 5; small++)
      void rig.run({}, { ...asks(50, { max_tokens: 1 }), correlationId: `small-${small}` });
    await rig.clock.advance(60_000);
    expect(rig.sent()).toEqual(['first', 'large', 'small-1', 'small-2', 'small-3', 'small-4', 'small-5']);
    expect(rig.moments().slice(0, 2)).toEqual([0, 10_000]);
  });

  it('wakes the head early when a call gives tokens back', async () => {
    const rig = limited({ tokensPerMinute: 1_000 });
    void rig.run({}, asks(100, { max_tokens: 800 }));
    void rig.run({}, asks(400, { max_tokens: 100 }));
    await rig.clock.advance(1_000);
    expect(rig.stand()).toBe('1/1');
    await rig.end(0, reply(100, 10));
    expect(rig.stand()).toBe('0/1');
  });

  it('refuses nobody for a wait that running calls may shorten', async () => {
    const rig = limited({ tokensPerMinute: 1_000 });
    void rig.run({}, asks(100, { max_tokens: 900 }));
    const waits = rig.run({}, { ...asks(500, { max_tokens: 100 }), deadline: rig.clock.now() + 10_000 });
    await rig.settle();
    expect(rig.stand()).toBe('1/1');
    await rig.end(0, reply(100, 10));
    await rig.end(1, reply(500, 10));
    await waits;
    const vain = rig.run({}, { ...asks(900, { max_tokens: 100 }), deadline: rig.clock.now() + 10_000 });
    expect(await rejectionOf(vain)).toMatchObject({ code: 'queue_timeout', details: { limit: 'tokens' } });
  });

  it.each<[string, unknown, number]>([
    ['refused by the provider', failure('rate_limit', { status: 429 }), 1_000],
    ['never sent', failure('circuit_open'), 1_000],
    ['never connected', failure('timeout', { phase: 'connect' }), 1_000],
    ['given up half-way: the prompt', failure('timeout', { phase: 'attempt' }), 700],
    ['of a layer’s own, which may have been answered: nothing', new Error('mine'), 200],
  ])('gives back what a failed call did not use: %s', async (_, error, expected) => {
    const rig = limited({ tokensPerMinute: 1_000 });
    const failed = rejectionOf(rig.run({}, asks(300, { max_tokens: 500 })));
    await rig.settle();
    await rig.end(0, error);
    expect(await failed).toBe(error);
    expect(left(rig)).toBe(expected);
  });

  it('settles a stream at its end, by its usage', async () => {
    const rig = limited({ tokensPerMinute: 1_000 });
    const stream = openStream();
    const call = rig.run({}, asks(300, { max_tokens: 500 }));
    await rig.settle();
    await rig.end(0, stream);
    await call;
    expect(left(rig)).toBe(200);
    stream.usage = usage(300, 20);
    stream.end();
    expect(left(rig)).toBe(680);
  });

  it('settles a broken stream by what had come', async () => {
    const rig = limited({ tokensPerMinute: 1_000 });
    const streams = [openStream(), openStream()];
    const partial = { content: 'x'.repeat(40), reasoning_content: '', tool_calls: [], chunks: 3 };
    for (const [i, stream] of streams.entries()) {
      void rig.run({}, asks(100, { max_tokens: 300 }));
      await rig.settle();
      await rig.end(i, stream);
    }
    expect(left(rig)).toBe(200);
    streams[0]?.fail(failure('stream_interrupted', { partial }));
    expect(left(rig)).toBe(1_000 - 110 - 400);
    streams[1]?.fail(failure('stream_interrupted', { partial: { ...partial, usage: usage(100, 7) } }));
    expect(left(rig)).toBe(1_000 - 110 - 107);
  });

  it('keeps the order of coming while the counter is being loaded', async () => {
    const rig = limited({ tokensPerMinute: 1_000 }, [undefined]);
    const loaded: ((catalogue: Catalogue) => void)[] = [];
    const loading = { catalogue: () => new Promise<Catalogue>((resolve) => loaded.push(resolve)) };
    void rig.run({}, { ...asks(10, { max_tokens: 1 }), ...loading, correlationId: 'c1' });
    void rig.run({}, { ...asks(10, { max_tokens: 1 }), correlationId: 'c2' });
    const large = rejectionOf(rig.run({}, { ...asks(5_000), ...loading, correlationId: 'c3' }));
    await rig.settle();
    expect(rig.stand()).toBe('3/0');
    loaded[1]?.(counting);
    expect(await large).toMatchObject({ code: 'over_limit' });
    expect(rig.sent()).toEqual([]);
    loaded[0]?.(counting);
    await rig.settle();
    expect(rig.sent()).toEqual(['c1', 'c2']);
  });

  it('goes on without a count when the counter cannot be loaded', async () => {
    const rig = limited({ tokensPerMinute: 1_000 }, [reply(400, 0)]);
    await rig.run({}, { ...asks(10), catalogue: () => Promise.reject(new Error('no file')) });
    expect(left(rig)).toBe(600);
  });

  it('counts the real prompts of the library’s own catalogue', async () => {
    const rig = limited({ tokensPerMinute: 1_000 });
    void rig.run({}, { request: { messages: [{ role: 'user', content: 'word '.repeat(400) }], max_tokens: 100 } });
    await vi.waitFor(() => expect(rig.attempts).toHaveLength(1));
    const reserved = 1_000 - left(rig);
    expect(reserved).toBeGreaterThan(450);
    expect(reserved).toBeLessThan(600);
  });

  it('reserves no answer for vectors', async () => {
    const rig = limited({ tokensPerMinute: 1_000 });
    void rig.run({}, { ...asks(300), operation: 'embed' as never });
    await rig.settle();
    expect(left(rig)).toBe(700);
    await rig.end(0, { usage: { prompt_tokens: 250, total_tokens: 250 } });
    expect(left(rig)).toBe(750);
  });
});
