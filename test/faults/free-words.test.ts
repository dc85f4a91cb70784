import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ErrorKind } from '../../src/index.ts';
import type { RawServer } from '../support/raw-server.ts';
import { startRawServer } from '../support/raw-server.ts';
import sentences from './free-words.json' with { type: 'json' };
import { failed, wrongAmong } from './play.ts';

const CLAIMS: { readonly [K in ErrorKind]?: readonly string[] } = sentences.claims;

// Sentences of servers that nobody knows yet, in our own words: what they claim, and what only sounds like it.

let server: RawServer;
beforeAll(async () => {
  server = await startRawServer();
});
afterAll(() => server.close());

async function kindOf(id: string, status: number, message: string): Promise<ErrorKind> {
  const body = JSON.stringify({ error: { message, type: 'invalid_request_error', param: null, code: null } });
  const origin = server.at({ status, headers: { 'content-type': 'application/json' }, body });
  return (await failed(server, { id, origin, surface: 'chat' })).kind;
}

const wrongIn = (asked: readonly string[], kind: ErrorKind, id: string, status: number): Promise<string[]> =>
  wrongAmong(asked, async (sentence) => {
    const heard = await kindOf(id, status, sentence);
    return heard === kind ? [] : [`${heard}: ${sentence}`];
  });

describe('a sentence without a code', () => {
  it.each(Object.keys(CLAIMS) as ErrorKind[])('is %s', async (kind) => {
    expect(await wrongIn(CLAIMS[kind] ?? [], kind, 'openai_compatible', 400)).toEqual([]);
  });

  it('speaks of money at 429 too, and nothing else does', async () => {
    expect(await wrongIn(CLAIMS.insufficient_credits ?? [], 'insufficient_credits', 'openai_compatible', 429)).toEqual([]);
    expect(await wrongIn(CLAIMS.rate_limit ?? [], 'rate_limit', 'openai_compatible', 429)).toEqual([]);
  });
});

describe('a wrong request', () => {
  it.each(['openai_compatible', 'anthropic', 'bedrock', 'gemini', 'mistral'])('stays one at %s', async (id) => {
    expect(await wrongIn(sentences.badRequests, 'bad_request', id, 400)).toEqual([]);
  });
});
