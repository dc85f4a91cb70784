import type { LLMClient } from 'holdfast';
import { createClient } from 'holdfast';
import { batchEngine } from 'holdfast/batches';
import type { MockServer } from 'holdfast/testing';
import { startMockServer } from 'holdfast/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rejection } from '../support/client.ts';

let mock: MockServer;
let llm: LLMClient;
beforeAll(async () => {
  mock = await startMockServer();
  const providers = { openai: { apiKey: 'k', baseURL: mock.baseURL('openai') } };
  llm = createClient({ providers, use: [], batches: batchEngine({ path: ':memory:' }) });
});
afterAll(async () => {
  await llm.close();
  await mock.close();
});

async function firstOf(lines: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of lines) return;
}

describe.each([{}, { provider: 'openai' }])('with %j', (whose) => {
  const asked: Readonly<Record<string, (id: never) => Promise<unknown>>> = {
    'files.retrieve': (id) => llm.files.retrieve(id, whose),
    'files.content': (id) => llm.files.content(id, whose),
    'files.delete': (id) => llm.files.delete(id, whose),
    'batches.retrieve': (id) => llm.batches.retrieve(id, whose),
    'batches.cancel': (id) => llm.batches.cancel(id, whose),
    'batches.results': (id) => firstOf(llm.batches.results(id, whose)),
  };

  it.each(Object.keys(asked))('%s wants an id', async (name) => {
    for (const id of [undefined, null, '', 5, {}, 10n ** 30n]) {
      const what = name.startsWith('files') ? 'file' : 'batch';
      const message = expect.stringContaining(`id: expected the id of a ${what}`);
      expect(await rejection(asked[name]?.(id as never) as Promise<unknown>)).toMatchObject({ kind: 'configuration', message });
    }
    expect(mock.requests).toEqual([]);
  });
});

it.each([
  [{ requests: 5 }, 'requests'],
  [{ requests: [], model: {} }, 'model'],
  [{ requests: [null] }, 'requests[0]'],
])('an order of a provider’s own batch, %j', async (order, param) => {
  const given = { provider: 'openai', endpoint: '/v1/chat/completions', ...order } as never;
  expect(await rejection(llm.batches.create(given))).toMatchObject({ kind: 'configuration', param });
});

it.each([undefined, null, '', 5])('facts of the model %j', async (model) => {
  const given = model as never;
  for (const asked of [
    llm.models.facts(given),
    llm.models.cost(given, { prompt_tokens: 1 }),
    llm.models.countTokens({ model: given }),
  ]) {
    expect(await rejection(asked)).toMatchObject({ kind: 'configuration', param: 'model' });
  }
});

it('a cost of no counts', async () => {
  const error = await rejection(llm.models.cost('openai/gpt-5-mini', null as never));
  expect(error).toMatchObject({ kind: 'configuration', param: 'usage' });
});
