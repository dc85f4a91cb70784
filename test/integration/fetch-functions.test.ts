import nodeFetch from 'node-fetch';
import { fetch as undiciFetch } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fault, reply } from '../../src/testing/index.ts';
import type { FetchFunction } from '../../src/wire/fetch-transport.ts';
import type { Chained } from '../support/chained.ts';
import { messages, FIRST as model, readAll, startChained } from '../support/chained.ts';
import { rejection } from '../support/client.ts';

let chained: Chained;
beforeAll(async () => {
  chained = await startChained();
});
afterAll(() => chained.close());

const text = 'one two';
const chunks = ['one', ' two'];

describe.each<[string, FetchFunction]>([
  ['Node', (url, init) => fetch(url, init)],
  ['undici', undiciFetch as unknown as FetchFunction],
  ['node-fetch', nodeFetch as unknown as FetchFunction],
])('the fetch of %s', (_name, fetch) => {
  const client = () => chained.client({ fetch: fetch as typeof globalThis.fetch, use: [] });

  it('carries a call with its headers', async () => {
    chained.mock.enqueue('openai', reply({ text }));
    const { data, response, request_id } = await client().chat.completions.create({ model, messages }).withResponse();
    expect(data.choices[0]?.message.content).toBe(text);
    expect(request_id).toBe(response.headers.get('x-request-id'));
    expect(request_id).toMatch(/./);
    expect(response.headers.getSetCookie()).toEqual([]);
  });

  it('carries a stream, and what came before a cut', async () => {
    chained.mock.enqueue('openai', reply({ text, chunks }));
    expect(await readAll(await client().chat.completions.create({ model, messages, stream: true }))).toEqual({ text });
    chained.mock.enqueue('openai', fault.cutAfter(1, { text, chunks }));
    const cut = await readAll(await client().chat.completions.create({ model, messages, stream: true }));
    expect(cut).toMatchObject({ text: 'one', error: { kind: 'stream_interrupted' } });
  });

  it('carries failures', async () => {
    chained.mock.enqueue('openai', fault.rateLimit({ retryAfterSeconds: 7 }));
    const error = await rejection(client().chat.completions.create({ model, messages }));
    expect(error).toMatchObject({ kind: 'rate_limit', status: 429, retryAfterMs: 7000 });
    chained.mock.enqueue('openai', fault.resetBeforeHeaders());
    expect(await rejection(client().chat.completions.create({ model, messages }))).toMatchObject({ kind: 'connection' });
  });
});

it('a fetch that has no stream for a body, as polyfills over XMLHttpRequest, gives the whole body', async () => {
  const polyfill = async (url: string, init: RequestInit): Promise<unknown> => {
    const response = await fetch(url, init);
    const { status, headers } = response;
    return { status, headers, arrayBuffer: () => response.arrayBuffer() };
  };
  const llm = chained.client({ fetch: polyfill as typeof globalThis.fetch, use: [] });
  chained.mock.enqueue('openai', reply({ text }), reply({ text, chunks }), fault.rateLimit(), fault.empty());
  expect((await llm.chat.completions.create({ model, messages })).choices[0]?.message.content).toBe(text);
  expect(await readAll(await llm.chat.completions.create({ model, messages, stream: true }))).toEqual({ text });
  expect(await rejection(llm.chat.completions.create({ model, messages }))).toMatchObject({ kind: 'rate_limit' });
  expect(await rejection(llm.chat.completions.create({ model, messages }))).toMatchObject({ kind: 'connection' });
});

it.each<[string, unknown]>([
  ['nothing', undefined],
  ['an object without headers', { ok: true, status: 200, json: () => ({}) }],
  ['a text for a body', { status: 200, headers: new Headers(), body: '{}' }],
  ['a body that cannot be read', { status: 200, headers: new Headers(), body: {} }],
])('a fetch that returns %s is a wrong option, asked once', async (_what, made) => {
  let asked = 0;
  const wrong = async (): Promise<unknown> => {
    asked++;
    return made;
  };
  const llm = chained.client({ fetch: wrong as typeof globalThis.fetch });
  const error = await rejection(llm.chat.completions.create({ model, messages }));
  expect(error).toMatchObject({ kind: 'configuration', code: 'invalid_option', param: 'fetch', provider: 'openai' });
  expect(String(error)).toContain('fetch did not return a Response');
  expect(asked).toBe(1);
});
