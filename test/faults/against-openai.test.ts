import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClient, retry } from '../../src/index.ts';
import { rejection } from '../support/client.ts';
import type { RawAnswer, RawServer } from '../support/raw-server.ts';
import { startRawServer } from '../support/raw-server.ts';

// What docs/from-openai.md says of the two clients, side by side on the same answers.

let server: RawServer;
beforeAll(async () => {
  server = await startRawServer();
});
afterAll(() => server.close());

const messages = [{ role: 'user' as const, content: 'Hello' }];
const JSON_TYPE = { 'content-type': 'application/json' };

const failing = (status: number, code: string | null, headers: RawAnswer['headers'] = {}): RawAnswer => ({
  status,
  headers: { ...JSON_TYPE, ...headers },
  body: JSON.stringify({ error: { message: 'no', type: null, param: null, code } }),
});

interface Heard {
  readonly openai: unknown;
  readonly ours: unknown;
  /** Requests of each. */
  readonly asked: readonly [openai: number, ours: number];
}

async function both(answer: RawAnswer, { stream = false, maxRetries = 0 } = {}): Promise<Heard> {
  const [theirs, own] = [server.at(answer), server.at(answer)];
  const openai = new OpenAI({ apiKey: 'k', baseURL: `${theirs}/v1`, maxRetries });
  const llm = createClient({ use: [retry({ maxRetries })], providers: { openai: { apiKey: 'k', baseURL: `${own}/v1` } } });
  const read = async (chunks: AsyncIterable<unknown>): Promise<void> => {
    for await (const _ of chunks);
  };
  const outcome = async (call: () => Promise<unknown>): Promise<unknown> => call().catch((error: unknown) => error);
  try {
    return {
      openai: await outcome(async () => {
        const created = await openai.chat.completions.create({ model: 'm', messages, stream });
        return Symbol.asyncIterator in created ? read(created as AsyncIterable<unknown>) : created;
      }),
      ours: await rejection(
        (async () => {
          const created = await llm.chat.completions.create({ model: 'openai/m', messages, stream });
          return Symbol.asyncIterator in created ? read(created as AsyncIterable<unknown>) : created;
        })(),
      ),
      asked: [server.requestsTo(theirs), server.requestsTo(own)],
    };
  } finally {
    await llm.close();
  }
}

const nameOf = (error: unknown): string | undefined => (error as Error | undefined)?.constructor.name;

describe('beside the openai package', () => {
  it.each([
    [402, null, 'APIError', 'InsufficientCreditsError'],
    [408, null, 'APIError', 'TimeoutError'],
    [413, null, 'APIError', 'RequestTooLargeError'],
    [429, 'insufficient_quota', 'RateLimitError', 'InsufficientCreditsError'],
    [503, null, 'InternalServerError', 'ServiceUnavailableError'],
    [400, 'context_length_exceeded', 'BadRequestError', 'ContextWindowExceededError'],
  ])('%i %s is %s there and %s here', async (status, code, theirs, ours) => {
    const heard = await both(failing(status, code));
    expect(nameOf(heard.openai)).toBe(theirs);
    expect(nameOf(heard.ours)).toBe(ours);
    // what the class promises to handlers written for openai
    if (theirs !== 'APIError') expect(heard.ours).toBeInstanceOf(Reflect.get(OpenAI, theirs));
  });

  it('only there is an exhausted quota retried', async () => {
    const { asked } = await both(failing(429, 'insufficient_quota', { 'retry-after-ms': '1' }), { maxRetries: 1 });
    expect(asked).toEqual([2, 1]);
  });

  it('an error as the body of a 200', async () => {
    const { openai, ours } = await both({ ...failing(500, 'server_error'), status: 200 });
    expect(openai).not.toBeInstanceOf(Error);
    expect(ours).toMatchObject({ name: 'InternalServerError', status: 500 });
  });

  it('an error in a stream', async () => {
    const body = 'data: {"error":{"message":"no","type":"server_error","code":null}}\n\n';
    const { openai, ours } = await both(
      { status: 200, headers: { 'content-type': 'text/event-stream' }, body },
      { stream: true },
    );
    expect(nameOf(openai)).toBe('APIError');
    expect(openai).toMatchObject({ status: undefined });
    expect(ours).toMatchObject({ name: 'InternalServerError', status: 500 });
  });

  it('a stream that breaks', async () => {
    const chunk = {
      id: 'c',
      object: 'chat.completion.chunk',
      choices: [{ index: 0, delta: { content: 'Hel' }, finish_reason: null }],
    };
    const answer = { status: 200, headers: { 'content-type': 'text/event-stream' }, body: `data: ${JSON.stringify(chunk)}\n\n` };
    const cut = await both({ ...answer, ending: 'cut' }, { stream: true });
    expect(nameOf(cut.openai)).toBe('TypeError');
    const ended = await both(answer, { stream: true });
    expect(ended.openai).toBeUndefined();
    for (const { ours } of [cut, ended])
      expect(ours).toMatchObject({ name: 'StreamInterruptedError', partial: { content: 'Hel' } });
  });

  it('only there is a Retry-After above a minute cut short', async () => {
    const { asked, ours } = await both(failing(429, 'rate_limit_exceeded', { 'retry-after': '120' }), { maxRetries: 1 });
    expect(asked).toEqual([2, 1]);
    expect(ours).toMatchObject({ kind: 'rate_limit', retryAfterMs: 120_000 });
  });
});
