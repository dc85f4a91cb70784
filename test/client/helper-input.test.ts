import type { LLMClient } from 'holdfast';
import { ConfigurationError, createClient, ResponseValidationError } from 'holdfast';
import type { MockServer } from 'holdfast/testing';
import { reply, startMockServer } from 'holdfast/testing';
import { zodFunction, zodResponseFormat } from 'openai/helpers/zod';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { rejection } from '../support/client.ts';

let mock: MockServer;
let llm: LLMClient;
beforeAll(async () => {
  mock = await startMockServer();
  llm = createClient({ providers: { openai: { apiKey: 'k', baseURL: mock.baseURL('openai') } }, use: [] });
});
afterAll(async () => {
  await llm.close();
  await mock.close();
});

const ask = { model: 'openai/gpt-5-mini', messages: [{ role: 'user' as const, content: 'hi' }] };
const run = () => 'x';
const tool = { type: 'function' as const, function: { name: 'f', function: run, parameters: { type: 'object' } } };

/** The same twice: the helpers are loaded at the first use, and are there at the second. */
const HELPERS: readonly [name: string, start: (params: object, options?: object) => { done(): Promise<void> }][] = [
  ['stream', (params, options) => llm.chat.completions.stream({ ...ask, ...params }, options)],
  ['runTools', (params, options) => llm.chat.completions.runTools({ ...ask, tools: [tool], ...params } as never, options)],
  [
    'runTools, streamed',
    (params, options) => llm.chat.completions.runTools({ ...ask, tools: [tool], ...params, stream: true } as never, options),
  ],
];

describe.each([...HELPERS, ...HELPERS])('%s', (_name, start) => {
  it.each([
    [{ messages: [] }, 'messages'],
    [{ messages: [{ role: 'assistant', tool_calls: [{}] }] }, 'messages[0].tool_calls[0]'],
    [{ tools: 5 }, 'tools'],
    [{ tools: [null] }, 'tools[0]'],
    [{ tool_choice: { type: 'function' } }, 'tool_choice.function.name'],
    [{ response_format: 'json' }, 'response_format'],
    [{ n: 2 }, 'n'],
  ])('%j is refused before anything is sent', async (params, param) => {
    const before = mock.requests.length;
    const error = await rejection(start(params).done());
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(error).toMatchObject({ param, code: 'wrong_argument', retryable: false });
    expect(mock.requests).toHaveLength(before);
  });

  it.each([
    [{ signal: {} }, 'options.signal'],
    [{ maxRetry: 1 }, 'options.maxRetry'],
  ])('options %j too', async (options, param) => {
    expect(await rejection(start({}, options).done())).toMatchObject({ kind: 'configuration', param });
  });

  it('an answer that does not fit the format is told in our words', async () => {
    const response_format = zodResponseFormat(z.object({ city: z.string() }), 'place');
    for (const [text, words] of [
      ['Oslo', 'the answer does not fit the schema: it is not JSON'],
      ['{"city":5}', 'the answer does not fit the schema: city: Invalid input: expected string, received number'],
    ] as const) {
      mock.enqueue('openai', reply(text));
      const error = await rejection(start({ response_format }).done());
      expect(error).toBeInstanceOf(ResponseValidationError);
      expect(error).toMatchObject({ reason: words, provider: 'openai', model: 'gpt-5-mini', attempts: [{ outcome: 'success' }] });
    }
    expect(JSON.stringify(mock.requests.at(-1)?.body)).not.toContain('parseRaw');
  });
});

it.each(HELPERS.slice(1))(
  '%s takes a tool that goes by the name of its function, and one that is no function',
  async (_name, start) => {
    const named = (): string => 'x';
    const tools = [
      { type: 'function', function: { function: named, parameters: {} } },
      { type: 'custom', custom: { name: 'c' } },
    ];
    await start({ tools }).done();
    expect(mock.requests.at(-1)?.body).toMatchObject({ tools: [{ function: { name: 'named' } }, { type: 'custom' }] });
  },
);

it('what a function of the user’s own throws stays what it is', async () => {
  const thrown = new SyntaxError('mine');
  const broken = zodFunction({
    name: 'f',
    parameters: z.object({}),
    function: () => {
      throw thrown;
    },
  });
  mock.enqueue('openai', reply({ toolCalls: [{ name: 'f', arguments: {} }] }));
  const error = await rejection(llm.chat.completions.runTools({ ...ask, tools: [broken] }).done());
  expect(error).not.toBeInstanceOf(ResponseValidationError);
  expect((error as Error).cause).toBe(thrown);
});
