import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDuration } from '../../src/time/duration.ts';
import { retryAfterMs } from '../../src/wire/retry-after.ts';

const now = Date.parse('2026-03-01T12:00:00Z');
const of = (headers: Record<string, string>, body: unknown = undefined, message = ''): number | undefined =>
  retryAfterMs(headers, body, message, now);

describe('parseDuration', () => {
  it.each([
    ['174ms', 174],
    ['1.574s', 1574],
    ['6m0s', 360_000],
    ['9m38.016s', 578_016],
    ['18h31m10s', 66_670_000],
    ['1d2h', 93_600_000],
    ['500us', 0.5],
    ['39s', 39_000],
    ['55', 55_000],
    ['2.5', 2500],
    ['6 seconds', 6000],
    ['1 minute, 30 seconds', 90_000],
    ['2 hours and 5 minutes', 7_500_000],
    ['0s', 0],
  ])('%s', (text, ms) => {
    expect(parseDuration(text)).toBeCloseTo(ms, 3);
  });

  it.each(['', 'soon', '-5s', '5 apples', '5s ago', '1e3', 'NaN', '5seconds5', '.5s'])('is none: %j', (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });
});

describe('retryAfterMs', () => {
  it.each<[string, Record<string, string>, number | undefined]>([
    ['retry-after-ms first', { 'retry-after-ms': '1500.5', 'retry-after': '9' }, 1501],
    ['seconds', { 'retry-after': '2' }, 2000],
    ['a fraction', { 'retry-after': '0.25' }, 250],
    ['a date', { 'retry-after': 'Sun, 01 Mar 2026 12:00:30 GMT' }, 30_000],
    [
      'a date, by the answer’s own clock',
      { 'retry-after': 'Sun, 01 Mar 2026 15:00:30 GMT', date: 'Sun, 01 Mar 2026 15:00:00 GMT' },
      30_000,
    ],
    ['a date that has passed', { 'retry-after': 'Sun, 01 Mar 2026 11:00:00 GMT' }, undefined],
    ['zero', { 'retry-after': '0' }, undefined],
    ['a negative number', { 'retry-after': '-1' }, undefined],
    ['nonsense', { 'retry-after': 'soon 5' }, undefined],
    [
      'an exhausted limit',
      {
        'x-ratelimit-remaining-requests': '0',
        'x-ratelimit-reset-requests': '6m0s',
        'x-ratelimit-remaining-tokens': '9',
        'x-ratelimit-reset-tokens': '1h',
      },
      360_000,
    ],
    [
      'no exhausted limit',
      { 'x-ratelimit-remaining-requests': '499', 'x-ratelimit-reset-requests': '120ms', 'x-ratelimit-reset-tokens': '0s' },
      undefined,
    ],
    ['limits without what is left', { 'x-ratelimit-reset-requests': '20ms', 'x-ratelimit-reset-tokens': '1.574s' }, 1574],
    [
      'Anthropic',
      {
        'anthropic-ratelimit-input-tokens-remaining': '0',
        'anthropic-ratelimit-input-tokens-reset': '2026-03-01T12:00:10Z',
        'anthropic-ratelimit-requests-remaining': '5',
        'anthropic-ratelimit-requests-reset': '2026-03-01T12:01:00Z',
      },
      10_000,
    ],
    ['Anthropic, without what is left', { 'anthropic-ratelimit-requests-reset': '2026-03-01T12:01:00Z' }, undefined],
    ['an epoch in seconds', { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(now / 1000 + 7) }, 7000],
    ['an epoch in milliseconds', { 'x-ratelimit-reset': String(now + 26_000) }, 26_000],
    ['seconds to the reset', { 'x-ratelimit-reset-after': '3.5' }, 3500],
    ['Replicate', { 'ratelimit-remaining': '0', 'ratelimit-reset': '5' }, 5000],
    ['Replicate with something left', { 'ratelimit-remaining': '2999', 'ratelimit-reset': '1' }, undefined],
    ['Mistral', { 'ratelimitbysize-remaining': '0', 'ratelimitbysize-reset': '44' }, 44_000],
    ['SambaNova', { 'x-ratelimit-remaining-requests-day': '0', 'x-ratelimit-reset-requests-day': '33011.38' }, 33_011_380],
    ['Hugging Face', { ratelimit: '"api";r=0;t=55' }, 55_000],
    ['Hugging Face with something left', { ratelimit: '"api";r=3;t=55' }, undefined],
    ['nothing', {}, undefined],
  ])('header: %s', (_name, headers, ms) => {
    expect(of(headers)).toBe(ms);
  });

  it.each<[string, unknown, number | undefined]>([
    [
      'RetryInfo',
      {
        error: {
          details: [{ '@type': 'x' }, { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '18.403470473s' }],
        },
      },
      18_403,
    ],
    [
      'RetryInfo in a list',
      [{ error: { details: [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '39s' }] } }],
      39_000,
    ],
    ['retry_after', { detail: 'throttled', retry_after: 9 }, 9000],
    ['retry_after as text', { error: { retry_after: '1.5s' } }, 1500],
    ['estimated_time', { error: 'loading', estimated_time: 98.865 }, 98_865],
    ['quota_reset_timestamp', { detail: { quota_reset_timestamp: '2026-03-02T00:00:00+00:00' } }, 43_200_000],
    // Bedrock's estimate of its queue is no promise to answer after it
    ['rudiMetadata', { exceptionMetadata: { rudiMetadata: '{"expectedQueueDelayInMs":394460}' } }, undefined],
    [
      'upstream headers',
      { error: { metadata: { headers: { 'X-RateLimit-Remaining': '0', 'X-RateLimit-Reset': String(now + 5000) } } } },
      5000,
    ],
    ['upstream Retry-After', { error: { metadata: { headers: { 'Retry-After': 4 } } } }, 4000],
    ['not a number', { retry_after: Number.NaN, estimated_time: -4 }, undefined],
    ['wrong types', { error: { details: [null, 1, { '@type': 7 }], metadata: { headers: [] } } }, undefined],
  ])('body: %s', (_name, body, ms) => {
    expect(of({}, body)).toBe(ms);
  });

  it.each<[string, number | undefined]>([
    ['Please try again in 16m32.64s. Visit', 992_640],
    ['Please retry in 38.66s.', 38_660],
    ['Please retry after 6 seconds.', 6000],
    ['retry after 6', 6000],
    ['Please wait 5631 seconds', 5_631_000],
    ['Your rate limit resets in ~5s.', 5000],
    ['Limit resets at: 2026-03-01 12:00:30 UTC', 30_000],
    ['Limit resets at: 2026-03-01 12:00:30', undefined],
    ['try again in 250ms', 250],
    ['Your quota will reset after 18h31m10s.', 66_670_000],
    ['please wait before trying again', undefined],
    ['Please try again later. Limit: 10 requests per 1 minute', undefined],
    ['retry after 2026-01-01', undefined],
  ])('words: %s', (message, ms) => {
    expect(of({}, undefined, message)).toBe(ms);
  });

  it('prefers header over body over resets over words', () => {
    const resets = { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset-after': '3' };
    const body = { retry_after: 2 };
    expect(of({ 'retry-after': '1', ...resets }, body, 'retry in 4s')).toBe(1000);
    expect(of(resets, body, 'retry in 4s')).toBe(2000);
    expect(of(resets, {}, 'retry in 4s')).toBe(3000);
    expect(of({}, {}, 'retry in 4s')).toBe(4000);
  });

  it('never throws and is positive and finite, whatever is sent', () => {
    const headers = fc.dictionary(
      fc.constantFrom(
        'retry-after',
        'retry-after-ms',
        'x-ratelimit-reset',
        'ratelimit',
        'date',
        'x-ratelimit-remaining',
        '__proto__',
      ),
      fc.oneof(
        fc.string(),
        fc.double().map(String),
        fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
      ),
    );
    fc.assert(
      fc.property(headers, fc.anything(), fc.string(), (sent, body, message) => {
        const ms = retryAfterMs(sent, body, message, now);
        expect(ms === undefined || (ms >= 1 && Number.isFinite(ms))).toBe(true);
      }),
    );
  });
});
