import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LLMClient } from '../../src/index.ts';
import { createClient } from '../../src/index.ts';
import type { MockServer, Reply } from '../../src/testing/index.ts';
import { reply, startMockServer } from '../../src/testing/index.ts';
import type { Account } from '../support/agreement/account.ts';
import { OFFICIAL } from '../support/agreement/official.ts';
import type { Said } from '../support/conformance/reading.ts';
import { read, saidBy } from '../support/conformance/reading.ts';

const ANSWERS: Readonly<Record<string, Reply>> = {
  'a short text': reply('Hello.'),
  'a text of many scripts and signs': reply('Grüße, 世界 👩‍👩‍👧: "quoted", \\ back, \u2028 line,\ttab\nand <b>&amp;</b>'),
  'a text that was cut off': reply({ text: 'Once upon a', finishReason: 'length' }),
  'reasoning, cached tokens, reasoning tokens': reply({
    text: 'Four.',
    reasoning: 'Two and two\nmake…',
    usage: { promptTokens: 2100, completionTokens: 130, cachedTokens: 2048, reasoningTokens: 100 },
  }),
  'one tool call': reply({
    toolCalls: [
      { id: 'call_1', name: 'get_weather', arguments: { city: 'Tromsø', days: [1, 2.5, -3e-7], deep: { a: null, b: [{}] } } },
    ],
    usage: { promptTokens: 40, completionTokens: 17 },
  }),
  'two tool calls after text and reasoning': reply({
    text: 'Looking it up.',
    reasoning: 'Both are needed.',
    toolCalls: [
      { id: 'call_1', name: 'get_weather', arguments: { city: '"Å"' } },
      { id: 'call_2', name: 'get_time', arguments: {} },
    ],
    usage: { promptTokens: 40, completionTokens: 30, cachedTokens: 10, reasoningTokens: 12 },
  }),
};

let mock: MockServer;
let llm: LLMClient;
beforeAll(async () => {
  mock = await startMockServer();
  const settings = Object.keys(OFFICIAL).map((id) => [id, { apiKey: 'test', baseURL: mock.baseURL(id) }]);
  llm = createClient({ use: [], providers: Object.fromEntries(settings) });
});
afterAll(async () => {
  await llm.close();
  await mock.close();
});

const accountOf = ({ content, reasoning, calls, finish, usage }: Said): Account => ({
  text: content,
  reasoning,
  calls,
  finish,
  usage: {
    prompt: usage?.prompt_tokens,
    completion: usage?.completion_tokens,
    cached: usage?.prompt_tokens_details?.cached_tokens ?? 0,
    reasoning: usage?.completion_tokens_details?.reasoning_tokens ?? 0,
  },
});

describe.each(Object.keys(OFFICIAL))('%s and its official client', (provider) => {
  const tools = ['get_weather', 'get_time'].map((name) => ({
    type: 'function' as const,
    function: { name, parameters: { type: 'object', properties: { city: { type: 'string' } } } },
  }));
  const request = { model: `${provider}/m`, messages: [{ role: 'user' as const, content: 'Weather in Tromsø?' }], tools };

  it.each(Object.entries(ANSWERS))('agree on %s', async (_, answer) => {
    const official = OFFICIAL[provider]?.(mock.baseURL(provider));
    if (official === undefined) throw new Error('no official client');
    mock.enqueue(provider, answer, answer, answer, answer);
    const theirs = await official.whole();
    expect(accountOf(saidBy(await llm.chat.completions.create(request)))).toEqual(theirs);
    const theirStream = await official.streamed();
    const { error, ...ours } = await read(await llm.chat.completions.create({ ...request, stream: true }));
    expect(error).toBeUndefined();
    expect(accountOf(ours)).toEqual(theirStream);
    expect(theirStream).toEqual(theirs);
    expect(theirs).toMatchObject({ text: answer.content.text, finish: answer.content.finishReason });
  });
});
