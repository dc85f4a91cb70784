import { describe, expect, it } from 'vitest';
import type { ChatChunk } from '../../../src/contract/chat.ts';
import { ChatStreamDecoder } from '../../../src/dialects/openai/stream-decoder.ts';
import { callOf, contextOf } from '../../support/call.ts';
import { dataLines, decoded, delta } from './streamed.ts';

const OPENAI = `data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1794000000,"model":"gpt-5.4","choices":[{"index":0,"delta":{"role":"assistant","content":"","refusal":null},"logprobs":null,"finish_reason":null}],"usage":null,"obfuscation":"aB3"}
data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1794000000,"model":"gpt-5.4","choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":null}],"usage":null}
data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1794000000,"model":"gpt-5.4","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"call_a","type":"function","function":{"name":"get_weather","arguments":""}}]},"finish_reason":null}],"usage":null}
data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1794000000,"model":"gpt-5.4","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\\"city\\":\\"Oslo\\"}"}}]},"finish_reason":null}],"usage":null}
data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1794000000,"model":"gpt-5.4","choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}],"usage":null}
data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1794000000,"model":"gpt-5.4","choices":[],"usage":{"prompt_tokens":30,"completion_tokens":12,"total_tokens":42,"prompt_tokens_details":{"cached_tokens":0},"completion_tokens_details":{"reasoning_tokens":0}}}
data: [DONE]`;

const AZURE = `data: {"choices":[],"created":0,"id":"","model":"","object":"","prompt_filter_results":[{"prompt_index":0,"content_filter_results":{"hate":{"filtered":false,"severity":"safe"}}}]}
data: {"id":"chatcmpl-9","object":"chat.completion.chunk","created":1794000000,"model":"gpt-4.1-mini-2025-04-14","choices":[{"index":0,"delta":{"role":"assistant","content":"","refusal":null},"content_filter_results":{},"finish_reason":null,"logprobs":null}],"usage":null}
data: {"id":"chatcmpl-9","object":"chat.completion.chunk","created":1794000000,"model":"gpt-4.1-mini-2025-04-14","choices":[{"index":0,"delta":{"content":"Hello"},"content_filter_results":{"hate":{"filtered":false,"severity":"safe"}},"finish_reason":null}],"usage":null}
data: {"id":"chatcmpl-9","object":"chat.completion.chunk","created":1794000000,"model":"gpt-4.1-mini-2025-04-14","choices":[{"index":0,"delta":{},"content_filter_results":{},"finish_reason":"stop"}],"usage":null}
data: {"id":"","object":"","created":0,"model":"","choices":[{"index":0,"finish_reason":null,"content_filter_results":{"hate":{"filtered":false,"severity":"safe"}},"content_filter_offsets":{"check_offset":44,"start_offset":44,"end_offset":198}}],"usage":null}
data: {"id":"chatcmpl-9","object":"chat.completion.chunk","created":1794000000,"model":"gpt-4.1-mini-2025-04-14","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":1,"total_tokens":10}}
data: [DONE]`;

const VLLM = `data: {"id":"chatcmpl-v1","object":"chat.completion.chunk","created":1794000000,"model":"Qwen/Qwen3-8B","choices":[{"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}]}
data: {"id":"chatcmpl-v1","object":"chat.completion.chunk","created":1794000000,"model":"Qwen/Qwen3-8B","choices":[{"index":0,"delta":{"reasoning":"Need the tool."},"logprobs":null,"finish_reason":null}]}
data: {"id":"chatcmpl-v1","object":"chat.completion.chunk","created":1794000000,"model":"Qwen/Qwen3-8B","choices":[{"index":0,"delta":{"tool_calls":[{"id":"chatcmpl-tool-1","type":"function","index":0,"function":{"name":"get_weather"}}]},"logprobs":null,"finish_reason":null}]}
data: {"id":"chatcmpl-v1","object":"chat.completion.chunk","created":1794000000,"model":"Qwen/Qwen3-8B","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\\"city\\": \\"Oslo\\"}"}}]},"logprobs":null,"finish_reason":null}]}
data: {"id":"chatcmpl-v1","object":"chat.completion.chunk","created":1794000000,"model":"Qwen/Qwen3-8B","choices":[{"index":0,"delta":{"content":""},"logprobs":null,"finish_reason":"tool_calls","stop_reason":null}]}
data: {"id":"chatcmpl-v1","object":"chat.completion.chunk","created":1794000000,"model":"Qwen/Qwen3-8B","choices":[],"usage":{"prompt_tokens":160,"total_tokens":190,"completion_tokens":30}}
data: [DONE]`;

const OPENROUTER = `data: {"id":"gen-1","object":"chat.completion.chunk","created":1760000000,"model":"deepseek/deepseek-v3.2","provider":"Novita","choices":[{"index":0,"delta":{"role":"assistant","content":"Hel"},"finish_reason":null}]}
data: {"id":"gen-1","object":"chat.completion.chunk","created":1760000000,"model":"deepseek/deepseek-v3.2","choices":[{"index":0,"delta":{"content":""},"finish_reason":"error"}],"error":{"code":502,"message":"Provider disconnected","metadata":{"error_type":"provider_unavailable"}}}
data: [DONE]`;

describe.each([
  ['trusted', { trusted: true }],
  ['mended', {}],
])('the transcript of OpenAI, %s', (_, quirks) => {
  const result = decoded(dataLines(OPENAI), quirks);

  it('arrives as it was sent', () => {
    expect(result).toMatchObject({ text: 'Hi', finish: 'tool_calls', finished: true, done: true, error: undefined });
    expect(result.toolCalls).toEqual([{ id: 'call_a', name: 'get_weather', arguments: '{"city":"Oslo"}' }]);
    expect(result.chunks[1]).toMatchObject({
      id: 'chatcmpl-1',
      model: 'gpt-5.4',
      choices: [{ index: 0, delta: { content: 'Hi' } }],
    });
  });

  it('has its usage in one last chunk without choices', () => {
    expect(result.chunks.at(-1)).toMatchObject({ choices: [], usage: { prompt_tokens: 30, total_tokens: 42 } });
    expect(result.chunks.slice(0, -1).every((chunk) => chunk.usage === null)).toBe(true);
  });
});

describe.each([
  ['trusted', { trusted: true }],
  ['mended', {}],
])("Azure's odd chunks, %s", (_, quirks) => {
  const { chunks, text, finished, finish } = decoded(dataLines(AZURE), quirks);

  it('verdicts on the prompt come with the first real chunk', () => {
    expect(chunks[0]).toMatchObject({ id: 'chatcmpl-9', choices: [{ index: 0 }], prompt_filter_results: [{ prompt_index: 0 }] });
  });

  it('an annotation without delta gets one, and the head of the others', () => {
    expect(chunks[3]).toMatchObject({
      id: 'chatcmpl-9',
      object: 'chat.completion.chunk',
      created: 1794000000,
      model: 'gpt-4.1-mini-2025-04-14',
      choices: [{ delta: {}, content_filter_offsets: { check_offset: 44 } }],
    });
    expect({ text, finished, finish }).toEqual({ text: 'Hello', finished: true, finish: 'stop' });
  });
});

describe('reasoning', () => {
  it('is found under the name of newer vLLM', () => {
    const result = decoded(dataLines(VLLM));
    expect(result).toMatchObject({ reasoning: 'Need the tool.', finish: 'tool_calls', usage: { total_tokens: 190 } });
    expect(result.toolCalls).toEqual([{ id: 'chatcmpl-tool-1', name: 'get_weather', arguments: '{"city": "Oslo"}' }]);
    expect(JSON.stringify(result.chunks)).not.toContain('"reasoning"');
  });

  it.each([
    ['reasoning_content', { reasoning_content: 'hm' }],
    ['reasoning', { reasoning: 'hm' }],
    ['reasoning_text', { reasoning_text: 'hm' }],
    ['details with text', { reasoning_details: [{ type: 'reasoning.text', text: 'hm' }] }],
    ['details with a summary', { reasoning_details: [{ type: 'reasoning.summary', summary: 'hm' }] }],
    ['both names', { reasoning_content: 'hm', reasoning: 'hm' }],
    ['text and details', { reasoning: 'hm', reasoning_details: [{ type: 'reasoning.text', text: 'hm' }] }],
    ['a list of parts', { content: [{ type: 'reasoning', summary: [{ type: 'summary_text', text: 'hm' }] }] }],
  ])('%s: once', (_, fields) => {
    expect(decoded([delta(fields), delta({ content: 'x' }, 'stop')])).toMatchObject({ reasoning: 'hm', text: 'x' });
  });

  it('a repetition is dropped where the host is known for it', () => {
    const events = [delta({ reasoning_content: 'hm' }), delta({ reasoning_content: 'hm' }), delta({ content: 'x' }, 'stop')];
    expect(decoded(events, { repeatsReasoning: true }).reasoning).toBe('hm');
    expect(decoded(events).reasoning).toBe('hmhm');
  });
});

describe('usage', () => {
  const usage = { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 };

  it.each([
    ['on the last content chunk', [delta({ content: 'x' }, 'stop', { usage })]],
    ['cumulative', [delta({ content: 'x' }, null, { usage: { ...usage, completion_tokens: 1 } }), delta({}, 'stop', { usage })]],
    ['in x_groq', [delta({ content: 'x' }, 'stop', { x_groq: { id: 'req_1', usage } })]],
    ['in the first choice', [{ ...delta({}), choices: [{ index: 0, delta: { content: 'x' }, finish_reason: 'stop', usage }] }]],
    ['in a chunk without choices at all', [delta({ content: 'x' }, 'stop'), { id: 'c1', usage }]],
  ])('%s', (_, events) => {
    const { chunks } = decoded([...events, '[DONE]']);
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage });
    expect(chunks.filter((chunk) => chunk.usage)).toHaveLength(1);
  });

  it('is nowhere when the host sent none', () => {
    expect(decoded([delta({ content: 'x' }, 'stop'), '[DONE]']).chunks).toHaveLength(1);
  });

  it('reasoning that was counted beside the completion is added to it', () => {
    const details = { reasoning_tokens: 10 };
    const apart = { prompt_tokens: 5, completion_tokens: 2, total_tokens: 17, completion_tokens_details: details };
    const inside = { prompt_tokens: 5, completion_tokens: 12, total_tokens: 17, completion_tokens_details: details };
    for (const counts of [apart, inside]) {
      const { chunks } = decoded([delta({ content: 'x' }, 'stop', { usage: { ...counts } })]);
      expect(chunks.at(-1)?.usage).toMatchObject({ completion_tokens: 12, total_tokens: 17 });
    }
  });

  it("DeepSeek's cache hits are cached tokens", () => {
    const { chunks } = decoded([delta({ content: 'x' }, 'stop', { usage: { ...usage, prompt_cache_hit_tokens: 4 } })]);
    expect(chunks.at(-1)?.usage?.prompt_tokens_details?.cached_tokens).toBe(4);
  });
});

describe('tool calls of careless hosts', () => {
  const call = (part: object, finish: string | null = null): object => delta({ tool_calls: [part] }, finish);
  const f = (name: string | undefined, args?: unknown): object => ({ function: { name, arguments: args } });
  const expected = [
    { id: 'a', name: 'one', arguments: '{"x":1}' },
    { id: 'b', name: 'two', arguments: '{"y":2}' },
  ];

  it.each([
    [
      'no index, ids tell them apart',
      [
        call({ id: 'a', ...f('one', '{"x":') }),
        call({ id: 'a', ...f(undefined, '1}') }),
        call({ id: 'b', ...f('two', '{"y":2}') }),
      ],
    ],
    [
      'null index, later parts without id',
      [
        call({ index: null, id: 'a', ...f('one', '{"x":') }),
        call({ index: null, ...f(undefined, '1}') }),
        call({ index: null, id: 'b', ...f('two', '{"y":2}') }),
      ],
    ],
    [
      'always index 0',
      [
        call({ index: 0, id: 'a', ...f('one', '{"x":1}') }),
        call({ index: 0, id: 'b', ...f('two', '{"y":') }),
        call({ index: 0, ...f(undefined, '2}') }),
      ],
    ],
    [
      'id and name repeated',
      [
        call({ index: 0, id: 'a', ...f('one', '{"x":') }),
        call({ index: 0, id: 'a', ...f('one', '1}') }),
        call({ index: 1, id: 'b', ...f('two', '{"y":2}') }),
      ],
    ],
    [
      'empty ids and names later',
      [
        call({ index: 0, id: 'a', ...f('one', '{"x":') }),
        call({ index: 0, id: '', ...f('', '1}') }),
        call({ index: 1, id: 'b', ...f('two', '{"y":2}') }),
      ],
    ],
    [
      'arguments as objects',
      [call({ index: 0, id: 'a', ...f('one', { x: 1 }) }), call({ index: 1, id: 'b', ...f('two', { y: 2 }) })],
    ],
    [
      'indices that begin at 1',
      [call({ index: 1, id: 'a', ...f('one', '{"x":1}') }), call({ index: 2, id: 'b', ...f('two', '{"y":2}') })],
    ],
    [
      'both in one delta',
      [
        delta({
          tool_calls: [
            { id: 'a', ...f('one', '{"x":1}') },
            { id: 'b', ...f('two', '{"y":2}') },
          ],
        }),
      ],
    ],
  ])('%s', (_, events) => {
    const { toolCalls, chunks, finish } = decoded([...events, delta({}, 'stop')]);
    expect(toolCalls).toEqual(expected);
    expect(finish).toBe('tool_calls');
    const parts = chunks.flatMap((chunk) => chunk.choices[0]?.delta.tool_calls ?? []);
    expect(parts.filter((part) => part.id !== undefined)).toHaveLength(2);
    expect(parts.filter((part) => part.function?.name !== undefined)).toHaveLength(2);
    expect(parts.filter((part) => part.type !== undefined).every((part) => part.type === 'function')).toBe(true);
  });

  it('a call without id gets one, and a short one', () => {
    const { toolCalls } = decoded([call(f('one', '{}')), call(f('two', '{}')), delta({}, 'tool_calls')]);
    expect(toolCalls.map(({ name }) => name)).toEqual(['one', 'two']);
    expect(new Set(toolCalls.map(({ id }) => id)).size).toBe(2);
    for (const { id } of toolCalls) expect(id).toMatch(/^call_[0-9a-z]{19}$/);
  });

  it('an empty list is no call', () => {
    expect(decoded([delta({ content: 'x', tool_calls: [] }), delta({}, 'stop')])).toMatchObject({
      finish: 'stop',
      toolCalls: [],
    });
  });
});

describe('the end', () => {
  it.each([
    ['eos', 'stop'],
    ['COMPLETE', 'stop'],
    ['something_new', 'stop'],
    ['model_length', 'length'],
    ['sensitive', 'content_filter'],
  ])('%s reads as %s', (raw, finish) => {
    expect(decoded([delta({ content: 'x' }), delta({}, raw)])).toMatchObject({ finish, finished: true, done: false });
  });

  it.each(['error', 'network_error', 'insufficient_system_resource', 'abort'])('%s raises after the text', (raw) => {
    const result = decoded([delta({ content: 'a' }), delta({ content: 'b' }, raw)]);
    expect(result).toMatchObject({ text: 'ab', finish: undefined, finished: false, error: { kind: 'internal_server' } });
  });

  it('without a finish reason nothing is finished', () => {
    expect(decoded([delta({ content: 'x' })]).finished).toBe(false);
    expect(decoded(['[DONE]']).finished).toBe(false);
  });

  it('[DONE] after content is an end, and the reader gets a reason', () => {
    expect(decoded([delta({ content: 'x' }), '[DONE]'])).toMatchObject({ finished: true, finish: 'stop' });
    const call = delta({ tool_calls: [{ index: 0, id: 'a', function: { name: 'f', arguments: '{}' } }] });
    expect(decoded([call, '[DONE]'])).toMatchObject({ finished: true, finish: 'tool_calls' });
  });

  it('every choice must have ended', () => {
    const two = (index: number, finish: string | null): object => ({
      ...delta({}),
      choices: [{ index, delta: { content: 'x' }, finish_reason: finish }],
    });
    expect(decoded([two(0, null), two(1, null), two(0, 'stop')]).finished).toBe(false);
    expect(decoded([two(0, null), two(1, null), two(0, 'stop'), two(1, 'stop')]).finished).toBe(true);
  });
});

describe('errors in the stream', () => {
  it('come after what was delivered, with the status that they name', () => {
    const result = decoded(dataLines(OPENROUTER));
    expect(result.text).toBe('Hel');
    expect(result.error).toMatchObject({ details: { status: 502, body: { error: { message: 'Provider disconnected' } } } });
  });

  it('text in the same event is delivered', () => {
    const result = decoded([delta({ content: 'a' }), { ...delta({ content: 'b' }, 'error'), error: { message: 'x' } }]);
    expect(result.text).toBe('ab');
    expect(result.error).toBeDefined();
  });

  it.each([
    ['an object', { error: { message: 'x', code: 500 } }],
    ['a string', { error: 'x' }],
    ['xAI', { code: 'The service is currently unavailable', error: 'x' }],
    ['MiniMax', { base_resp: { status_code: 1002, status_msg: 'x' } }],
    ['Groq', { ...delta({}), x_groq: { error: 'x' } }],
    ['old vLLM', { object: 'error', message: 'x', code: 400 }],
    ['a type', { type: 'error', message: 'x' }],
    ['FastAPI', { detail: 'x' }],
    ['a named event', { event: 'error', data: { message: 'x' } }],
  ])('%s', (_, event) => {
    expect(decoded([delta({ content: 'a' }), event]).error).toMatchObject({ kind: 'internal_server' });
  });

  it('a good base_resp is none', () => {
    expect(decoded([delta({ content: 'a' }, 'stop', { base_resp: { status_code: 0 } })]).error).toBeUndefined();
  });

  it('a broken event is not the protocol', () => {
    expect(decoded(['{"choices":[']).error).toMatchObject({ kind: 'response_validation' });
    expect(decoded(['<html>']).error).toMatchObject({ kind: 'response_validation' });
  });
});

describe('noise', () => {
  it.each([
    ['ping'],
    [''],
    [' '],
    ['null'],
    [{ event: 'hook_results', data: { before: [] } }],
    [{ type: 'ping' }],
    [{ id: 'x' }],
  ])('%o is passed over', (noise) => {
    const { text, error, finished } = decoded([noise, delta({ content: 'x' }), noise, delta({}, 'stop'), noise, '[DONE]']);
    expect({ text, error, finished }).toEqual({ text: 'x', error: undefined, finished: true });
  });

  it('missing heads are filled, the same in every chunk', () => {
    const bare = (fields: object, finish: string | null = null): object => ({
      choices: [{ delta: fields, finish_reason: finish }],
    });
    const { chunks } = decoded([bare({ content: 'x' }), bare({}, 'stop')]);
    for (const chunk of chunks) {
      expect(chunk).toMatchObject({
        id: 'chatcmpl-test-call',
        object: 'chat.completion.chunk',
        model: 'gpt-5-mini',
        created: 1767323045,
      });
      expect(chunk.choices[0]?.index).toBe(0);
    }
  });

  it('the whole message that MiniMax repeats at the end is dropped', () => {
    const last = {
      ...delta({}),
      object: 'chat.completion',
      choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'whole' } }],
    };
    const result = decoded([delta({ content: 'who' }), delta({ content: 'le' }), last]);
    expect(result).toMatchObject({ text: 'whole', finish: 'stop' });
    expect(decoded([last]).text).toBe('whole');
  });

  it.each([[5], ['x'], [null], [[]], [{}]])('%o in every place of a chunk breaks nothing', (odd) => {
    const shapes = [
      { choices: [odd] },
      { ...delta({}), choices: [{ index: odd, delta: odd, finish_reason: null }] },
      { ...delta({}), id: odd, created: odd, model: odd, usage: odd },
      delta({ content: odd }),
      delta({ reasoning_content: odd, reasoning: odd, reasoning_details: odd }),
      delta({ tool_calls: odd }),
      delta({ tool_calls: [odd] }),
      delta({ tool_calls: [{ index: odd, id: odd, function: odd }] }),
      delta({ tool_calls: [{ index: 0, function: { name: odd, arguments: odd } }] }),
    ];
    for (const shape of shapes) {
      const { error } = decoded([shape, delta({ content: 'x' }, 'stop')]);
      if (error !== undefined) expect(error, JSON.stringify(shape)).toHaveProperty('kind');
    }
  });
});

describe('a whole answer to a stream request', () => {
  const whole = (body: unknown): { chunks: ChatChunk[]; decoder: ChatStreamDecoder } => {
    const decoder = new ChatStreamDecoder(contextOf(callOf('stream', { messages: [] })), {});
    const chunks: ChatChunk[] = [];
    decoder.whole(body, chunks);
    decoder.end(chunks);
    return { chunks, decoder };
  };

  it('is told in chunks', () => {
    const { chunks, decoder } = whole({
      id: 'c',
      choices: [
        {
          message: { content: 'Hi', reasoning: 'hm', tool_calls: [{ function: { name: 'f', arguments: { a: 1 } } }] },
          finish_reason: 'stop',
        },
      ],
      usage: { prompt_tokens: 1, completion_tokens: 2 },
    });
    expect(chunks.map((chunk) => chunk.choices[0])).toMatchObject([
      {
        delta: {
          content: 'Hi',
          reasoning_content: 'hm',
          tool_calls: [{ index: 0, function: { name: 'f', arguments: '{"a":1}' } }],
        },
      },
      { delta: {}, finish_reason: 'tool_calls' },
      undefined,
    ]);
    expect(chunks.at(-1)?.usage).toMatchObject({ total_tokens: 3 });
    expect(decoder).toMatchObject({ finished: true, done: true });
  });

  it('raises when it is an error', () => {
    expect(() => whole({ code: 'x', error: 'The service is currently unavailable' })).toThrow(
      expect.objectContaining({ kind: 'internal_server' }),
    );
    expect(() => whole({ hello: 1 })).toThrow(expect.objectContaining({ kind: 'response_validation' }));
  });
});

it('a role that a host leaves out is told once for each choice', () => {
  const of = (index: number, delta: object): object => ({ choices: [{ index, delta, finish_reason: null }] });
  const { chunks } = decoded([of(0, { content: 'a' }), of(1, { role: null, content: 'b' }), of(0, { content: 'c' })]);
  expect(chunks.map(({ choices }) => choices[0]?.delta.role)).toEqual(['assistant', 'assistant', undefined]);
});
