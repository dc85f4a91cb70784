import { describe, expect, it } from 'vitest';
import type { ChatRequest } from '../../../src/contract/chat.ts';
import { UnsupportedParamsError } from '../../../src/errors/provider-errors.ts';
import { cohere } from '../../../src/providers/cohere/cohere.ts';
import { cohereChat } from '../../../src/providers/cohere/cohere-chat.ts';
import { providerOn } from '../../support/recording-transport.ts';

const V2 = { id: 'c', finish_reason: 'COMPLETE', message: { role: 'assistant', content: [{ type: 'text', text: 'Hi' }] } };
const V1 = { text: 'Hi', generation_id: 'g', finish_reason: 'COMPLETE' };
const v2 = () => providerOn(cohere, { settings: { apiKey: 'k' }, answer: V2 });
const v1 = () => providerOn(cohereChat, { settings: { apiKey: 'k' }, answer: V1 });
const user = { role: 'user' as const, content: 'Hi' };
const tool = (name: string, extra: object = {}) => ({
  type: 'function' as const,
  function: { name, parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] }, ...extra },
});
const sent = async (request: Partial<ChatRequest>, changes = {}) =>
  (await v2().run('chat', { messages: [user], ...request }, changes)).sent.body;

describe('v2 chat requests', () => {
  it('go to the version of the chat, with a key, whatever the base URL ends with', async () => {
    for (const baseURL of ['https://proxy.example/c', 'https://proxy.example/c/', 'https://proxy.example/c/v2', undefined]) {
      const provider = providerOn(cohere, { settings: { apiKey: 'k', baseURL }, answer: V2 });
      const { sent: request } = await provider.run('chat', { messages: [user] });
      expect(request.url).toBe(`${baseURL === undefined ? 'https://api.cohere.com' : 'https://proxy.example/c'}/v2/chat`);
      expect(request.headers.authorization).toBe('Bearer k');
    }
    for (const name of ['CO_API_KEY', 'COHERE_API_KEY']) {
      const { sent: request } = await providerOn(cohere, { env: { [name]: 'e' }, answer: V2 }).run('chat', { messages: [user] });
      expect(request.headers.authorization).toBe('Bearer e');
    }
    expect(() => providerOn(cohere)).toThrow(/CO_API_KEY or COHERE_API_KEY/);
  });

  it('name parameters as Cohere does, within its bounds', async () => {
    const run = await v2().run('chat', {
      messages: [user],
      max_completion_tokens: 9,
      temperature: 0.2,
      top_p: 1,
      stop: 'END',
      seed: 4,
      frequency_penalty: -1,
      presence_penalty: 1.5,
      logprobs: true,
      n: 1,
    });
    expect(run.sent.body).toEqual({
      model: 'some/model',
      messages: [{ role: 'user', content: 'Hi' }],
      stream: false,
      max_tokens: 9,
      temperature: 0.2,
      stop_sequences: ['END'],
      seed: 4,
      frequency_penalty: 0,
      presence_penalty: 1,
      logprobs: true,
    });
    expect(run.warnings).toHaveLength(2);
    expect(await sent({ top_p: 0.995 })).toMatchObject({ p: 0.99 });
    await expect(v2().run('chat', { messages: [user], stop: ['1', '2', '3', '4', '5', '6'] })).rejects.toThrow(/5 sequences/);
  });

  it('say the choice of tools in its words', async () => {
    const tools = [tool('a', { strict: true }), tool('b')];
    const named = { type: 'function' as const, function: { name: 'b' } };
    expect(await sent({ tools })).not.toHaveProperty('tool_choice');
    expect(await sent({ tools })).toMatchObject({ strict_tools: true, tools: [tool('a'), tool('b')] });
    expect(await sent({ tools, tool_choice: 'none' })).toMatchObject({ tool_choice: 'NONE' });
    expect(await sent({ tools, tool_choice: 'required' })).toMatchObject({ tool_choice: 'REQUIRED' });
    expect(await sent({ tools, tool_choice: named })).toMatchObject({ tool_choice: 'REQUIRED', tools: [tool('b')] });
    const format = { type: 'json_object' as const };
    await expect(v2().run('chat', { messages: [user], tools, response_format: format })).rejects.toThrow(UnsupportedParamsError);
  });

  it('ask for JSON and for thinking', async () => {
    const schema = { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] };
    const format = { type: 'json_schema' as const, json_schema: { name: 'x', schema } };
    expect(await sent({ response_format: format })).toMatchObject({
      response_format: { type: 'json_object', json_schema: schema },
    });
    expect(await sent({ reasoning_effort: 'none' })).toMatchObject({ thinking: { type: 'disabled' } });
    expect(await sent({ reasoning_effort: 'low' })).toMatchObject({ thinking: { type: 'enabled', token_budget: 1024 } });
    expect(await sent({ reasoning_effort: 'medium', max_tokens: 100 })).toMatchObject({ thinking: { token_budget: 99 } });
    expect((await sent({ reasoning_effort: 'high' })).thinking).toEqual({ type: 'enabled' });
    expect(await sent({ providerOptions: { cohere: { safety_mode: 'STRICT' }, openai: { a: 1 } } })).toMatchObject({
      safety_mode: 'STRICT',
    });
  });

  it('carry images, tool calls, results and plans', async () => {
    const call = { id: 'c1', type: 'function' as const, function: { name: 'a', arguments: '' } };
    const { messages } = await sent({
      messages: [
        { role: 'developer', content: 'Be brief' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'What?' },
            { type: 'image_url', image_url: { url: 'data:image/png;base64,AA', detail: 'low' } },
          ],
        },
        { role: 'assistant', content: 'I look.', tool_calls: [call] },
        { role: 'tool', tool_call_id: 'c1', content: [{ type: 'text', text: '{"a":1}' }] },
        {
          role: 'assistant',
          content: null,
          reasoning_content: 'Hm. Again.',
          tool_calls: [call],
          ...{ tool_plan: 'Again.' },
        },
      ],
    });
    expect(messages).toEqual([
      { role: 'system', content: 'Be brief' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'What?' },
          { type: 'image_url', image_url: { url: 'data:image/png;base64,AA', detail: 'low' } },
        ],
      },
      { role: 'assistant', tool_plan: 'I look.', tool_calls: [{ ...call, function: { name: 'a', arguments: '{}' } }] },
      { role: 'tool', tool_call_id: 'c1', content: '{"a":1}' },
      {
        role: 'assistant',
        content: [{ type: 'thinking', thinking: 'Hm. ' }],
        tool_plan: 'Again.',
        tool_calls: [{ ...call, function: { name: 'a', arguments: '{}' } }],
      },
    ]);
    const audio = [{ type: 'input_audio' as const, input_audio: { data: 'AA', format: 'wav' as const } }];
    await expect(v2().run('chat', { messages: [{ role: 'user', content: audio }] })).rejects.toThrow(/"input_audio"/);
  });
});

describe('v1 chat requests', () => {
  it('take a conversation apart', async () => {
    const call = { id: 'c1', type: 'function' as const, function: { name: 'a', arguments: '{"x":1}' } };
    const run = await v1().run('chat', {
      messages: [
        { role: 'system', content: 'Be brief' },
        { role: 'user', content: 'Look' },
        { role: 'assistant', content: null, tool_calls: [call] },
        { role: 'tool', tool_call_id: 'c1', content: '{"y":2}' },
      ],
      tools: [tool('a', { description: 'does' })],
    });
    const asked = { name: 'a', parameters: { x: 1 } };
    expect(run.sent.url).toBe('https://api.cohere.com/v1/chat');
    expect(run.sent.body).toEqual({
      model: 'some/model',
      preamble: 'Be brief',
      chat_history: [
        { role: 'USER', message: 'Look' },
        { role: 'CHATBOT', message: '', tool_calls: [asked] },
      ],
      message: '',
      tool_results: [{ call: asked, outputs: [{ y: 2 }] }],
      stream: false,
      tools: [{ name: 'a', description: 'does', parameter_definitions: { city: { type: 'str', required: true } } }],
    });
    const talk = await v1().run('chat', {
      messages: [user, { role: 'assistant', content: 'Yes?' }, { role: 'user', content: 'Go on' }],
      response_format: { type: 'json_schema', json_schema: { name: 'x', schema: { type: 'object' } } },
    });
    expect(talk.sent.body).toMatchObject({
      message: 'Go on',
      chat_history: [
        { role: 'USER', message: 'Hi' },
        { role: 'CHATBOT', message: 'Yes?' },
      ],
      response_format: { type: 'json_object', schema: { type: 'object' } },
    });
  });

  it('refuse images and a forced tool', async () => {
    const image = [{ type: 'image_url' as const, image_url: { url: 'https://x.example/a.png' } }];
    await expect(v1().run('chat', { messages: [{ role: 'user', content: image }] })).rejects.toThrow(/"image_url"/);
    const forced = { messages: [user], tools: [tool('a')], tool_choice: 'required' as const };
    await expect(v1().run('chat', forced)).rejects.toThrow(/"tool_choice"/);
    const free = await v1().run('chat', { messages: [user], tools: [tool('a')], tool_choice: 'none' });
    expect(free.sent.body).not.toHaveProperty('tools');
  });
});

describe('vectors', () => {
  const vectors = (count: number) => Array.from({ length: count }, (_, i) => [i, 0.5]);

  it('are asked for by use, size and encoding', async () => {
    const answer = { id: 'e', embeddings: { float: vectors(2) }, meta: { billed_units: { input_tokens: 7 } } };
    const provider = providerOn(cohere, { settings: { apiKey: 'k' }, answer });
    const { result, sent: request } = await provider.run('embed', {
      input: ['a', 'b'],
      dimensions: 256,
      providerOptions: { cohere: { input_type: 'classification', truncate: 'END' } },
    });
    expect(request.url).toBe('https://api.cohere.com/v2/embed');
    expect(request.body).toEqual({
      model: 'some/model',
      input_type: 'classification',
      embedding_types: ['float'],
      texts: ['a', 'b'],
      output_dimension: 256,
      truncate: 'END',
    });
    expect(result).toMatchObject({ data: [{ embedding: [0, 0.5] }, { embedding: [1, 0.5] }], usage: { total_tokens: 7 } });
    const packed = await provider.run('embed', { input: 'a', encoding_format: 'base64' });
    expect(packed.sent.body).toMatchObject({ embedding_types: ['base64'], input_type: 'search_document', texts: ['a'] });
    expect(packed.result.data[1]?.embedding).toBe('AACAPwAAAD8=');
    await expect(provider.run('embed', { input: [[1, 2]] })).rejects.toThrow(/"input"/);
  });

  it('of more texts than a request may hold are asked for in several', async () => {
    const answer = { embeddings: { float: vectors(96) }, meta: { billed_units: { input_tokens: 5 } } };
    const provider = providerOn(cohere, { settings: { apiKey: 'k' }, answer });
    const input = Array.from({ length: 192 }, (_, i) => `text ${i}`);
    const { result } = await provider.run('embed', { input });
    expect(provider.sent.map(({ body }) => (body.texts as string[]).length)).toEqual([96, 96]);
    expect(provider.sent[1]?.body.texts).toEqual(input.slice(96));
    expect(result.data.map(({ index }) => index)).toEqual(input.map((_, i) => i));
    expect(result.usage).toEqual({ prompt_tokens: 10, total_tokens: 10 });
  });

  it('order documents', async () => {
    const results = [
      { index: 0, relevance_score: 0.1 },
      { index: 1, relevance_score: 0.9 },
    ];
    const provider = providerOn(cohere, { settings: { apiKey: 'k' }, answer: { id: 'r', results } });
    const { result, sent: request } = await provider.run('rerank', {
      query: 'q',
      documents: ['x', { text: 'y' }],
      top_n: 1,
      return_documents: true,
      providerOptions: { cohere: { max_tokens_per_doc: 100 } },
    });
    expect(request).toMatchObject({
      url: 'https://api.cohere.com/v2/rerank',
      body: { model: 'some/model', query: 'q', documents: ['x', 'y'], top_n: 1, max_tokens_per_doc: 100 },
    });
    expect(result).toEqual({
      id: 'r',
      model: 'some/model',
      results: [{ index: 1, relevance_score: 0.9, document: { text: 'y' } }],
    });
    const astray = providerOn(cohere, { settings: { apiKey: 'k' }, answer: { results: [{ index: 5, relevance_score: 1 }] } });
    await expect(astray.run('rerank', { query: 'q', documents: ['x'] })).rejects.toMatchObject({ kind: 'response_validation' });
  });
});

describe('text completions', () => {
  it('end before a stop sequence and may be several', async () => {
    const answer = {
      id: 'g',
      generations: [
        { text: 'one', finish_reason: 'COMPLETE' },
        { text: 'two', finish_reason: 'MAX_TOKENS' },
      ],
      meta: { billed_units: { input_tokens: 1, output_tokens: 2 } },
    };
    const provider = providerOn(cohere, { settings: { apiKey: 'k' }, answer });
    const { result, sent: request } = await provider.run('complete', { prompt: 'p', n: 2, stop: ['x'], max_tokens: 5 });
    expect(request).toMatchObject({
      url: 'https://api.cohere.com/v1/generate',
      body: { prompt: 'p', num_generations: 2, end_sequences: ['x'], max_tokens: 5, stream: false },
    });
    expect(result.choices.map(({ text, finish_reason }) => [text, finish_reason])).toEqual([
      ['one', 'stop'],
      ['two', 'length'],
    ]);
    expect(result.usage).toMatchObject({ prompt_tokens: 1, completion_tokens: 2 });
    await expect(provider.run('complete', { prompt: ['a', 'b'] })).rejects.toThrow(/"prompt"/);
  });
});
