import { resolve } from 'node:path';
import { EdgeVM } from '@edge-runtime/vm';
import { build } from 'esbuild';
import { fault, reply, startMockServer } from 'holdfast/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** The root entry and the server's handler in a runtime that has `fetch` and nothing of Node. */
const ROOT = resolve(import.meta.dirname, '../..');
let mock: Awaited<ReturnType<typeof startMockServer>>;
let code = '';
let inputs: string[] = [];

beforeAll(async () => {
  mock = await startMockServer();
  const bundle = await build({
    stdin: {
      contents: "export * from './dist/index.js'; export { createHandler } from './dist/server.js'",
      resolveDir: ROOT,
      loader: 'js',
    },
    bundle: true,
    format: 'iife',
    globalName: 'holdfast',
    platform: 'browser',
    tsconfigRaw: {}, // the repository's own path mapping is not the package's
    conditions: ['worker', 'browser'],
    write: false,
    metafile: true,
    external: ['google-auth-library', '@aws-sdk/credential-provider-node', 'gpt-tokenizer'], // optional peers, not installed there
    logLevel: 'error',
  });
  code = bundle.outputFiles[0]?.text ?? '';
  inputs = Object.keys(bundle.metafile.inputs);
});
afterAll(() => mock.close());

describe("a runtime without Node's globals", () => {
  it('runs a call and a stream', async () => {
    mock.enqueue('anthropic', reply('From the edge'), reply({ text: 'piece by piece', chunks: 4 }));
    const vm = new EdgeVM();
    expect(vm.evaluate('[typeof process, typeof Buffer, typeof require].join()')).toBe('undefined,undefined,undefined');
    vm.evaluate(code);
    const result = await vm.evaluate(`(async () => {
      const llm = holdfast.createClient({ providers: { anthropic: { apiKey: 'k', baseURL: ${JSON.stringify(mock.baseURL('anthropic'))} } } });
      const ask = { model: 'anthropic/claude-sonnet-4-5', messages: [{ role: 'user', content: 'Hi' }] };
      const answer = await llm.chat.completions.create(ask);
      let text = '';
      for await (const chunk of await llm.chat.completions.create({ ...ask, stream: true })) text += chunk.choices[0]?.delta.content ?? '';
      const tokens = await llm.models.countTokens(ask);
      await llm.close();
      return JSON.stringify([answer.choices[0].message.content, text, answer.route.costUSD > 0, tokens]);
    })()`);
    expect(JSON.parse(result as string)).toEqual(['From the edge', 'piece by piece', true, 9]);
  });

  it('answers as an OpenAI-compatible server', async () => {
    mock.enqueue('anthropic', reply('From the edge'), reply({ text: 'piece by piece', chunks: 4 }), fault.unavailable());
    const vm = new EdgeVM();
    vm.evaluate(code);
    const result = await vm.evaluate(`(async () => {
      const llm = holdfast.createClient({ use: [], providers: { anthropic: { apiKey: 'k', baseURL: ${JSON.stringify(mock.baseURL('anthropic'))} } } });
      const handler = holdfast.createHandler(llm, { keys: ['of-the-edge'], models: { fast: 'anthropic/claude-sonnet-4-5' } });
      const ask = (body, authorization = 'Bearer of-the-edge') => handler(new Request('http://edge/v1/chat/completions', { method: 'POST', headers: { authorization }, body: JSON.stringify({ model: 'fast', messages: [{ role: 'user', content: 'Hi' }], ...body }) }));
      const answer = await (await ask({})).json();
      const stream = await (await ask({ stream: true })).text();
      const statuses = [(await ask({})).status, (await ask({}, 'Bearer of-nobody')).status, (await handler(new Request('http://edge/v1/files', { headers: { authorization: 'Bearer of-the-edge' } }))).status];
      await llm.close();
      return JSON.stringify([answer.choices[0].message.content, stream.trim().endsWith('data: [DONE]'), statuses]);
    })()`);
    expect(JSON.parse(result as string)).toEqual(['From the edge', true, [503, 401, 501]]);
  });

  it('carries nothing of Node', () => {
    expect(code).not.toMatch(/require\("node:|from ?"node:/);
    expect(inputs.filter((path) => /node_modules\/undici|\.node\.js$/.test(path))).toEqual([]);
    expect(inputs).not.toEqual([]);
  });
});
