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
  const { surface, status, model = MODEL } = entry;
  if (surface === 'batch') throw new Error(`${entry.id} is no call`);
  const surfaces = surface === 'chat' && status !== 200 ? ([surface, 'stream'] as const) : [surface];
  const wrong = surfaces.map(async (asked) => {
    const scene = { id: providerOf(entry), origin: server.at(answerOf(entry)), surface: asked, model, clock: fakeClock(NOW) };
    const differs = differences(entry, await failed(server, scene));
    const body = JSON.stringify(entry.body).slice(0, 160);
    return differs.length === 0 ? [] : [`${entry.id} asked as ${asked}: ${differs.join('; ')} for ${body}`];
  });
  return (await Promise.all(wrong)).flat();
}

const providers = [...new Set(SHEETS.map(providerOf))];

describe('tables of errors over HTTP', () => {
  it.each(providers)('%s', async (id) => {
    const rows = SHEETS.filter((entry) => providerOf(entry) === id);
    expect(await wrongAmong(rows, wrongIn)).toEqual([]);
  });
});
