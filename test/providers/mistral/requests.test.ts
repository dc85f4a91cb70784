import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChatRequest } from '../../../src/contract/chat.ts';
import { UnsupportedParamsError } from '../../../src/errors/provider-errors.ts';
import { mistral } from '../../../src/providers/mistral/mistral.ts';
import { ToolIds } from '../../../src/providers/mistral/tool-ids.ts';
import { PLAIN_STREAM, providerOn } from '../../support/recording-transport.ts';

const on = (answer?: object | string) =>
  providerOn(mistral, { settings: { apiKey: 'k' }, ...(answer === undefined ? {} : { answer }) });
const user = { role: 'user' as const, content: 'Hi' };
const run = (request: Partial<ChatRequest>, model = 'mistral-small-latest') =>
  on().run('chat', { messages: [user], ...request }, { model });
const sent = async (request: Partial<ChatRequest>, model?: string) => (await run(request, model)).sent.body;
const tool = { type: 'function' as const, function: { name: 'f' } };

describe('chat requests', () => {
  it('go to /v1, whether the base URL has it or not', async () => {
    for (const baseURL of [
      undefined,
      'https://m.example',
      'https://m.example/',
      'https://m.example/v1',
      'https://m.example/v1/',
    ]) {
      const provider = providerOn(mistral, { settings: { apiKey: 'k', baseURL } });
      const { sent: request } = await provider.run('chat', { messages: [user] });
      expect(request.url).toBe(`${baseURL === undefined ? 'https://api.mistral.ai' : 'https://m.example'}/v1/chat/completions`);
      expect(request.headers.authorization).toBe('Bearer k');
    }
    expect(() => providerOn(mistral)).toThrow(/MISTRAL_API_KEY/);
  });

  it('hold nothing that the closed schema does not know', async () => {
    const { sent: request, warnings } = await run({
      max_completion_tokens: 5,
      seed: 3,
      temperature: 0,
      top_p: 0.5,
      tools: [],
      tool_choice: 'auto',
      parallel_tool_calls: true,
      user: 'u',
      store: true,
      metadata: { a: 'b' },
      prompt_cache_key: 'k',
      service_tier: 'default',
    });
    expect(request.body).toEqual({
      model: 'mistral-small-latest',
      messages: [user],
      max_tokens: 5,
      random_seed: 3,
      temperature: 0,
      metadata: { a: 'b' },
      prompt_cache_key: 'k',
      service_tier: 'standard',
    });
    expect(warnings).toHaveLength(2);
    const stream = await on(PLAIN_STREAM).run('stream', { messages: [user], stream_options: { include_usage: true } });
    expect(stream.sent.body).toEqual({ model: 'some/model', messages: [user], stream: true });
    expect(await sent({ providerOptions: { mistral: { safe_prompt: true } } })).toMatchObject({ safe_prompt: true });
    await expect(run({ logit_bias: { 1: 1 } })).rejects.toThrow(UnsupportedParamsError);
    expect((await run({ temperature: 2 })).warnings).toHaveLength(1);
  });

  it('say "any" for a tool that must be called', async () => {
    expect(await sent({ tools: [tool], tool_choice: 'required', parallel_tool_calls: false })).toMatchObject({
      tools: [{ type: 'function', function: { name: 'f', parameters: { type: 'object', properties: {} } } }],
      tool_choice: 'any',
      parallel_tool_calls: false,
    });
    expect(await sent({ tools: [tool], tool_choice: tool })).toMatchObject({ tool_choice: tool });
  });

  it.each([
    ['magistral-medium-latest', 'low', 'high', 1],
    ['mistral-small-latest', 'none', 'none', 0],
    ['mistral-large-4', 'none', 'low', 1],
    ['mistral-large-4', 'medium', 'medium', 0],
    ['zai-glm-5.1', 'xhigh', 'max', 1],
    ['codestral-latest', 'none', undefined, 0],
    ['some-new-model', 'minimal', 'minimal', 0],
  ] as const)('to %s with effort %s have %s', async (model, effort, expected, warned) => {
    const { sent: request, warnings } = await run({ reasoning_effort: effort }, model);
    expect(request.body.reasoning_effort).toBe(expected);
    expect(warnings).toHaveLength(warned);
  });

  it('refuse an effort where the model does not reason', async () => {
    await expect(run({ reasoning_effort: 'high' }, 'codestral-latest')).rejects.toThrow(/"reasoning_effort"/);
  });

  it('carry a conversation that began elsewhere', async () => {
    const call = { id: 'call_from-elsewhere', type: 'function' as const, function: { name: 'f', arguments: '' } };
    const { messages } = await sent({
      messages: [
        { role: 'developer', content: 'Be brief', name: 'x' },
        user,
        { role: 'assistant', content: 'Wait.', reasoning_content: 'Hm.', tool_calls: [call] },
        { role: 'tool', tool_call_id: call.id, content: '' },
        user,
        { role: 'assistant', content: 'It is', refusal: null },
      ],
    });
    const id = new ToolIds().of(call.id);
    expect(id).toMatch(/^[a-zA-Z0-9]{9}$/);
    expect(messages).toEqual([
      { role: 'system', content: 'Be brief' },
      user,
      {
        role: 'assistant',
        content: [
          { type: 'thinking', thinking: [{ type: 'text', text: 'Hm.' }] },
          { type: 'text', text: 'Wait.' },
        ],
        tool_calls: [{ id, type: 'function', function: { name: 'f', arguments: '{}' } }],
      },
      { role: 'tool', tool_call_id: id, name: 'f', content: '(no output)' },
      { role: 'assistant', content: 'I have the results.' },
      user,
      { role: 'assistant', content: 'It is', prefix: true },
    ]);
  });

  it('carry images, sound and documents', async () => {
    const { messages } = await sent({
      messages: [
        {
          role: 'user',
          content: [
            { type: 'image_url', image_url: { url: 'https://x.example/a.png', detail: 'low' } },
            { type: 'input_audio', input_audio: { data: 'AA', format: 'wav' } },
            { type: 'file', file: { file_data: 'data:application/pdf;base64,AA', filename: 'a.pdf' } },
            { type: 'file', file: { file_id: 'f-1' } },
          ],
        },
      ],
    });
    expect(messages).toMatchObject([
      {
        content: [
          { type: 'image_url', image_url: { url: 'https://x.example/a.png', detail: 'low' } },
          { type: 'input_audio', input_audio: 'AA' },
          { type: 'document_url', document_url: 'data:application/pdf;base64,AA', document_name: 'a.pdf' },
          { type: 'file', file_id: 'f-1' },
        ],
      },
    ]);
  });
});

describe('ids of tool calls', () => {
  it('fit, stay the same, and stay apart', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string(), { maxLength: 30 }), (given) => {
        const ids = new ToolIds();
        const made = given.map((id) => ids.of(id));
        expect(made.every((id) => /^[a-zA-Z0-9]{9}$/.test(id))).toBe(true);
        expect(new Set(made).size).toBe(given.length);
        expect(given.map((id) => ids.of(id))).toEqual(made);
      }),
    );
    expect(new ToolIds().of('D681PevKs')).toBe('D681PevKs');
  });
});

describe('other requests', () => {
  it('name the size of vectors as Mistral does', async () => {
    const provider = on({ data: [{ embedding: 'AACAPwAAAD8=' }], usage: { prompt_tokens: 1, total_tokens: 1 } });
    const { sent: plain, result } = await provider.run('embed', { input: 'a', dimensions: 4 });
    expect(plain).toMatchObject({ url: 'https://api.mistral.ai/v1/embeddings' });
    expect(plain.body).toEqual({ model: 'some/model', input: 'a', output_dimension: 4 });
    expect(result.data[0]?.embedding).toEqual([1, 0.5]);
    const { sent: packed } = await provider.run('embed', { input: ['a'], encoding_format: 'base64' });
    expect(packed.body).toMatchObject({ encoding_format: 'base64' });
    await expect(provider.run('embed', { input: [1, 2] })).rejects.toThrow(/"input"/);
  });

  it('fill in the middle', async () => {
    const provider = on({ choices: [{ index: 0, message: { role: 'assistant', content: 'x' }, finish_reason: 'length' }] });
    const { sent: request, result } = await provider.run('complete', { prompt: 'a', suffix: 'c', seed: 1, max_tokens: 3 });
    expect(request).toMatchObject({
      url: 'https://api.mistral.ai/v1/fim/completions',
      body: { model: 'some/model', prompt: 'a', suffix: 'c', random_seed: 1, max_tokens: 3 },
    });
    expect(result.choices).toEqual([{ index: 0, text: 'x', finish_reason: 'length', logprobs: null }]);
    await expect(provider.run('complete', { prompt: 'a', n: 2 })).rejects.toThrow(/"n"/);
  });
});
