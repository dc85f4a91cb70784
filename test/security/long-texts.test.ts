import { describe, expect, it } from 'vitest';
import { Seam, settledPart } from '../../src/middleware/fallback/resume/seam.ts';
import { createHandler } from '../../src/server/index.ts';
import { parseDuration, waitInWords } from '../../src/time/duration.ts';
import { client, failureOf, refusal, service, user } from './service.ts';

/** Where the time grows with the square of a length, these take minutes. */
const LENGTH = 1_000_000;
const long = (pump: string, end = '!'): string => pump.repeat(LENGTH / pump.length) + end;

describe('names that are too long for any model', () => {
  it.each([
    ['a bare name', long('. ')],
    ['of an unknown provider', `${long('.')}/x`],
    ['of a known one', `openai/${long('. ')}`],
    ['of Bedrock', `bedrock/${long('nova ')}`],
  ])('are refused at once, and not repeated: %s', async (_, model) => {
    const asked: string[] = [];
    const baseURL = await service((request, response) => {
      asked.push(request.url ?? '');
      refusal(response, 400, 'no');
    });
    const providers = { openai: { apiKey: 'k', baseURL }, bedrock: { region: 'us-east-1', apiKey: 'k', baseURL } };
    const llm = client({ providers });
    const handler = createHandler(llm);
    const body = JSON.stringify({ model, messages: user('Hi') });
    const response = await handler(new Request('http://x/v1/chat/completions', { method: 'POST', body }));
    expect(response.status).toBe(404);
    expect((await response.text()).length).toBeLessThan(500);
    const error = await failureOf(llm.chat.completions.create({ model, messages: user('Hi') }));
    expect(error.message.length).toBeLessThan(500);
    expect(asked).toEqual([]);
  });
});

it.each([
  ['digits and commas', '1,'],
  ['dots', '. '],
  ['counts of tokens', '1 tokens '],
  ['limits', 'Limit: 1 '],
  ['waits', 'retry after 1s, '],
  ['markup', '<a '],
  ['open brackets', '[{"a":'],
  ['quotes', "'code': '"],
  ['the names of our rules', 'context length input too long for the model '],
])('a failure that tells of %s without end is understood', async (_, pump) => {
  for (const status of [400, 429, 503]) {
    const text = long(pump).slice(0, 200_000);
    const baseURL = await service((_request, response) => refusal(response, status, text));
    const llm = client({ providers: { openai: { apiKey: 'k', baseURL } } });
    const error = await failureOf(llm.chat.completions.create({ model: 'openai/m', messages: user(`${pump} Hi`) }));
    expect(error).toMatchObject({ status });
    expect(error.message.length).toBeLessThan(600);
  }
});

it.each(['1', '1.', '1s ', '1h1m', ' '])('a wait that is told by %j again and again is none', (pump) => {
  expect(parseDuration(long(pump))).toBeUndefined();
  expect(waitInWords(`wait ${long(pump)}`, 0) ?? 0).toBeGreaterThanOrEqual(0);
});

it('the loose end of a broken answer is found in an answer of white space', () => {
  expect(settledPart(long(' ', 'x'))).toHaveLength(LENGTH + 1);
  expect(settledPart(`x${long(' ', '\ud83d')}`)).toBe('x');
  expect(new Seam(`One ${' '.repeat(LENGTH)}`).add('two')).toBe('two');
});
