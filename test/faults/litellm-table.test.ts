import { APIError } from 'openai/core/error';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LLMError } from '../../src/index.ts';
import { PROVIDERS } from '../../src/providers/registry.ts';
import type { RawServer } from '../support/raw-server.ts';
import { startRawServer } from '../support/raw-server.ts';
import { answerOf } from './corpus-frames.ts';
import type { Column, Proof, Row } from './litellm-table.ts';
import { COLUMNS, proofOf, TABLE } from './litellm-table.ts';
import { failed } from './play.ts';

// For every provider and every column of LiteLLM's table, an answer that raises our class for it, over HTTP.

let server: RawServer;
beforeAll(async () => {
  server = await startRawServer();
});
afterAll(() => server.close());

const NAMES = Object.keys(COLUMNS) as Column[];
const isThere = ({ id }: Row): boolean => Object.hasOwn(PROVIDERS, id);

function play({ id }: Row, { entry, said }: Proof): Promise<LLMError> {
  if (entry !== undefined && entry.surface !== 'batch')
    return failed(server, { id, surface: entry.surface, origin: server.at(answerOf(entry)) });
  const { status = 0, body, headers } = said ?? {};
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const type = typeof body === 'string' ? 'text/html' : 'application/json';
  const origin = server.at({ status, headers: { 'content-type': type, ...headers }, body: text });
  return failed(server, { id, surface: 'chat', origin });
}

describe("LiteLLM's table of exceptions", () => {
  it('has the 24 rows that LiteLLM documents, all of them providers here', () => {
    expect(TABLE.map(({ litellm }) => litellm)).toHaveLength(24);
    expect(new Set(TABLE.map(({ id }) => id)).size).toBe(24);
  });

  it.each(TABLE)('$litellm: every column has an answer or a reason to be empty', (row) => {
    const without = NAMES.filter((column) => proofOf(row, column) === undefined);
    expect(without.sort()).toEqual([...row.never].sort());
    expect(row.marked.filter((column) => row.never.includes(column))).toEqual([]);
  });

  for (const row of TABLE.filter(isThere)) {
    for (const column of NAMES) {
      const proof = proofOf(row, column);
      if (proof === undefined) continue;
      const { ours } = COLUMNS[column];
      it(`${row.id} raises ${ours}`, async () => {
        const error = await play(row, proof);
        expect({ name: error.name, provider: error.llmProvider, message: error.message }).toMatchObject({
          name: ours,
          provider: row.id,
        });
        expect(error).toBeInstanceOf(APIError);
      });
    }
  }

  it('is played for every provider that the registry has', () => {
    const missing = TABLE.filter((row) => !isThere(row)).map(({ id }) => id);
    if (missing.length > 0) console.log(`rows that the registry does not have yet: ${missing.join(', ')}`);
    expect(missing.filter((id) => Object.hasOwn(PROVIDERS, id))).toEqual([]);
  });
});
