import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isLLMError } from '../../../src/errors/catalogue.ts';
import { explainFailure } from '../../../src/wire/failure/explain.ts';
import { NOW, specOf } from '../../support/explain.ts';

const SECRET = 'a-very-secret-key-42';
const PROVIDERS = [
  'openai',
  'azure',
  'anthropic',
  'gemini',
  'ollama',
  'openrouter',
  'minimax',
  'zai',
  'xai',
  'vllm',
  'together_ai',
  'litellm_proxy',
];
const NAMES =
  'error errors message detail details code type status param reason metadata raw error_type base_resp status_code innererror __proto__ constructor response result request_id loc msg field description'.split(
    ' ',
  );

const word = fc.oneof(
  fc.string(),
  fc.constantFrom(
    SECRET,
    `key ${SECRET}`,
    'rate_limit_exceeded',
    '{"error":',
    `{"error":{"message":"${SECRET}"}}`,
    '[[[[',
    'RESOURCE_EXHAUSTED',
    '429',
    '\\"',
    '<html>',
  ),
);
const key = fc.oneof(fc.constantFrom(...NAMES), fc.string());
const { json } = fc.letrec((tie) => ({
  json: fc.oneof(
    { maxDepth: 6, withCrossShrink: true },
    word,
    fc.double(),
    fc.integer({ min: -5, max: 2100 }),
    fc.constantFrom(null, true, false, undefined),
    fc.array(tie('json'), { maxLength: 4 }),
    fc.array(fc.tuple(key, tie('json')), { maxLength: 6 }).map((pairs) => Object.fromEntries(pairs)),
  ),
}));
const headers = fc.dictionary(
  fc.oneof(
    fc.constantFrom('retry-after', 'x-should-retry', 'x-request-id', 'request-id', 'date', ':exception-type', 'bad name'),
    fc.string(),
  ),
  fc.oneof(word, fc.array(word, { maxLength: 2 })),
);
const status = fc.option(fc.integer({ min: 100, max: 700 }), { nil: undefined });

describe('whatever a service sends', () => {
  it('becomes a typed error that is bounded, has no secret in it and no status of success', () => {
    fc.assert(
      fc.property(fc.constantFrom(...PROVIDERS), status, headers, json, word, (provider, sent, given, body, text) => {
        const place = sent === undefined ? 'stream' : sent >= 200 && sent < 300 ? 'body' : 'status';
        const failure = { status: sent, headers: given, text: JSON.stringify(body) ?? text, json: body, place } as const;
        const error = explainFailure(failure, specOf(provider), {
          provider,
          model: 'm',
          call: { correlationId: 'c' },
          now: NOW,
          secrets: [SECRET],
          promptText: () => 'the prompt',
        });
        expect(isLLMError(error)).toBe(true);
        expect(error.status === undefined || error.status < 200 || error.status > 299).toBe(true);
        expect(error.reason.length).toBeLessThanOrEqual(300);
        expect(error.retryAfterMs === undefined || error.retryAfterMs >= 0).toBe(true);
        expect(JSON.stringify(error)).not.toContain(SECRET);
        expect(error.message).not.toContain(SECRET);
        expect(error.headers).toBeInstanceOf(Headers);
      }),
      { numRuns: 3000 },
    );
  });

  it('is explained in linear time', () => {
    const long = 'a '.repeat(100_000);
    for (const text of [
      long,
      `{"error":"${long}"}`,
      '{'.repeat(100_000),
      '<'.repeat(100_000),
      `${'Limit 1 '.repeat(20_000)}`,
      "{'error': ".repeat(20_000),
    ]) {
      const started = performance.now();
      let value: unknown;
      try {
        value = JSON.parse(text);
      } catch {
        value = undefined;
      }
      const failure = { status: 400, headers: {}, text, json: value, place: 'status' } as const;
      const facts = {
        provider: 'openai',
        model: 'm',
        call: { correlationId: 'c' },
        now: NOW,
        secrets: [],
        promptText: () => long,
      };
      expect(explainFailure(failure, specOf('openai'), facts).kind).toBe('bad_request');
      expect(performance.now() - started).toBeLessThan(2000);
    }
  });
});
