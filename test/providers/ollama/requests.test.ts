import { describe, expect, it } from 'vitest';
import type { CallOptions, RequestOf } from '../../../src/contract/call.ts';
import type { ChatRequest } from '../../../src/contract/chat.ts';
import { ConfigurationError } from '../../../src/errors/setup-errors.ts';
import { encodeEmbed } from '../../../src/providers/ollama/embeddings.ts';
import { chatEncoder } from '../../../src/providers/ollama/encode.ts';
import { completionEncoder } from '../../../src/providers/ollama/generate.ts';
import type { TestCall } from '../../support/call.ts';
import { callOf } from '../../support/call.ts';

const USER = [{ role: 'user' as const, content: 'hi' }];
const TOOL = { type: 'function' as const, function: { name: 'f', description: 'd', parameters: { type: 'object' } } };

function chatCall(request: Partial<ChatRequest>, changes: object = {}): TestCall<'chat'> {
  return callOf('chat', { messages: USER, ...request }, { provider: 'ollama', model: 'llama3.2', ...changes });
}

async function bodyOf(request: Partial<ChatRequest>, options: CallOptions = {}): Promise<Record<string, unknown>> {
  const message = await chatEncoder<'chat'>(false)(chatCall(request, { options }));
  expect(message.path).toBe('/api/chat');
  return message.body as Record<string, unknown>;
}

/** What sending gives: an `UnsupportedParamsError` by default, a warning with `drop`. */
async function expectUnsupported(request: Partial<ChatRequest>, param: string): Promise<Record<string, unknown>> {
  await expect(bodyOf(request)).rejects.toMatchObject({ kind: 'unsupported_params', param, provider: 'ollama' });
  const call = chatCall(request, { options: { unsupportedParams: 'drop' } });
  const message = await chatEncoder<'chat'>(false)(call);
  expect(call.warnings.join()).toContain(param);
  return message.body as Record<string, unknown>;
}

describe('messages', () => {
  it('are strings, with developer as system', async () => {
    const { messages } = await bodyOf({
      messages: [
        { role: 'developer', content: 'be brief' },
        { role: 'system', content: [{ type: 'text', text: 'be kind' }] },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'one' },
            { type: 'text', text: 'two' },
          ],
        },
        { role: 'assistant', content: 'yes', reasoning_content: 'because' },
      ],
    });
    expect(messages).toEqual([
      { role: 'system', content: 'be brief' },
      { role: 'system', content: 'be kind' },
      { role: 'user', content: 'one\ntwo' },
      { role: 'assistant', content: 'yes', thinking: 'because' },
    ]);
  });

  it('carry tool calls as objects, and results with id and name', async () => {
    const { messages } = await bodyOf({
      messages: [
        ...USER,
        {
          role: 'assistant',
          content: null,
          tool_calls: [
            { id: 'c1', type: 'function', function: { name: 'f', arguments: '{"a":1}' } },
            { id: 'c2', type: 'function', function: { name: 'g', arguments: '' } },
            { id: 'c3', type: 'function', function: { name: 'h', arguments: 'not json' } },
          ],
        },
        { role: 'tool', tool_call_id: 'c2', content: [{ type: 'text', text: 'done' }] },
        { role: 'tool', tool_call_id: 'unknown', content: 'lost' },
      ],
    });
    expect(messages).toEqual([
      USER[0],
      {
        role: 'assistant',
        content: '',
        tool_calls: [
          { id: 'c1', function: { index: 0, name: 'f', arguments: { a: 1 } } },
          { id: 'c2', function: { index: 1, name: 'g', arguments: {} } },
          { id: 'c3', function: { index: 2, name: 'h', arguments: { arguments: 'not json' } } },
        ],
      },
      { role: 'tool', content: 'done', tool_name: 'g', tool_call_id: 'c2' },
      { role: 'tool', content: 'lost', tool_call_id: 'unknown' },
    ]);
  });

  it('carry images as raw base64 beside the text', async () => {
    const { messages } = await bodyOf({
      messages: [
        {
          role: 'user',
          content: [
            { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } },
            { type: 'text', text: 'what is it?' },
          ],
        },
      ],
    });
    expect(messages).toEqual([{ role: 'user', content: 'what is it?', images: ['iVBORw0KGgo='] }]);
  });

  const remote: ChatRequest = {
    messages: [
      {
        role: 'user',
        content: [
          { type: 'image_url', image_url: { url: 'https://example.org/a.png' } },
          { type: 'image_url', image_url: { url: 'https://example.org/a.png', detail: 'high' } },
        ],
      },
    ],
  };

  it('do not load images by URL unless the client may', async () => {
    const refused = (async () => bodyOf(remote))();
    await expect(refused).rejects.toBeInstanceOf(ConfigurationError);
    await expect(refused).rejects.toThrow(/data URI.*media: \{ download: true \}/);
  });

  it('load each image once where the client may', async () => {
    const asked: string[] = [];
    const call = chatCall(remote, {
      media: async (url: string) => {
        asked.push(url);
        return { mimeType: 'image/png', data: 'QUJD' };
      },
    });
    const message = await chatEncoder<'chat'>(false)(call);
    expect((message.body as { messages: unknown }).messages).toEqual([{ role: 'user', content: '', images: ['QUJD', 'QUJD'] }]);
    expect(asked).toEqual(['https://example.org/a.png']);
    expect(call.warnings.join()).toContain('detail');
  });

  it('refuse an image that is neither', async () => {
    const content = [{ type: 'image_url' as const, image_url: { url: 'file:///etc/passwd' } }];
    await expect(bodyOf({ messages: [{ role: 'user', content }] })).rejects.toMatchObject({
      kind: 'bad_request',
      param: 'messages[0].content[0]',
    });
  });

  it.each(['input_audio', 'file'])('refuse %s', async (type) => {
    const part = { type, [type]: { data: 'x', format: 'wav' } } as never;
    await expectUnsupported({ messages: [{ role: 'user', content: [part, { type: 'text', text: 'hi' }] }] }, type);
  });
});

describe('parameters', () => {
  it('always say whether to stream', async () => {
    expect(await bodyOf({})).toEqual({ model: 'llama3.2', messages: USER, stream: false });
    const call = callOf('stream', { messages: USER, stream_options: { include_usage: true } }, { model: 'm' });
    expect(await chatEncoder<'stream'>(true)(call)).toEqual({
      path: '/api/chat',
      body: { model: 'm', messages: USER, stream: true },
    });
  });

  it('of sampling go to options', async () => {
    const { options } = await bodyOf({
      temperature: 0,
      top_p: 0.5,
      seed: 7,
      presence_penalty: 0.1,
      frequency_penalty: 0.2,
      stop: 'END',
      max_tokens: 5,
      max_completion_tokens: 9,
    });
    expect(options).toEqual({
      temperature: 0,
      top_p: 0.5,
      seed: 7,
      presence_penalty: 0.1,
      frequency_penalty: 0.2,
      stop: ['END'],
      num_predict: 9,
    });
  });

  it('may be null', async () => {
    expect(await bodyOf({ temperature: null, stop: null, n: null, logit_bias: null })).not.toHaveProperty('options');
  });

  it.each([
    ['none', false],
    ['minimal', 'low'],
    ['low', 'low'],
    ['medium', 'medium'],
    ['high', 'high'],
    ['xhigh', 'max'],
  ] as const)('reasoning_effort %s is think %s', async (effort, think) => {
    expect((await bodyOf({ reasoning_effort: effort })).think).toBe(think);
  });

  it('refuse an effort that is unknown, and never read it from a prototype', async () => {
    expect(await expectUnsupported({ reasoning_effort: 'constructor' as never }, 'reasoning_effort')).not.toHaveProperty('think');
  });

  it('ask for formats', async () => {
    const schema = { type: 'object', properties: { a: { type: 'number' } } };
    expect((await bodyOf({ response_format: { type: 'json_object' } })).format).toBe('json');
    expect((await bodyOf({ response_format: { type: 'json_schema', json_schema: { name: 's', schema } } })).format).toEqual(
      schema,
    );
    expect(await bodyOf({ response_format: { type: 'text' } })).not.toHaveProperty('format');
  });

  it('ask for log probabilities', async () => {
    expect(await bodyOf({ logprobs: true, top_logprobs: 3 })).toMatchObject({ logprobs: true, top_logprobs: 3 });
  });

  it('carry function tools, without strict', async () => {
    const call = chatCall({ tools: [TOOL, { ...TOOL, function: { ...TOOL.function, strict: true } }], tool_choice: 'auto' });
    const message = await chatEncoder<'chat'>(false)(call);
    expect((message.body as { tools: unknown }).tools).toEqual([TOOL, TOOL]);
    expect(call.warnings).toHaveLength(1);
    expect(call.warnings[0]).toContain('strict');
  });

  it('tool_choice none leaves the tools out', async () => {
    expect(await bodyOf({ tools: [TOOL], tool_choice: 'none' })).not.toHaveProperty('tools');
  });

  it.each([
    ['tool_choice', { tools: [TOOL], tool_choice: 'required' as const }],
    ['tool_choice', { tools: [TOOL], tool_choice: { type: 'function' as const, function: { name: 'f' } } }],
    ['n', { n: 2 }],
    ['logit_bias', { logit_bias: { '50256': -100 } }],
    ['prediction', { prediction: { type: 'content' as const, content: 'x' } }],
    ['audio', { audio: { voice: 'alloy', format: 'wav' as const } }],
    ['modalities', { modalities: ['audio' as const] }],
    ['parallel_tool_calls', { parallel_tool_calls: false }],
  ])('%s is unsupported: %j', async (param, request) => {
    const body = await expectUnsupported(request as Partial<ChatRequest>, param);
    expect(body).not.toHaveProperty(param);
  });

  it('that are hints are dropped with a warning', async () => {
    const call = chatCall({
      user: 'u',
      metadata: { a: 'b' },
      store: true,
      service_tier: 'flex',
      parallel_tool_calls: true,
      n: 1,
    });
    const { body } = await chatEncoder<'chat'>(false)(call);
    expect(Object.keys(body ?? {})).toEqual(['model', 'messages', 'stream']);
    expect(call.warnings).toHaveLength(4);
  });

  it("of one's own come from providerOptions.ollama, and win", async () => {
    const body = await bodyOf({
      temperature: 0.1,
      reasoning_effort: 'low',
      providerOptions: {
        ollama: { keep_alive: '5m', think: true, truncate: false, shift: false, options: { num_ctx: 8192, temperature: 0.9 } },
        anthropic: { top_k: 1 },
      },
    });
    expect(body).toMatchObject({ keep_alive: '5m', think: true, truncate: false, shift: false });
    expect(body.options).toEqual({ temperature: 0.9, num_ctx: 8192 });
    expect(JSON.stringify(body)).not.toContain('top_k');
  });
});

describe('embeddings and text completions', () => {
  const embedCall = (request: RequestOf<'embed'>, options: CallOptions = {}): TestCall<'embed'> =>
    callOf('embed', request, { provider: 'ollama', model: 'nomic', options });

  it('embeds texts', () => {
    const call = embedCall({
      input: ['a', 'b'],
      dimensions: 64,
      encoding_format: 'base64',
      user: 'u',
      providerOptions: { ollama: { truncate: false, options: { num_ctx: 512 } } },
    });
    expect(encodeEmbed(call)).toEqual({
      path: '/api/embed',
      body: { model: 'nomic', input: ['a', 'b'], dimensions: 64, truncate: false, options: { num_ctx: 512 } },
    });
    expect(call.warnings).toHaveLength(1);
  });

  it('refuses token numbers', () => {
    expect(() => encodeEmbed(embedCall({ input: [1, 2, 3] }))).toThrow(expect.objectContaining({ param: 'input' }));
    expect(() => encodeEmbed(embedCall({ input: [[1], [2]] }))).toThrow(expect.objectContaining({ param: 'input' }));
  });

  const complete = completionEncoder<'complete'>(false);
  const completeCall = (request: RequestOf<'complete'>): TestCall<'complete'> =>
    callOf('complete', request, { provider: 'ollama', model: 'm' });

  it('completes a text', () => {
    const request = {
      prompt: ['Once'],
      suffix: 'end',
      max_tokens: 4,
      stop: ['\n'],
      logprobs: 2,
      temperature: 1,
      n: 1,
      echo: false,
    };
    expect(complete(completeCall(request))).toEqual({
      path: '/api/generate',
      body: {
        model: 'm',
        prompt: 'Once',
        stream: false,
        suffix: 'end',
        logprobs: true,
        top_logprobs: 2,
        options: { temperature: 1, stop: ['\n'], num_predict: 4 },
      },
    });
  });

  it.each([
    ['prompt', { prompt: ['a', 'b'] }],
    ['prompt', { prompt: [1, 2] }],
    ['best_of', { prompt: 'a', best_of: 3 }],
    ['n', { prompt: 'a', n: 3 }],
    ['echo', { prompt: 'a', echo: true }],
    ['logit_bias', { prompt: 'a', logit_bias: { a: 1 } }],
  ])('refuses %s of %j', (param, request) => {
    expect(() => complete(completeCall(request))).toThrow(expect.objectContaining({ kind: 'unsupported_params', param }));
  });
});
