import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ChatRequest } from '../../../src/contract/chat.ts';
import type { SageMakerOptions } from '../../../src/contract/provider-options.ts';
import type { LLMClient } from '../../../src/index.ts';
import { createClient } from '../../../src/index.ts';
import { sagemaker } from '../../../src/providers/sagemaker/sagemaker.ts';
import type { MockServer } from '../../../src/testing/index.ts';
import { reply, startMockServer } from '../../../src/testing/index.ts';
import { eventFrame, exceptionFrame } from '../../../src/wire/framing/aws-event-frames.ts';
import { rejection } from '../../support/client.ts';
import { providerOn } from '../../support/recording-transport.ts';
import type { Loopback } from '../../wire/loopback.ts';
import { httpServer } from '../../wire/loopback.ts';

const KEYS = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret', region: 'us-east-1' };
const TGI = [{ generated_text: 'Hi', details: { finish_reason: 'length', generated_tokens: 2, prefill: [{}, {}, {}] } }];
const HELLO: ChatRequest = { messages: [{ role: 'user', content: 'Hi' }] };

const on = (answer: object, settings: object = {}) => providerOn(sagemaker, { settings: { ...KEYS, ...settings }, answer });
const withOptions = (options: SageMakerOptions): { providerOptions: { sagemaker: SageMakerOptions } } => ({
  providerOptions: { sagemaker: options },
});
const at = { model: 'my-endpoint' };

describe('endpoints', () => {
  it('are called by name, with a component or without', async () => {
    const chat = on({ choices: [{ message: { content: 'Hi' }, finish_reason: 'stop' }] });
    const { sent } = await chat.run('chat', HELLO, { model: 'my-endpoint/part-1' });
    expect(sent.url).toBe('https://runtime.sagemaker.us-east-1.amazonaws.com/endpoints/my-endpoint/invocations');
    expect(sent.headers['x-amzn-sagemaker-inference-component']).toBe('part-1');
    expect(sent.headers.authorization).toContain('/us-east-1/sagemaker/aws4_request');
    for (const model of ['', 'a b', '-a', 'a/b/c', '../x', 'x'.repeat(64)]) {
      expect(await rejection(chat.run('chat', HELLO, { model }))).toMatchObject({ kind: 'configuration', param: 'model' });
    }
  });

  it('get the parameters untouched, the model’s name only if it was given', async () => {
    const chat = on({ choices: [{ message: { content: 'Hi' }, finish_reason: 'stop' }] });
    const request = { ...HELLO, seed: 7, prompt_cache_key: 'p', ...withOptions({ min_p: 0.1, targetVariant: 'blue' }) };
    const { sent } = await chat.run('chat', request, at);
    expect(sent.body).toEqual({ messages: HELLO.messages, seed: 7, prompt_cache_key: 'p', min_p: 0.1 });
    expect(sent.headers).toMatchObject({
      'x-amzn-sagemaker-target-variant': 'blue',
      'x-amzn-sagemaker-prefix-aware-id': 'p',
    });
    expect((await chat.run('chat', { ...HELLO, ...withOptions({ model: 'lora' }) }, at)).sent.body).toMatchObject({
      model: 'lora',
    });
  });
});

describe('containers that continue a text', () => {
  const tgi = (request: object, answer: object = TGI) =>
    on(answer, { dialect: 'tgi' }).run('complete', { prompt: 'Once', ...request } as never, at);

  it('get inputs and parameters', async () => {
    const { sent, result } = await tgi({ max_tokens: 20, temperature: 0, top_p: 1, stop: 'END', seed: 3 });
    expect(sent.body).toEqual({
      inputs: 'Once',
      parameters: {
        return_full_text: false,
        details: true,
        max_new_tokens: 20,
        do_sample: false,
        stop: ['END'],
        seed: 3,
      },
    });
    expect(result).toMatchObject({
      choices: [{ text: 'Hi', finish_reason: 'length' }],
      usage: { prompt_tokens: 3, completion_tokens: 2 },
    });
    const warm = await tgi({ temperature: 0.7, top_p: 0.9, ...withOptions({ parameters: { top_k: 5 } }) });
    expect(warm.sent.body.parameters).toMatchObject({ temperature: 0.7, do_sample: true, top_p: 0.9, top_k: 5 });
  });

  it('give a second answer where TGI has one', async () => {
    const details = { finish_reason: 'eos_token', best_of_sequences: [{ generated_text: 'Ho', finish_reason: 'length' }] };
    const { sent, result } = await tgi({ n: 2 }, [{ generated_text: 'Hi', details }]);
    expect(sent.body.parameters).toMatchObject({ best_of: 2 });
    expect(result.choices.map(({ text }) => text)).toEqual(['Hi', 'Ho']);
    expect(await rejection(tgi({ n: 3 }))).toMatchObject({ param: 'n' });
  });

  it('refuse what has no counterpart', async () => {
    for (const [param, value] of [
      ['frequency_penalty', 1],
      ['logprobs', 2],
      ['suffix', 'x'],
      ['prompt', ['a', 'b']],
    ] as const) {
      expect(await rejection(tgi({ [param]: value }))).toMatchObject({ kind: 'unsupported_params', param });
    }
  });

  it('chat by a prompt or a template only', async () => {
    const chat = (settings: object, more: object = {}) =>
      on(TGI, { dialect: 'djl', ...settings }).run('chat', { ...HELLO, ...more } as ChatRequest, at);
    expect(await rejection(chat({}))).toMatchObject({ kind: 'configuration', param: 'providers.sagemaker.template' });
    const template = (messages: readonly { content?: unknown }[]) => `<s>${String(messages[0]?.content)}`;
    const { sent, result } = await chat({ template });
    expect(sent.body).toMatchObject({ inputs: '<s>Hi' });
    expect(result.choices[0]).toMatchObject({ message: { content: 'Hi' }, finish_reason: 'length' });
    expect((await chat({}, withOptions({ prompt: 'Say hi' }))).sent.body).toMatchObject({ inputs: 'Say hi' });
    expect(() => on(TGI, { template: 7 })).toThrow(/template must be a function/);
  });

  it('give JSON by a schema at TGI alone', async () => {
    const json_schema = { name: 'a', schema: { type: 'object' } };
    const request = { ...HELLO, response_format: { type: 'json_schema' as const, json_schema }, ...withOptions({ prompt: 'x' }) };
    const { sent } = await on(TGI, { dialect: 'tgi' }).run('chat', request, at);
    expect(sent.body.parameters).toMatchObject({ grammar: { type: 'json', value: { type: 'object' } } });
    expect(await rejection(on(TGI, { dialect: 'djl' }).run('chat', request, at))).toMatchObject({ param: 'response_format' });
  });

  it('are known by the names of their dialects', async () => {
    expect(await rejection(on(TGI, { dialect: 'grpc' }).run('chat', HELLO, at))).toMatchObject({ kind: 'configuration' });
  });
});

describe('vectors', () => {
  const embed = (dialect: string, answer: object) => on(answer, { dialect }).run('embed', { input: ['a', 'b'] }, at);

  it.each([
    [
      'a list under a name',
      {
        embedding: [
          [1, 2],
          [3, 4],
        ],
      },
    ],
    [
      'a bare list',
      [
        [1, 2],
        [3, 4],
      ],
    ],
    [
      'one vector for each token',
      [
        [
          [0, 2],
          [2, 2],
        ],
        [[3, 4]],
      ],
    ],
    [
      'the same, nested once more',
      [
        [
          [
            [0, 2],
            [2, 2],
          ],
        ],
        [[[3, 4]]],
      ],
    ],
  ])('are %s', async (_, answer) => {
    const { sent, result } = await embed('hf-embed', answer);
    expect(sent.body).toEqual({ inputs: ['a', 'b'] });
    expect(result.data.map(({ embedding }) => embedding)).toEqual([
      [1, 2],
      [3, 4],
    ]);
  });

  it('are asked for in JumpStart’s field and in OpenAI’s', async () => {
    expect((await embed('jumpstart-embed', { embedding: [[1]] })).sent.body).toEqual({ text_inputs: ['a', 'b'] });
    const openai = await embed('openai-embed', { data: [{ embedding: [1] }, { embedding: [2] }] });
    expect(openai.sent.body).toEqual({ input: ['a', 'b'] });
    expect(await rejection(embed('hf-embed', { no: 1 }))).toMatchObject({ kind: 'response_validation' });
  });
});

describe('streams', () => {
  let mock: MockServer;
  let llm: LLMClient;
  const open: Loopback[] = [];
  const model = 'sagemaker/my-endpoint';

  const clientAt = (baseURL: string, dialect: string): LLMClient =>
    createClient({ use: [], providers: { sagemaker: { ...KEYS, baseURL, dialect } } });
  const textOf = async (client: LLMClient): Promise<string> => {
    let text = '';
    for await (const chunk of await client.completions.create({ model, prompt: 'Once', stream: true })) {
      text += chunk.choices[0]?.text ?? '';
    }
    return text;
  };

  /** A server that answers with these frames, byte by byte in reads of three. */
  async function streaming(dialect: string, ...frames: Uint8Array[]): Promise<LLMClient> {
    const bytes = Buffer.concat(frames);
    const server = await httpServer(async (_, response) => {
      response.writeHead(200, { 'content-type': 'application/vnd.amazon.eventstream' });
      for (let at = 0; at < bytes.byteLength; at += 61) {
        response.write(bytes.subarray(at, at + 61));
        await new Promise((resolve) => setImmediate(resolve));
      }
      response.end();
    });
    open.push(server);
    return clientAt(server.origin, dialect);
  }

  beforeEach(async () => {
    mock = await startMockServer();
    llm = clientAt(mock.baseURL('sagemaker'), 'tgi');
  });
  afterEach(async () => {
    await llm.close();
    await mock.close();
    for (const server of open.splice(0)) await server.close();
  });

  it('of TGI leave special tokens out', async () => {
    mock.enqueue('sagemaker', reply({ chunks: ['Upon ', 'a ', 'time'], finishReason: 'length' }));
    expect(await textOf(llm)).toBe('Upon a time');
    expect(mock.requests[0]).toMatchObject({
      path: '/endpoints/my-endpoint/invocations-response-stream',
      body: { inputs: 'Once', stream: true },
      headers: { 'x-amzn-sagemaker-accept': 'application/json' },
    });
  });

  it('of DJL are lines of JSON', async () => {
    const lines = [
      '{"token":{"id":1,"text":"Grü"}}\n',
      '{"token":{"id":2,"text":"ße"}}\n{"token":{"id":3,"text":"!"},',
      '"generated_text":"Grüße!","details":{"finish_reason":"eos_token","generated_tokens":3}}\n',
    ];
    const bytes = Buffer.from(lines.join(''));
    const client = await streaming(
      'djl',
      ...[0, 20, 25, 26, 60].map((start, i, all) => eventFrame('PayloadPart', bytes.subarray(start, all[i + 1]))),
    );
    const stream = await client.completions.create({ model, prompt: 'x', stream: true });
    let text = '';
    for await (const chunk of stream) text += chunk.choices[0]?.text ?? '';
    expect(text).toBe('Grüße!');
    expect(stream.route.usage).toMatchObject({ completion_tokens: 3 });
    await client.close();
  });

  it('that the service breaks are told by its exception', async () => {
    const token = eventFrame('PayloadPart', Buffer.from('data:{"token":{"text":"Hi"}}\n\n'));
    const broken = (code: string): Uint8Array =>
      exceptionFrame('ModelStreamError', JSON.stringify({ Message: 'x', ErrorCode: code }));
    const slow = await streaming('tgi', token, broken('ModelInvocationTimeExceeded'));
    expect(await rejection(textOf(slow))).toMatchObject({ kind: 'timeout', phase: 'server', partial: { content: 'Hi' } });
    const cut = await streaming('tgi', token, broken('StreamBroken'));
    expect(await rejection(textOf(cut))).toMatchObject({ kind: 'stream_interrupted', partial: { content: 'Hi' } });
    const early = await streaming('tgi', broken('StreamBroken'));
    expect(await rejection(textOf(early))).toMatchObject({ kind: 'connection', retryable: true });
    for (const client of [slow, cut, early]) await client.close();
  });

  it('that the container breaks are told by its own words', async () => {
    const said = 'data:{"error":"Request failed during generation","error_type":"generation"}\n\n';
    const client = await streaming('tgi', eventFrame('PayloadPart', Buffer.from(said)));
    expect(await rejection(textOf(client))).toMatchObject({ kind: 'internal_server' });
    await client.close();
  });

  it('with a damaged frame are no answers', async () => {
    const good = eventFrame('PayloadPart', Buffer.from('data:{"token":{"text":"Hi"}}\n\n'));
    const bad = Uint8Array.from(good);
    bad[bad.byteLength - 9] = (bad[bad.byteLength - 9] ?? 0) ^ 1;
    const first = await streaming('tgi', bad);
    expect(await rejection(textOf(first))).toMatchObject({ kind: 'response_validation' });
    const later = await streaming('tgi', good, bad);
    expect(await rejection(textOf(later))).toMatchObject({ kind: 'stream_interrupted', partial: { content: 'Hi' } });
    const half = await streaming('tgi', good.subarray(0, 50));
    expect(await rejection(textOf(half))).toMatchObject({ kind: 'connection' });
    for (const client of [first, later, half]) await client.close();
  });
});
