import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LLMError } from '../../src/index.ts';
import { fakeClock } from '../../src/testing/fake-clock.ts';
import { NOW } from '../support/explain.ts';
import type { RawServer } from '../support/raw-server.ts';
import { startRawServer } from '../support/raw-server.ts';
import type { Entry } from './corpus-entries.ts';
import { CORPUS, FIELD, providerOf } from './corpus-entries.ts';
import { answerOf, opening } from './corpus-frames.ts';
import { differences } from './differences.ts';
import { failed, MODEL } from './play.ts';
import { Score } from './score.ts';

// Failures that the rules were not written from, over a real connection and through the public client.

let server: RawServer;
const score = new Score();
beforeAll(async () => {
  server = await startRawServer();
});
afterAll(async () => {
  await server.close();
  console.log(score.summary());
});

function failedCall(entry: Entry, before: readonly (string | Uint8Array)[] = []): Promise<LLMError> {
  const { surface } = entry;
  if (surface === 'batch') throw new Error(`${entry.id} is no call`);
  return failed(server, { id: providerOf(entry), surface, origin: server.at(answerOf(entry, before)), clock: fakeClock(NOW) });
}

const named = ({ id, provider, expect: kind }: Entry): string => `${id} at ${provider} is ${kind}`;

describe('failures from the field over HTTP', () => {
  for (const entry of FIELD) {
    it(named(entry), async () => {
      const wrong = differences(entry, await failedCall(entry));
      score.add(entry, providerOf(entry), wrong.length === 0);
      expect(wrong.join('; ')).toBe('');
    });
  }

  it('each has a source and a name of its own', () => {
    const all = [...CORPUS, ...FIELD];
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
    for (const { source, evidence } of FIELD) {
      expect(source).not.toBe('');
      expect(evidence).toMatch(/^(?:recorded|pasted|documented|server-source|fixture|reconstructed)$/);
    }
  });
});

describe('the same answers to a call that asked for a stream', () => {
  for (const entry of FIELD.filter(({ surface, status }) => surface === 'chat' && status !== 200)) {
    it(named(entry), async () => {
      const answer = server.at(answerOf(entry));
      const error = await failed(server, { id: providerOf(entry), surface: 'stream', origin: answer, clock: fakeClock(NOW) });
      expect(differences(entry, error).join('; ')).toBe('');
    });
  }
});

describe('the same errors after content', () => {
  for (const entry of FIELD.filter(({ surface, status }) => surface === 'stream' && status === 200)) {
    it(named(entry), async () => {
      const error = await failedCall(entry, opening(providerOf(entry), MODEL));
      expect(error).toMatchObject({ partial: { content: 'one two three' } });
      expect(differences({ ...entry, retryable: error.retryable }, error).join('; ')).toBe('');
    });
  }
});
