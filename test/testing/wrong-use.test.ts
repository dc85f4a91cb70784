import { ConfigurationError } from 'holdfast';
import type { MockServer, ScriptItem } from 'holdfast/testing';
import { fault, reply, startMockServer } from 'holdfast/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let mock: MockServer;
beforeAll(async () => {
  mock = await startMockServer();
});
afterAll(() => mock.close());

/** The compiler refuses most of these; tests in JavaScript would fail far from the mistake. */
const MISTAKES: readonly [what: string, use: () => unknown, message: string][] = [
  ['an option of a reply', () => reply({ txt: 'x' } as object), 'reply.txt: unknown option; did you mean "text"?'],
  ['a reply of a number', () => reply(5 as never), 'reply: expected an object, got 5'],
  ['a delay of a reply', () => reply({ delayMs: -1 }), 'reply.delayMs: expected milliseconds ≥ 0, got -1'],
  [
    'an answer inside a fault',
    () => fault.cutAfter(1, { txt: 'x' } as object),
    'reply.txt: unknown option; did you mean "text"?',
  ],
  ['a status', () => fault.status('429' as never), 'fault.status: expected a whole number from 200 to 599, got "429"'],
  ['chunks', () => fault.cutAfter(-1), 'fault.cutAfter: expected a whole number ≥ 0, got -1'],
  ['chunks before a stall', () => fault.stall(0.5), 'fault.stall: expected a whole number ≥ 0, got 0.5'],
  ['chunks before an event', () => fault.errorEvent('x' as never), 'fault.errorEvent: expected a whole number ≥ 0, got "x"'],
  ['milliseconds', () => fault.drip(undefined as never), 'fault.drip: expected milliseconds ≥ 0, got nothing'],
  [
    'milliseconds that never end',
    () => fault.slowFirstToken(Number.NaN),
    'fault.slowFirstToken: expected milliseconds ≥ 0, got NaN',
  ],
  [
    'a wait that is asked for',
    () => fault.rateLimit({ retryAfterSeconds: '2' as never }),
    'fault.rateLimit.retryAfterSeconds: expected seconds ≥ 0, got "2"',
  ],
  [
    'what is enqueued',
    () => mock.enqueue('openai', reply('good'), { status: 429 } as unknown as ScriptItem),
    'mock.enqueue[1]: expected reply(…), a fault, a text or a function that makes one of them, got an object',
  ],
];

describe('a mistake in a test', () => {
  it.each(MISTAKES)('%s', (_, use, message) => {
    expect(use).toThrow(ConfigurationError);
    expect(use).toThrow(`configuration: ${message}`);
  });

  it.each([
    [{ prt: 1 }, 'startMockServer.prt: unknown option; did you mean "port"?'],
    [{ port: 70_000 }, 'startMockServer.port: expected a whole number from 0 to 65535, got 70000'],
    [{ answer: {} }, 'startMockServer.answer[0]: expected reply(…)'],
  ])('%j', async (options, message) => {
    await expect(startMockServer(options as object)).rejects.toThrow(message);
  });

  it('an item that is refused is not enqueued, nor those beside it', async () => {
    expect(() => mock.enqueue('openai', fault.overloaded(), 5 as never)).toThrow(ConfigurationError);
    const headers = { authorization: 'Bearer k', 'content-type': 'application/json' };
    const body = JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'hi' }] });
    const answer = await fetch(`${mock.baseURL('openai')}/chat/completions`, { method: 'POST', headers, body });
    expect(answer.status).toBe(200);
  });
});
