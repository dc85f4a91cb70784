import Anthropic from '@anthropic-ai/sdk';
import { GoogleGenAI } from '@google/genai';
import { CohereClient } from 'cohere-ai';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ClientOptions, LLMClient } from '../../src/index.ts';
import { createClient, isLLMError, retry } from '../../src/index.ts';
import type { MockServer } from '../../src/testing/index.ts';
import { fakeClock, fault, reply, startMockServer } from '../../src/testing/index.ts';
import { rejection } from '../support/client.ts';
import { settingsAt } from '../support/provider-settings.ts';
import { bodyOf, httpServer } from '../wire/loopback.ts';

const COUNT = 2100;
const models = Array.from({ length: COUNT }, (_, index) => `model-${index}`);
/** Providers whose lists have pages, and the largest page that each gives. */
const PAGED = [
  ['anthropic', 1000],
  ['cloudflare', 100],
  ['cohere', 1000],
  ['cohere_chat', 1000],
  ['gemini', 1000],
  ['watsonx', 200],
] as const;

let mock: MockServer;
beforeAll(async () => {
  mock = await startMockServer({ models });
});
afterAll(() => mock.close());

const clients: LLMClient[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) await client.close();
});

function clientAt(id: string, options: ClientOptions = {}, baseURL?: string): LLMClient {
  const settings = settingsAt(id, new URL(mock.baseURL(id)).origin, '');
  const client = createClient({
    use: [],
    ...options,
    providers: { [id]: { ...settings, baseURL: baseURL ?? mock.baseURL(id), ...(id === 'watsonx' ? { token: 'test' } : {}) } },
  });
  clients.push(client);
  return client;
}

const askedOf = (id: string): number => mock.requests.filter(({ provider }) => provider === id).length;

describe('a list of models in pages', () => {
  it.each(PAGED)('%s: is whole, of pages of %i, in one attempt', async (id, size) => {
    const llm = clientAt(id);
    const before = askedOf(id);
    const { data, route } = await llm.models.list({ provider: id });
    expect(data.map((model) => model.id)).toEqual(models);
    expect(askedOf(id) - before).toBe(Math.ceil(COUNT / size));
    expect(route.attempts).toMatchObject([{ outcome: 'success', status: 200 }]);
    expect(route.warnings).toEqual([]);
  });

  it('is iterated as in openai, awaited or not', async () => {
    const llm = clientAt('gemini');
    const awaited: string[] = [];
    for await (const model of await llm.models.list({ provider: 'gemini' })) awaited.push(model.id);
    const direct: string[] = [];
    for await (const model of llm.models.list({ provider: 'gemini' })) direct.push(model.id);
    expect(awaited).toEqual(models);
    expect(direct).toEqual(models);
    const page = await llm.models.list({ provider: 'gemini' });
    expect([page.hasNextPage(), page.getPaginatedItems().length, page.first_id]).toEqual([false, COUNT, 'model-0']);
    await expect(page.getNextPage()).rejects.toThrow('No next page expected');
    const anthropic = clientAt('anthropic');
    const { data, request_id } = await anthropic.models.list({ provider: 'anthropic' }).withResponse();
    expect(data.data).toHaveLength(COUNT);
    expect(request_id).toMatch(/^req_/);
  });

  it('is the same that the official clients page through', async () => {
    const ids: string[] = [];
    for await (const { id } of new Anthropic({ apiKey: 'test', baseURL: mock.baseURL('anthropic') }).models.list()) ids.push(id);
    expect(ids).toEqual(models);

    const names: (string | undefined)[] = [];
    const genai = new GoogleGenAI({ apiKey: 'test', httpOptions: { baseUrl: mock.baseURL('gemini') } });
    for await (const { name } of await genai.models.list({ config: { pageSize: 300 } })) names.push(name);
    expect(names).toEqual(models.map((id) => `models/${id}`));

    const cohere = new CohereClient({ token: 'test', baseUrl: mock.baseURL('cohere') });
    const first = await cohere.models.list({ pageSize: 1000 });
    const second = await cohere.models.list({ pageSize: 1000, pageToken: first.nextPageToken ?? '' });
    expect([...first.models, ...second.models].map(({ name }) => name)).toEqual(models.slice(0, 2000));
  });

  it('begins anew after a page that failed', async () => {
    mock.enqueue('gemini', reply(), fault.unavailable());
    const { data, route } = await clientAt('gemini', { use: [retry({ minDelay: 1 })] }).models.list({ provider: 'gemini' });
    expect(data.map(({ id }) => id)).toEqual(models);
    expect(route.attempts.map(({ outcome }) => outcome)).toEqual(['service_unavailable', 'success']);
  });

  it.each(PAGED)('%s: ends between two pages with the signal', async (id) => {
    const leaving = new AbortController();
    const llm = clientAt(id, { on: { 'call-ended': ({ outcome }) => outcomes.push(outcome) } });
    const outcomes: string[] = [];
    mock.enqueue(id, reply(), reply({ delayMs: 60_000 }));
    const before = askedOf(id);
    const listing = rejection(llm.models.list({ provider: id }, { signal: leaving.signal }));
    await expect.poll(() => askedOf(id) - before).toBe(2);
    leaving.abort();
    expect(isLLMError(await listing, 'aborted')).toBe(true);
    expect(outcomes).toEqual(['aborted']);
  });

  it('shares the deadline and the limit of one attempt', async () => {
    const clock = fakeClock();
    await using slow = await startMockServer({ models, clock, answer: reply({ delayMs: 400 }) });
    const llm = clientAt('gemini', { clock }, slow.baseURL('gemini'));
    for (const [options, phase] of [
      [{ deadline: 1000 }, 'deadline'],
      [{ timeout: 1000 }, 'attempt'],
    ] as const) {
      const before = slow.requests.length;
      const listing = rejection(llm.models.list({ provider: 'gemini' }, options));
      await clock.advance(1500);
      expect(await listing).toMatchObject({ kind: 'timeout', phase });
      expect(slow.requests.length - before).toBe(3);
    }
  });
});

/** A server whose lists never end: `mark` says where the page after this request begins. */
async function endless(mark: (count: number) => string) {
  let count = 0;
  const server = await httpServer(async (request, response) => {
    await bodyOf(request);
    count++;
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ models: [{ name: `models/m${count % 2}` }], nextPageToken: mark(count) }));
  });
  return { ...server, count: () => count };
}

describe('a list that does not end', () => {
  it('is left at a mark that was read before, with a warning', async () => {
    const server = await endless((count) => `page-${count % 2}`);
    const { data, route } = await clientAt('gemini', {}, server.origin).models.list({ provider: 'gemini' });
    expect(data.map(({ id }) => id)).toEqual(['m1', 'm0']);
    expect(route.warnings).toEqual(["gemini's list of models has no end; what follows the first 2 is left out"]);
    expect(server.count()).toBe(3);
    await server.close();
  });

  it('is left after a hundred pages', async () => {
    const server = await endless(String);
    const { route } = await clientAt('gemini', {}, server.origin).models.list({ provider: 'gemini' });
    expect(route.warnings).toHaveLength(1);
    expect(server.count()).toBe(100);
    await server.close();
  });
});
