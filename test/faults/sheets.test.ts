import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fakeClock } from '../../src/testing/fake-clock.ts';
import { NOW } from '../support/explain.ts';
import type { RawServer } from '../support/raw-server.ts';
import { startRawServer } from '../support/raw-server.ts';
import type { Entry } from './corpus-entries.ts';
import { providerOf, SHEETS } from './corpus-entries.ts';
import { answerOf } from './corpus-frames.ts';
import { differences } from './differences.ts';
import { failed, MODEL, wrongAmong } from './play.ts';

// The providers' own tables of errors, row by row: class, wait, code and request id of what each row says.

let server: RawServer;
beforeAll(async () => {
  server = await startRawServer();
});
afterAll(() => server.close());

async function wrongIn(entry: Entry): Promise<string[]> {
  const { surface, model = MODEL } = entry;
  if (surface === 'batch') throw new Error(`${entry.id} is no call`);
  const scene = { id: providerOf(entry), origin: server.at(answerOf(entry)), surface, model, clock: fakeClock(NOW) };
  const wrong = differences(entry, await failed(server, scene));
  return wrong.length === 0 ? [] : [`${entry.id}: ${wrong.join('; ')} for ${JSON.stringify(entry.body).slice(0, 160)}`];
}

const providers = [...new Set(SHEETS.map(providerOf))];

describe('tables of errors over HTTP', () => {
  it.each(providers)('%s', async (id) => {
    const rows = SHEETS.filter((entry) => providerOf(entry) === id);
    expect(await wrongAmong(rows, wrongIn)).toEqual([]);
  });
});
