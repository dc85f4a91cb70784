import { describe, expect, it } from 'vitest';
import { attachAnswer } from '../../src/contract/answer.ts';
import type { ChatReply } from '../../src/contract/chat.ts';
import { ChunkStream } from '../../src/contract/stream.ts';
import type { RateLimitOptions } from '../../src/middleware/rate-limit.ts';
import { failure, rejectionOf, replyOf } from '../support/layered.ts';
import type { Limited } from '../support/limited.ts';
import { limited } from '../support/limited.ts';

type HeaderFields = Readonly<Record<string, string>>;

function told(headers: HeaderFields, total?: number): ChatReply {
  const usage = total === undefined ? {} : { usage: { prompt_tokens: total, completion_tokens: 0, total_tokens: total } };
  const reply = { ...replyOf('gpt-5-mini'), ...usage };
  attachAnswer(reply, { status: 200, headers, requestId: undefined, text: '' });
  return reply;
}

const requests = (left: number | string, reset: string, limit?: number): HeaderFields => ({
  'x-ratelimit-remaining-requests': String(left),
  'x-ratelimit-reset-requests': reset,
  ...(limit === undefined ? {} : { 'x-ratelimit-limit-requests': String(limit) }),
});

/** A call that was answered so; the next ones are let through as the limiter will. */
async function answeredWith(headers: HeaderFields | Error, options: RateLimitOptions = {}): Promise<Limited> {
  const rig = limited(options, [headers instanceof Error ? headers : told(headers), undefined]);
  await rig.run().catch(() => {});
  return rig;
}

async function moments(rig: Limited, calls: number, within = 120_000): Promise<number[]> {
  const pending = Array.from({ length: calls }, () => rig.run());
  await rig.clock.advance(within);
  await Promise.all(pending);
  return rig.moments().slice(1);
}

describe('what the provider’s headers say', () => {
  it('nothing left: nobody goes until the reset', async () => {
    const rig = await answeredWith(requests(0, '20s', 60));
    expect(await moments(rig, 3)).toEqual([20_000, 20_000, 20_000]);
    expect(rig.eventsOf('waiting')).toMatchObject([
      { reason: 'queue', limit: 'provider', ms: 20_000 },
      { limit: 'provider' },
      { limit: 'provider' },
    ]);
  });

  it.each<[string, HeaderFields]>([
    [
      'Anthropic',
      {
        'anthropic-ratelimit-requests-remaining': '0',
        'anthropic-ratelimit-requests-reset': '2026-01-01T00:00:20Z',
        'anthropic-ratelimit-requests-limit': '50',
      },
    ],
    ['IETF, first drafts', { 'ratelimit-remaining': '0', 'ratelimit-reset': '20' }],
    ['IETF, later drafts', { ratelimit: '"default";r=0;t=20' }],
    ['Cerebras', { 'x-ratelimit-remaining-tokens-minute': '0', 'x-ratelimit-reset-tokens-minute': '20.0' }],
    ['OpenRouter', { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(Date.UTC(2026, 0, 1) + 20_000) }],
  ])('in the words of %s', async (_, headers) => {
    expect(await moments(await answeredWith(headers), 1)).toEqual([20_000]);
  });

  it('counts a moment from the provider’s own clock', async () => {
    const headers = {
      date: 'Thu, 01 Jan 2026 01:00:00 GMT',
      'anthropic-ratelimit-tokens-remaining': '0',
      'anthropic-ratelimit-tokens-reset': '2026-01-01T01:00:30Z',
    };
    expect(await moments(await answeredWith(headers), 1)).toEqual([30_000]);
  });

  it('little left: it is spread until the reset', async () => {
    const rig = await answeredWith(requests(3, '40s', 60));
    expect(await moments(rig, 4)).toEqual([10_000, 20_000, 30_000, 40_000]);
  });

  it('little is less than a fifth of the limit, or fewer than ten where that is not told', async () => {
    expect(await moments(await answeredWith(requests(12, '40s', 60)), 1)).toEqual([0]);
    expect((await moments(await answeredWith(requests(11, '40s', 60)), 1))[0]).toBeGreaterThan(3_000);
    expect(await moments(await answeredWith(requests(10, '40s')), 1)).toEqual([0]);
    expect((await moments(await answeredWith(requests(9, '40s')), 1))[0]).toBe(4_000);
  });

  it('is followed on: the newest answer counts', async () => {
    const rig = limited({}, [told(requests(1, '40s', 60)), told(requests(50, '5s', 60)), undefined]);
    await rig.run();
    expect(await moments(rig, 3)).toEqual([20_000, 20_000, 20_000]);
  });

  it('of a call that went earlier does not replace that of a later one', async () => {
    const rig = limited({});
    const calls = [rig.run(), rig.run()];
    await rig.settle();
    await rig.end(1, told(requests(0, '30s')));
    await rig.end(0, told(requests(40, '1s', 60)));
    await Promise.all(calls);
    void rig.run();
    await rig.clock.advance(29_999);
    expect(rig.attempts).toHaveLength(2);
    await rig.clock.advance(1);
    expect(rig.attempts).toHaveLength(3);
  });

  it('tokens are weighed by what calls have had lately', async () => {
    const tokens = {
      'x-ratelimit-remaining-tokens': '900',
      'x-ratelimit-reset-tokens': '40s',
      'x-ratelimit-limit-tokens': '10000',
    };
    const rig = limited({}, [told(tokens, 300), undefined]);
    await rig.run();
    expect(await moments(rig, 4)).toEqual([10_000, 20_000, 30_000, 40_000]);
    const few = limited({}, [told({ ...tokens, 'x-ratelimit-remaining-tokens': '200' }, 300), undefined]);
    await few.run();
    expect(await moments(few, 1)).toEqual([40_000]);
  });

  it('is read from the head of a stream, before its end', async () => {
    const source = { status: 200, headers: requests(0, '15s'), pause() {}, resume() {}, cancel() {} };
    const rig = limited({}, [new ChunkStream(source, []), undefined]);
    await rig.run();
    expect(await moments(rig, 1)).toEqual([15_000]);
  });

  it('is read from failures too', async () => {
    const headers = new Headers(requests(0, '15s'));
    expect(await moments(await answeredWith(failure('bad_request', { headers })), 1)).toEqual([15_000]);
  });

  it.each<[string, HeaderFields]>([
    ['a reset that has passed', requests(0, '0s')],
    ['a reset in the past', { ...requests(0, '2020-01-01T00:00:00Z') }],
    ['a reset next year', requests(0, '2027-01-01T00:00:00Z')],
    ['a daily quota', requests(0, '8h', 1_000)],
    ['no reset', { 'x-ratelimit-remaining-requests': '0' }],
    ['nothing readable', requests('none', 'soon')],
    ['less than nothing', requests(-1, '30s')],
    ['something else', { 'x-ratelimit-remaining-images': '0', 'x-ratelimit-reset-images': '30s' }],
    ['a thousand limits', Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [`x-ratelimit-remaining-${i}`, '0']))],
  ])('is not believed or not concerned: %s', async (_, headers) => {
    expect(await moments(await answeredWith(headers), 2)).toEqual([0, 0]);
  });

  it('is not looked at with pace: false', async () => {
    expect(await moments(await answeredWith(requests(0, '20s'), { pace: false }), 1)).toEqual([0]);
    expect(await moments(await answeredWith(failure('rate_limit', { retryAfterMs: 20_000 }), { pace: false }), 1)).toEqual([0]);
  });

  it('holds each key by itself', async () => {
    const rig = await answeredWith(requests(0, '20s'));
    await rig.run({}, { target: { provider: 'openai', model: 'gpt-4o', baseURL: '' } });
    expect(rig.moments()).toEqual([0, 0]);
  });
});

describe('a Retry-After', () => {
  it.each(['rate_limit', 'service_unavailable'] as const)('of a %s holds the key as long as it asks', async (kind) => {
    const rig = await answeredWith(failure(kind, { retryAfterMs: 12_000 }));
    expect(rig.limiter.snapshot()).toMatchObject([{ heldUntil: rig.clock.now() + 12_000 }]);
    expect(await moments(rig, 2)).toEqual([12_000, 12_000]);
    expect(rig.limiter.snapshot()).toEqual([{ key: 'openai/gpt-5-mini', queued: 0, running: 0 }]);
  });

  it.each(['insufficient_credits', 'internal_server'] as const)('of a %s does not', async (kind) => {
    expect(await moments(await answeredWith(failure(kind, { retryAfterMs: 12_000 })), 1)).toEqual([0]);
  });

  it('holds those that wait already, and is not shortened by a later answer', async () => {
    const rig = limited({ concurrency: 2 });
    const first = [rejectionOf(rig.run()), rig.run()];
    void rig.run();
    await rig.settle();
    await rig.end(0, failure('rate_limit', { retryAfterMs: 10_000 }));
    await rig.end(1, told(requests(50, '1s', 60)));
    await Promise.all(first);
    expect(rig.stand()).toBe('1/0');
    await rig.clock.advance(9_999);
    expect(rig.stand()).toBe('1/0');
    await rig.clock.advance(1);
    expect(rig.stand()).toBe('0/1');
  });

  it('longer than maxWait is refused at once, so that a chain moves on', async () => {
    const rig = await answeredWith(failure('rate_limit', { retryAfterMs: 90_000 }));
    expect(await rejectionOf(rig.run())).toMatchObject({
      code: 'queue_timeout',
      retryAfterMs: 90_000,
      message:
        "openai/gpt-5-mini: budget exceeded: the wait for the provider's own limit is 90 s, pace.maxWait leaves 60 s, retry after 90 s",
    });
    await rig.clock.advance(30_000);
    expect(await moments(rig, 1)).toEqual([90_000]);
    const patient = await answeredWith(failure('rate_limit', { retryAfterMs: 90_000 }), { pace: { maxWait: 100_000 } });
    expect(await moments(patient, 1)).toEqual([90_000]);
  });

  it('refuses those that wait already when it is longer than they may', async () => {
    const rig = limited({ concurrency: 1 });
    const first = rejectionOf(rig.run());
    const deadline = rig.clock.now() + 5_000;
    const waiting = [rejectionOf(rig.run({}, { deadline })), rig.run({}, { deadline: deadline + 60_000 })];
    await rig.settle();
    await rig.end(0, failure('rate_limit', { retryAfterMs: 8_000 }));
    await first;
    expect(await waiting[0]).toMatchObject({
      code: 'queue_timeout',
      message: expect.stringContaining('the deadline of the call'),
    });
    expect(rig.stand()).toBe('1/0');
    await rig.clock.advance(8_000);
    await rig.end(1);
    await waiting[1];
  });

  it('is bounded by a quarter of an hour', async () => {
    const rig = await answeredWith(failure('rate_limit', { retryAfterMs: 1e12 }), {
      pace: { maxWait: Number.POSITIVE_INFINITY },
    });
    expect(await moments(rig, 1, 1_000_000)).toEqual([900_000]);
  });
});
