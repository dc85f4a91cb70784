import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fakeClock } from '../../src/testing/fake-clock.ts';
import { NOW } from '../support/explain.ts';
import type { RawServer } from '../support/raw-server.ts';
import { startRawServer } from '../support/raw-server.ts';
import { FIELD, providerOf } from './corpus-entries.ts';
import { answerOf } from './corpus-frames.ts';
import { differences } from './differences.ts';
import { failed } from './play.ts';
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

describe('failures from the field over HTTP', () => {
  for (const entry of FIELD) {
    const id = providerOf(entry);
    it(`${entry.id} at ${id} is ${entry.expect}`, async () => {
      const { surface } = entry;
      if (surface === 'batch') throw new Error(`${entry.id} is no call`);
      const error = await failed(server, { id, surface, origin: server.at(answerOf(entry)), clock: fakeClock(NOW) });
      const wrong = differences(entry, error);
      score.add(entry, id, wrong.length === 0);
      expect(wrong.join('; ')).toBe('');
    });
  }

  it('names a source for each, and repeats none of the corpus', () => {
    expect(new Set(FIELD.map(({ id }) => id)).size).toBe(FIELD.length);
    for (const { source, evidence } of FIELD) {
      expect(source).not.toBe('');
      expect(evidence).toMatch(/^(?:recorded|pasted|documented|server-source|fixture|reconstructed)$/);
    }
  });
});
