import { APIConnectionError, ConfigurationError, createClient, defineProvider, isLLMError } from 'holdfast';
import type { MockServer } from 'holdfast/testing';
import { startMockServer } from 'holdfast/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rejection } from '../support/client.ts';

const MODELS = [
  'openai/gpt-5-mini',
  'anthropic/claude-sonnet-4-5',
  'gemini/gemini-2.5-flash',
  'ollama/llama3.2',
  'bedrock/anthropic.claude-sonnet-4-5',
  'cohere/command-r',
  'mistral/mistral-small-latest',
  'cloudflare/@cf/meta/llama-3',
] as const;

const HELLO = { role: 'user', content: 'hi' };

let mock: MockServer;
beforeAll(async () => {
  mock = await startMockServer();
});
afterAll(() => mock.close());

async function refused(model: string, params: object): Promise<unknown> {
  const [id = ''] = model.split('/');
  const settings = { apiKey: 'k', baseURL: mock.baseURL(id), region: 'us-east-1', accountId: 'a' };
  await using llm = createClient({ providers: { [id]: settings }, use: [] });
  return await llm.chat.completions.create({ model, messages: [HELLO], ...params } as never).then(
    () => undefined,
    (error: unknown) => error,
  );
}

/** The compiler refuses these; a program in JavaScript, or one that got them from elsewhere, does not know. */
const MALFORMED: readonly [what: string, params: object, path: string][] = [
  [
    'a tool call without a function',
    { messages: [HELLO, { role: 'assistant', tool_calls: [{ id: 'x' }] }] },
    'messages[1].tool_calls[0]',
  ],
  ['tool calls that are no list', { messages: [HELLO, { role: 'assistant', tool_calls: 5 }] }, 'messages[1].tool_calls'],
  ['a tool result without its call', { messages: [HELLO, { role: 'tool', content: 'x' }] }, 'messages[1].tool_call_id'],
  ['a format that is a word', { response_format: 'json' }, 'response_format'],
  ['a format without its schema', { response_format: { type: 'json_schema' } }, 'response_format.json_schema'],
  ['a part that is null', { messages: [{ role: 'user', content: [null] }] }, 'messages[0].content[0]'],
  ['a number for a stop', { stop: 5 }, 'stop'],
];

describe.each(MODELS)('a request of another shape, to %s', (model) => {
  it.each(MALFORMED)('%s is named by its path, or left to the provider', async (_, params, path) => {
    const error = await refused(model, params);
    const kind = isLLMError(error) ? error.kind : error;
    expect([undefined, 'configuration', 'bad_request', 'unsupported_params']).toContain(kind);
    expect(isLLMError(error, 'configuration') ? error.param : path).toBe(path);
  });
});

describe('the path and what would be right', () => {
  it.each([
    [MALFORMED[0], 'messages[1].tool_calls[0]: expected an object with "function.name"'],
    [MALFORMED[2], 'messages[1].tool_call_id: expected the id of a tool call'],
    [MALFORMED[4], 'response_format.json_schema: expected an object with "name" and "schema"'],
    [MALFORMED[6], 'stop: expected a text or an array of texts, got 5'],
  ] as const)('%s', async (malformed, words) => {
    const error = await refused('anthropic/claude-sonnet-4-5', malformed?.[1] ?? {});
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(error).toMatchObject({
      message: `anthropic/claude-sonnet-4-5: configuration: ${words}`,
      attempts: [],
    });
  });

  it('a provider of one’s own that breaks on a good request has broken by itself', async () => {
    const own = defineProvider({
      id: 'own',
      create: ({ id, connect }) => {
        const chat = async (): Promise<never> => JSON.parse('{') as never;
        return { id, wire: connect({ baseURL: 'http://127.0.0.1:9', secrets: [] }), operations: { chat } };
      },
    });
    await using llm = createClient({ providers: { own }, use: [] });
    const error = await rejection(llm.chat.completions.create({ model: 'own/x', messages: [{ role: 'user', content: 'hi' }] }));
    expect(error).toBeInstanceOf(APIConnectionError);
    expect(error).toMatchObject({ retryable: false, cause: expect.any(SyntaxError) });
  });
});
