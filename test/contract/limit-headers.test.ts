import { describe, expect, it } from 'vitest';
import { limitsIn } from '../../src/contract/limit-headers.ts';

const now = Date.parse('2026-03-01T12:00:00Z');

describe('the limits in headers', () => {
  it.each<[string, Record<string, string>, unknown[]]>([
    [
      'OpenAI',
      {
        'x-ratelimit-limit-requests': '60',
        'x-ratelimit-limit-tokens': '150000',
        'x-ratelimit-remaining-requests': '59',
        'x-ratelimit-remaining-tokens': '149984',
        'x-ratelimit-reset-requests': '1s',
        'x-ratelimit-reset-tokens': '6m0s',
      },
      [
        { of: 'requests', limit: 60, left: 59, resetMs: 1_000 },
        { of: 'tokens', limit: 150_000, left: 149_984, resetMs: 360_000 },
      ],
    ],
    [
      'Anthropic, a plan beside it',
      {
        'anthropic-ratelimit-requests-limit': '50',
        'anthropic-ratelimit-requests-remaining': '0',
        'anthropic-ratelimit-requests-reset': '2026-03-01T12:00:30Z',
        'anthropic-ratelimit-input-tokens-limit': '40000',
        'anthropic-ratelimit-input-tokens-remaining': '12000',
        'anthropic-ratelimit-input-tokens-reset': '2026-03-01T12:00:42Z',
        'anthropic-ratelimit-unified-reset': '1772400000',
        'anthropic-ratelimit-unified-status': 'allowed',
      },
      [
        { of: 'requests', limit: 50, left: 0, resetMs: 30_000 },
        { of: 'tokens', limit: 40_000, left: 12_000, resetMs: 42_000 },
      ],
    ],
    [
      'Azure, which tells no reset',
      { 'x-ratelimit-remaining-requests': '79', 'x-ratelimit-remaining-tokens': '61353' },
      [
        { of: 'requests', left: 79 },
        { of: 'tokens', left: 61_353 },
      ],
    ],
    [
      'Mistral, with the window in the name',
      { 'x-ratelimit-limit-req-minute': '100', 'x-ratelimit-remaining-req-minute': '3' },
      [{ of: 'requests', limit: 100, left: 3 }],
    ],
    [
      'Cerebras, in seconds with a fraction',
      {
        'x-ratelimit-limit-tokens-minute': '60000',
        'x-ratelimit-remaining-tokens-minute': '0',
        'x-ratelimit-reset-tokens-minute': '26.25',
      },
      [{ of: 'tokens', limit: 60_000, left: 0, resetMs: 26_250 }],
    ],
    [
      'OpenRouter, an epoch in milliseconds',
      { 'x-ratelimit-limit': '20', 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(now + 9_000) },
      [{ of: 'requests', limit: 20, left: 0, resetMs: 9_000 }],
    ],
    [
      'the first IETF drafts',
      { 'ratelimit-limit': '100', 'ratelimit-remaining': '40', 'ratelimit-reset': '30' },
      [{ of: 'requests', limit: 100, left: 40, resetMs: 30_000 }],
    ],
    [
      'the later IETF drafts',
      { ratelimit: '"burst";r=0;t=2, "daily";r=90;t=3600' },
      [
        { of: 'requests', left: 0, resetMs: 2_000 },
        { of: 'requests', left: 90, resetMs: 3_600_000 },
      ],
    ],
    [
      'something else that is limited',
      { 'x-ratelimit-remaining-images': '5', 'x-ratelimit-reset-images': '10s' },
      [{ of: 'other', left: 5, resetMs: 10_000 }],
    ],
    [
      'nonsense',
      { 'x-ratelimit-remaining-tokens': 'lots', 'x-ratelimit-reset-tokens': 'soon', 'x-ratelimit-reset-after': '3' },
      [{ of: 'tokens', left: Number.NaN, resetMs: undefined }],
    ],
    ['none', { 'content-type': 'application/json', 'retry-after': '3' }, []],
  ])('%s', (_, headers, limits) => {
    expect(limitsIn(headers, now)).toEqual(limits);
  });
});
