import { describe, expect, it } from 'vitest';
import type { CallOptions } from '../../../src/contract/call.ts';
import type { ChatRequest } from '../../../src/contract/chat.ts';
import type { Media } from '../../../src/contract/media.ts';
import { bedrock } from '../../../src/providers/bedrock/bedrock.ts';
import { rejection } from '../../support/client.ts';
import { providerOn } from '../../support/recording-transport.ts';

const ANSWER = {
  output: { message: { role: 'assistant', content: [{ text: 'Hi' }] } },
  stopReason: 'end_turn',
  usage: { inputTokens: 3, outputTokens: 1, totalTokens: 4 },
};
const CLAUDE = 'us.anthropic.claude-sonnet-4-5-20250929-v1:0';
const NEWEST = 'us.anthropic.claude-opus-4-7';
const NOVA = 'us.amazon.nova-2-lite-v1:0';
const SETTINGS = { apiKey: 'k', region: 'eu-central-1' };

interface Changes {
  readonly model?: string;
  readonly options?: CallOptions;
  readonly media?: (url: string) => Promise<Media>;
}

async function send(request: Partial<ChatRequest>, { model = CLAUDE, options = {}, media }: Changes = {}) {
  const on = providerOn(bedrock, { settings: SETTINGS, answer: ANSWER });
  const full = { messages: [{ role: 'user', content: 'Hi' }], ...request } as ChatRequest;
  const { sent, warnings } = await on.run('chat', full, { model, options, ...(media === undefined ? {} : { media }) });
  return { body: sent.body, sent, warnings };
}

const user = (content: unknown): ChatRequest['messages'][number] => ({ role: 'user', content }) as never;
const tool = { type: 'function' as const, function: { name: 'get_weather', parameters: { type: 'object', properties: {} } } };
const asked = (id: string): ChatRequest['messages'][number] => ({
  role: 'assistant',
  content: null,
  tool_calls: [{ id, type: 'function', function: { name: 'get_weather', arguments: '{"city":"Oslo"}' } }],
});
const schema = { type: 'object', properties: { x: { type: 'number' } } };
const response_format = { type: 'json_schema' as const, json_schema: { name: 'answer', schema } };

describe('addresses', () => {
  it.each([
    [CLAUDE, '/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse'],
    [
      'arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/ab12',
      '/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Aapplication-inference-profile%2Fab12/converse',
    ],
  ])('encode %s as one segment', async (model, path) => {
    const { sent } = await send({}, { model });
    expect(sent.url).toBe(`https://bedrock-runtime.eu-central-1.amazonaws.com${path}`);
    expect(sent.headers.authorization).toBe('Bearer k');
  });
});

describe('messages', () => {
  it('are hoisted, merged and freed of blank texts', async () => {
    const { body } = await send({
      messages: [
        { role: 'system', content: 'Be kind.' },
        { role: 'developer', content: [{ type: 'text', text: 'Be brief.' }] },
        user('One'),
        user([
          { type: 'text', text: ' ' },
          { type: 'text', text: 'Two' },
        ]),
        { role: 'assistant', content: 'So far ' },
      ],
    });
    expect(body).toEqual({
      system: [{ text: 'Be kind.' }, { text: 'Be brief.' }],
      messages: [
        { role: 'user', content: [{ text: 'One' }, { text: 'Two' }] },
        { role: 'assistant', content: [{ text: 'So far' }] },
      ],
    });
  });

  it('carry all results of a turn in one message, before its words', async () => {
    const { body } = await send({
      tools: [tool],
      messages: [
        user('Weather?'),
        asked('a.1'),
        asked('b'),
        user('And hurry'),
        { role: 'tool', tool_call_id: 'b', content: '' },
        { role: 'tool', tool_call_id: 'a.1', content: 'snow', is_error: true } as never,
      ],
    });
    expect(body.messages).toMatchObject([
      { role: 'user' },
      {
        role: 'assistant',
        content: [
          { toolUse: { toolUseId: 'a_1', name: 'get_weather', input: { city: 'Oslo' } } },
          { toolUse: { toolUseId: 'b' } },
        ],
      },
      {
        role: 'user',
        content: [
          { toolResult: { toolUseId: 'b', content: [{ json: {} }] } },
          { toolResult: { toolUseId: 'a_1', content: [{ text: 'snow' }], status: 'error' } },
          { text: 'And hurry' },
        ],
      },
    ]);
  });

  it('give Mistral ids of nine letters and digits', async () => {
    const id = 'call_with_a_long_name';
    const messages = [user('Weather?'), asked(id), { role: 'tool' as const, tool_call_id: id, content: 'snow' }];
    const { body } = await send({ tools: [tool], messages }, { model: 'mistral.mistral-large-2402-v1:0' });
    const [, call, result] = body.messages as { content: { toolUse?: { toolUseId: string }; toolResult?: object }[] }[];
    const given = call?.content[0]?.toolUse?.toolUseId;
    expect(given).toMatch(/^[a-z0-9]{9}$/);
    expect(result?.content[0]?.toolResult).toMatchObject({ toolUseId: given });
  });

  it('tell tool calls as text when no tools are sent', async () => {
    const messages = [user('Weather?'), asked('a'), { role: 'tool' as const, tool_call_id: 'a', content: 'snow' }];
    for (const request of [{ messages }, { messages, tools: [tool], tool_choice: 'none' as const }]) {
      const { body, warnings } = await send(request);
      expect(JSON.stringify(body)).not.toMatch(/toolUse|toolResult|toolConfig/);
      expect(JSON.stringify(body)).toMatch(/get_weather.*Oslo.*snow/);
      expect(warnings.join()).toContain('told as text');
    }
  });

  it('bring signed reasoning back, and no other', async () => {
    const thinking_blocks = [
      { type: 'thinking' as const, thinking: 'Hm.', signature: 'EqMB' },
      { type: 'redacted_thinking' as const, data: 'AAEC' },
      { type: 'thinking' as const, thinking: 'Unsigned.' },
    ];
    const { body, warnings } = await send({
      messages: [user('Hi'), { role: 'assistant', content: 'Hello', thinking_blocks }, user('And?')],
    });
    expect((body.messages as object[])[1]).toEqual({
      role: 'assistant',
      content: [
        { reasoningContent: { reasoningText: { text: 'Hm.', signature: 'EqMB' } } },
        { reasoningContent: { redactedContent: 'AAEC' } },
        { text: 'Hello' },
      ],
    });
    expect(warnings.join()).toContain('signature');
  });

  it('hold cache points after what is marked, four at most', async () => {
    const cache_control = { type: 'ephemeral' as const };
    const part = (text: string) => ({ type: 'text', text, cache_control });
    const { body, warnings } = await send({
      tools: [{ ...tool, cache_control } as never],
      messages: [
        { role: 'system', content: 'Long.', cache_control: { type: 'ephemeral', ttl: '1h' } },
        user([part('a'), part('b'), part('c'), part('d')]),
      ],
    });
    expect(body.toolConfig).toMatchObject({ tools: [{ toolSpec: {} }, { cachePoint: { type: 'default' } }] });
    expect(body.system).toEqual([{ text: 'Long.' }]);
    expect((body.messages as { content: object[] }[])[0]?.content.map((block) => Object.keys(block)[0])).toEqual([
      'text',
      'text',
      'cachePoint',
      'text',
      'cachePoint',
      'text',
      'cachePoint',
    ]);
    expect(warnings.join()).toContain('4 cache points');
    const result = { role: 'tool' as const, tool_call_id: 'a', content: [part('snow')] };
    const marked = await send({ tools: [tool], messages: [user('Weather?'), asked('a'), result] as never });
    expect((marked.body.messages as { content: object[] }[])[2]?.content).toEqual([
      { toolResult: { toolUseId: 'a', content: [{ text: 'snow' }] } },
      { cachePoint: { type: 'default' } },
    ]);
    const others = await send({ messages: [user([part('a')])] }, { model: 'meta.llama3-1-70b-instruct-v1:0' });
    expect(JSON.stringify(others.body)).not.toContain('cachePoint');
    expect(others.warnings.join()).toContain('"cache_control"');
  });
});

describe('media', () => {
  const image = (url: string) => ({ type: 'image_url', image_url: { url } });
  const file = (fields: object) => ({ type: 'file', file: fields });

  it('travel as bytes or as addresses of S3', async () => {
    const { body } = await send({
      messages: [
        user([
          { type: 'text', text: 'See' },
          image('data:image/jpg;base64,AAAA'),
          image('s3://bucket/pic.webp'),
          file({ filename: 'My report_v2 (final).pdf', file_data: 'data:application/pdf;base64,BBBB' }),
          file({ filename: 'My report_v2 (final).docx', file_data: 'CCCC' }),
          file({ file_id: 's3://bucket/clip.mp4' }),
          { type: 'input_audio', input_audio: { data: 'DDDD', format: 'wav' } },
        ]),
      ],
    });
    expect((body.messages as { content: object[] }[])[0]?.content).toEqual([
      { text: 'See' },
      { image: { format: 'jpeg', source: { bytes: 'AAAA' } } },
      { image: { format: 'webp', source: { s3Location: { uri: 's3://bucket/pic.webp' } } } },
      { document: { format: 'pdf', name: 'My report v2 (final)', source: { bytes: 'BBBB' } } },
      { document: { format: 'docx', name: 'My report v2 (final) (2)', source: { bytes: 'CCCC' } } },
      { video: { format: 'mp4', source: { s3Location: { uri: 's3://bucket/clip.mp4' } } } },
      { audio: { format: 'wav', source: { bytes: 'DDDD' } } },
    ]);
  });

  it('put a text beside a document that stands alone', async () => {
    const { body } = await send({ messages: [user([file({ filename: 'a.md', file_data: 'AAAA' })])] });
    expect((body.messages as { content: object[] }[])[0]?.content).toEqual([
      { text: 'Document: a' },
      { document: { format: 'md', name: 'a', source: { bytes: 'AAAA' } } },
    ]);
  });

  it('are loaded by URL if the client may', async () => {
    const messages = [user([image('https://example.com/a.png')])];
    const media = (): Promise<Media> => Promise.resolve({ mimeType: 'image/png', data: 'EEEE' });
    const { body } = await send({ messages }, { media });
    expect(body.messages).toMatchObject([{ content: [{ image: { format: 'png', source: { bytes: 'EEEE' } } }] }]);
    expect(await rejection(send({ messages }))).toMatchObject({ kind: 'configuration', code: 'media_download_off' });
  });

  it('are refused where bedrock cannot read them', async () => {
    for (const part of [
      image('data:image/tiff;base64,AA'),
      image('nonsense'),
      file({}),
      file({ filename: 'a.zip', file_data: 'AA' }),
    ]) {
      const error = await rejection(send({ messages: [user([part])] }));
      expect(error).toMatchObject({ kind: 'bad_request', param: 'messages[0].content[0]' });
    }
  });
});

describe('tools', () => {
  it('are declared with their choice', async () => {
    const { body } = await send({ tools: [tool], tool_choice: { type: 'function', function: { name: 'get_weather' } } });
    expect(body.toolConfig).toEqual({
      tools: [{ toolSpec: { name: 'get_weather', inputSchema: { json: { type: 'object', properties: {} } } } }],
      toolChoice: { tool: { name: 'get_weather' } },
    });
    expect((await send({ tools: [tool], tool_choice: 'required' })).body.toolConfig).toMatchObject({ toolChoice: { any: {} } });
    expect((await send({ tools: [tool], tool_choice: 'auto' })).body.toolConfig).toMatchObject({ toolChoice: { auto: {} } });
  });

  it('are strict where the model takes that', async () => {
    const strict = { ...tool, function: { ...tool.function, strict: true } };
    expect(JSON.stringify((await send({ tools: [strict] })).body)).toContain('"strict":true');
    const newest = await send({ tools: [strict] }, { model: NEWEST });
    expect(JSON.stringify(newest.body)).not.toContain('"strict"');
    expect(newest.warnings.join()).toContain('strict');
  });

  it('are called one by one by Claude only', async () => {
    const request = { tools: [tool], tool_choice: 'required' as const, parallel_tool_calls: false };
    const { body } = await send(request);
    expect(body.additionalModelRequestFields).toEqual({ tool_choice: { type: 'any', disable_parallel_tool_use: true } });
    expect(body.toolConfig).not.toHaveProperty('toolChoice');
    expect(await rejection(send(request, { model: NOVA }))).toMatchObject({ param: 'parallel_tool_calls' });
  });

  it('cannot be forced while Claude reasons within a budget', async () => {
    const request = { tools: [tool], tool_choice: 'required' as const, reasoning_effort: 'low' as const };
    expect(await rejection(send(request))).toMatchObject({ kind: 'unsupported_params', param: 'tool_choice' });
    const dropped = await send(request, { options: { unsupportedParams: 'drop' } });
    expect(dropped.body.toolConfig).toMatchObject({ toolChoice: { auto: {} } });
  });
});

describe('parameters', () => {
  it('stand where Converse wants them', async () => {
    const { body } = await send({
      max_completion_tokens: 100,
      temperature: 0.5,
      stop: 'END',
      service_tier: 'flex',
      metadata: { team: 'blue' },
    });
    expect(body).toMatchObject({
      inferenceConfig: { maxTokens: 100, temperature: 0.5, stopSequences: ['END'] },
      serviceTier: { type: 'flex' },
      requestMetadata: { team: 'blue' },
    });
  });

  it('follow the rules of each maker', async () => {
    const effort = { reasoning_effort: 'high' as const, max_tokens: 100 };
    const claude = (await send(effort)).body;
    expect(claude.additionalModelRequestFields).toMatchObject({
      thinking: { type: 'enabled', budget_tokens: expect.any(Number) },
    });
    const adaptive = (await send(effort, { model: 'anthropic.claude-opus-4-6-v1' })).body;
    expect(adaptive.additionalModelRequestFields).toMatchObject({
      thinking: { type: 'adaptive' },
      output_config: { effort: 'high' },
    });
    const oss = (await send(effort, { model: 'openai.gpt-oss-120b-1:0' })).body;
    expect(oss).toMatchObject({
      additionalModelRequestFields: { reasoning_effort: 'high' },
      inferenceConfig: { maxTokens: 100 },
    });
    const gpt = (await send(effort, { model: 'openai.gpt-5.1' })).body;
    expect(gpt.additionalModelRequestFields).toEqual({ reasoning: { effort: 'high' } });
    const nova = (await send(effort, { model: NOVA })).body;
    expect(nova.additionalModelRequestFields).toEqual({ reasoningConfig: { type: 'enabled', maxReasoningEffort: 'high' } });
    expect(nova).not.toHaveProperty('inferenceConfig');
    const other = (await send(effort, { model: 'deepseek.v3-v1:0' })).body;
    expect(other.outputConfig).toEqual({ effort: 'high' });
  });

  it('are refused where the model lacks them', async () => {
    expect(await rejection(send({ stop: 'x' }, { model: 'openai.gpt-oss-20b-1:0' }))).toMatchObject({ param: 'stop' });
    expect(await rejection(send({ temperature: 0.2 }, { model: 'openai.gpt-5.1' }))).toMatchObject({ param: 'temperature' });
    expect(await rejection(send({ temperature: 1.5 }, { model: NOVA }))).toMatchObject({ param: 'temperature' });
    expect(await rejection(send({ temperature: 0.2 }, { model: NEWEST }))).toMatchObject({ param: 'temperature' });
  });

  it('of bedrock alone come from providerOptions', async () => {
    const guardrailConfig = { guardrailIdentifier: 'g', guardrailVersion: '1' };
    const { body } = await send({
      providerOptions: {
        bedrock: {
          top_k: 5,
          betas: ['context-1m'],
          guardrailConfig,
          performanceConfig: { latency: 'optimized' },
          additionalModelRequestFields: { own: 1 },
          additionalModelResponseFieldPaths: ['/stop_sequence'],
        },
        anthropic: { top_k: 9 },
      },
    });
    expect(body).toMatchObject({
      additionalModelRequestFields: { top_k: 5, anthropic_beta: ['context-1m'], own: 1 },
      guardrailConfig,
      performanceConfig: { latency: 'optimized' },
      additionalModelResponseFieldPaths: ['/stop_sequence'],
    });
    const arn = 'arn:aws:bedrock:us-east-1:1:application-inference-profile/x';
    const hinted = await send(
      { reasoning_effort: 'low', providerOptions: { bedrock: { baseModel: 'openai.gpt-oss-20b-1:0' } } },
      { model: arn },
    );
    expect(hinted.body).toMatchObject({ additionalModelRequestFields: { reasoning_effort: 'low' } });
    expect(hinted.body).not.toHaveProperty('baseModel');
  });
});

describe('answers by a schema', () => {
  it('are asked for in Converse’s field, in Claude’s, or through a tool', async () => {
    const open = (await send({ response_format }, { model: 'qwen.qwen3-32b-v1:0' })).body;
    expect(open.outputConfig).toEqual({
      textFormat: { type: 'json_schema', structure: { jsonSchema: { schema: JSON.stringify(schema), name: 'answer' } } },
    });
    const claude = (await send({ response_format })).body;
    expect(claude.additionalModelRequestFields).toMatchObject({
      output_config: { format: { type: 'json_schema', schema: { additionalProperties: false } } },
    });
    const newest = (await send({ response_format }, { model: NEWEST })).body;
    expect(newest.toolConfig).toMatchObject({
      tools: [{ toolSpec: { name: 'json', inputSchema: { json: schema } } }],
      toolChoice: { tool: { name: 'json' } },
    });
    const both = (await send({ response_format, tools: [tool] }, { model: NOVA })).body;
    expect(both.toolConfig).toMatchObject({ tools: [{}, { toolSpec: { name: 'json' } }], toolChoice: { any: {} } });
    const unforced = await send({ response_format }, { model: 'anthropic.claude-fable-5-2' });
    expect(JSON.stringify(unforced.body.system)).toContain('schema');
    expect(unforced.body).not.toHaveProperty('toolConfig');
    expect(unforced.warnings.join()).toContain('system prompt');
  });
});
