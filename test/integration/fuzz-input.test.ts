import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ChatParamsStreaming, LLMClient } from '../../src/index.ts';
import { createClient, isLLMError } from '../../src/index.ts';
import { PROVIDERS } from '../../src/providers/registry.ts';
import type { MockServer } from '../../src/testing/index.ts';
import { startMockServer } from '../../src/testing/index.ts';
import { settingsAt } from '../support/provider-settings.ts';

/** Callers in JavaScript pass anything. What comes back is a result or a typed error that blames no connection. */
const RUNS = Number(process.env.FUZZ_RUNS ?? 40);
const SEED = Number(process.env.FUZZ_SEED ?? 20_261_121);

const good = (): Record<string, unknown> => ({
  messages: [
    { role: 'system', content: 's' },
    {
      role: 'user',
      content: [
        { type: 'text', text: 'x' },
        { type: 'image_url', image_url: { url: 'data:image/png;base64,aGk=', detail: 'low' } },
        { type: 'file', file: { file_data: 'data:application/pdf;base64,aGk=', filename: 'a.pdf' } },
      ],
    },
    {
      role: 'assistant',
      content: 'a',
      reasoning_content: 'r',
      thinking_blocks: [{ type: 'thinking', thinking: 't', signature: 's' }],
      tool_calls: [{ id: 'c1', type: 'function', function: { name: 'f', arguments: '{"a":1}' } }],
    },
    { role: 'tool', tool_call_id: 'c1', content: 'r' },
    { role: 'user', content: 'go' },
  ],
  tools: [
    {
      type: 'function',
      function: {
        name: 'f',
        parameters: { type: 'object', properties: { a: { type: 'string', enum: ['x'] } }, required: ['a'] },
        strict: true,
      },
    },
  ],
  tool_choice: { type: 'function', function: { name: 'f' } },
  response_format: { type: 'json_schema', json_schema: { name: 'n', schema: { type: 'object', properties: {} }, strict: true } },
  stop: ['a'],
  temperature: 1,
  top_p: 1,
  max_tokens: 10,
  max_completion_tokens: 20,
  n: 1,
  seed: 1,
  logit_bias: {},
  metadata: { a: 'b' },
  user: 'u',
  reasoning_effort: 'low',
  modalities: ['text'],
  audio: { voice: 'v', format: 'wav' },
  prediction: { type: 'content', content: 'x' },
  web_search_options: { user_location: { type: 'approximate', approximate: { city: 'Oslo' } } },
  parallel_tool_calls: true,
  stream_options: { include_usage: true },
  providerOptions: { anthropic: { thinking: { type: 'enabled', budget_tokens: 2000 }, betas: ['x'], tools: [] }, gemini: {} },
});

const junk = fc.anything({
  maxDepth: 2,
  withBigInt: true,
  withDate: true,
  withMap: true,
  withNullPrototype: true,
  withSet: true,
});

type Path = readonly string[];

function pathsIn(value: object, before: Path = []): Path[] {
  return Object.entries(value).flatMap(([key, member]: [string, unknown]) => {
    const path = [...before, key];
    return typeof member === 'object' && member !== null ? [path, ...pathsIn(member, path)] : [path];
  });
}

function put(target: object, path: Path, value: unknown): void {
  const [key = '', ...rest] = path;
  if (rest.length === 0) Reflect.set(target, key, value);
  else {
    const next: unknown = Reflect.get(target, key);
    if (typeof next === 'object' && next !== null) put(next, rest, value);
  }
}

/** A request of which one or two values are something else, with some of its other parameters left out. */
const params = fc
  .tuple(
    fc.array(fc.tuple(fc.constantFrom(...pathsIn(good())), junk), { minLength: 1, maxLength: 2 }),
    fc.subarray(Object.keys(good()).filter((name) => name !== 'messages')),
  )
  .map(([changes, left]) => {
    const request = good();
    const changed = new Set(changes.map(([[name]]) => name));
    for (const name of left) if (!changed.has(name)) delete request[name];
    for (const [path, value] of changes) put(request, path, value);
    // an answer of so many choices takes the mock server some time
    if (typeof request.n === 'number' && request.n > 3) request.n = 3;
    return request;
  });

const options = fc.oneof(
  { weight: 4, arbitrary: fc.constant(undefined) },
  {
    weight: 1,
    arbitrary: fc.dictionary(
      fc.constantFrom('signal', 'timeout', 'deadline', 'headers', 'fallbacks', 'metadata', 'maxRetries'),
      junk,
    ),
  },
);

const WAYS: Readonly<Record<string, (llm: LLMClient, params: never, options: never) => PromiseLike<unknown>>> = {
  create: ({ chat }, given, own) => chat.completions.create(given, own),
  streamed: async ({ chat }, given: object, own) => {
    for await (const _ of await chat.completions.create({ ...given, stream: true } as ChatParamsStreaming, own));
  },
  parse: ({ chat }, given, own) => chat.completions.parse(given, own),
  stream: ({ chat }, given, own) => chat.completions.stream(given, own).finalChatCompletion(),
  runTools: ({ chat }, given, own) => chat.completions.runTools(given, own).finalContent(),
};

const unhandled: unknown[] = [];
const onUnhandled = (reason: unknown): void => {
  unhandled.push(reason);
};
let mock: MockServer;
beforeAll(async () => {
  process.on('unhandledRejection', onUnhandled);
  mock = await startMockServer({ keepRequests: 0 });
});
afterAll(async () => {
  await mock.close();
  process.off('unhandledRejection', onUnhandled);
  expect(unhandled).toEqual([]);
});

const CHATTING = Object.keys(PROVIDERS).filter((id) => !['voyage', 'jina_ai'].includes(id));

describe('whatever a caller passes', () => {
  it.each(CHATTING)('%s gives a result or a typed error', async (id) => {
    const at = new URL(mock.baseURL(id));
    const settings = { ...settingsAt(id, at.origin, at.origin), baseURL: at.href };
    const keyed = id === 'watsonx' ? { ...settings, apiKey: undefined, token: 't' } : settings;
    const layers = { providers: { [id]: keyed }, use: [], deadline: 5000 };
    const clients = [createClient(layers), createClient({ ...layers, unsupportedParams: 'drop' })];
    const model = `${id}/${id === 'replicate' ? 'maker/model' : 'some-model'}`;
    const call = fc.tuple(fc.constantFrom(...Object.keys(WAYS)), fc.constantFrom(...clients), params, options);
    await fc.assert(
      fc.asyncProperty(call, async ([way, llm, given, own]) => {
        try {
          await WAYS[way]?.(llm, { ...given, model } as never, own as never);
        } catch (error) {
          if (!isLLMError(error)) throw error;
          expect(error.message).not.toContain('\n');
          expect(['connection', 'internal_server'], error.message).not.toContain(error.kind);
        }
      }),
      { numRuns: RUNS, seed: SEED },
    );
    await Promise.all(clients.map((llm) => llm.close()));
  });
});
