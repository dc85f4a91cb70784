import Anthropic from '@anthropic-ai/sdk';
import { AnthropicVertex } from '@anthropic-ai/vertex-sdk';
import { ApiError, type GenerateContentResponse, GoogleGenAI } from '@google/genai';
import { OAuth2Client } from 'google-auth-library';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LLMClient } from '../../../src/index.ts';
import { createClient } from '../../../src/index.ts';
import type { MockServer } from '../../../src/testing/index.ts';
import { fault, reply, startMockServer } from '../../../src/testing/index.ts';
import { rejection } from '../../support/client.ts';

const project = 'my-project';
const location = 'us-east5';
const messages = [{ role: 'user' as const, content: 'hi' }];

const FULL = reply({
  text: 'Seven words, in as many small pieces.',
  reasoning: 'Count them.',
  usage: { promptTokens: 20, completionTokens: 9 },
});
const WEATHER = reply({ toolCalls: [{ name: 'get_weather', arguments: { city: 'Oslo' } }], finishReason: 'tool_calls' });

let mock: MockServer;
let llm: LLMClient;
beforeEach(async () => {
  mock = await startMockServer();
  const settings = { accessToken: 'ya29.mine', project, location, baseURL: mock.baseURL('vertex_ai') };
  llm = createClient({ use: [], providers: { vertex_ai: settings } });
});
afterEach(async () => {
  await llm.close();
  await mock.close();
});

function authClient(token: string): OAuth2Client {
  const client = new OAuth2Client();
  client.setCredentials({ access_token: token });
  return client;
}

describe('@google/genai on Vertex', () => {
  const model = 'gemini-2.5-flash';
  const sdk = (token = 'ya29.theirs'): GoogleGenAI =>
    new GoogleGenAI({
      vertexai: true,
      project,
      location,
      googleAuthOptions: { authClient: authClient(token) as never },
      httpOptions: { baseUrl: mock.baseURL('vertex_ai'), retryOptions: { attempts: 1 } },
    });

  const seen = (responses: readonly GenerateContentResponse[]) => {
    const parts = responses.flatMap((response) => response.candidates?.[0]?.content?.parts ?? []);
    const usage = responses.at(-1)?.usageMetadata;
    return {
      text: parts.flatMap((part) => (part.thought ? [] : (part.text ?? ''))).join(''),
      calls: parts.flatMap(({ functionCall }) => (functionCall === undefined ? [] : [[functionCall.name, functionCall.args]])),
      prompt: usage?.promptTokenCount,
      finish: responses.at(-1)?.candidates?.[0]?.finishReason,
    };
  };

  it.each([
    ['text', FULL, 'STOP', 'stop'],
    ['a tool call', WEATHER, 'STOP', 'tool_calls'],
    ['a cut', reply({ text: 'Once', finishReason: 'length' }), 'MAX_TOKENS', 'length'],
  ] as const)('%s: it and we read the same, whole and streamed', async (_, item, theirReason, ourReason) => {
    mock.enqueue('vertex_ai', item, item, item, item);
    const theirs = await sdk().models.generateContent({ model, contents: 'hi' });
    const ours = await llm.chat.completions.create({ model: `vertex_ai/${model}`, messages });
    const streamed: GenerateContentResponse[] = [];
    for await (const chunk of await sdk().models.generateContentStream({ model, contents: 'hi' })) streamed.push(chunk);
    const our = await llm.chat.completions.stream({ model: `vertex_ai/${model}`, messages }).finalChatCompletion();
    const expected = seen([theirs]);
    expect(seen(streamed)).toEqual(expected);
    expect(expected.finish).toBe(theirReason);
    for (const answer of [ours, our]) {
      const choice = answer.choices[0];
      expect(choice?.message.content ?? '').toBe(expected.text);
      expect(choice?.finish_reason).toBe(ourReason);
      const calls = (choice?.message.tool_calls ?? []).map((call) =>
        'function' in call ? [call.function.name, JSON.parse(call.function.arguments)] : [],
      );
      expect(calls).toEqual(expected.calls);
    }
    expect(ours.usage?.prompt_tokens).toBe(expected.prompt);
    const paths = mock.requests.map(({ path }) => path);
    expect(paths[1]).toBe(paths[0]);
    expect(paths[3]).toBe(paths[2]);
  });

  it.each(['text-embedding-005', 'gemini-embedding-2'])('vectors of %s are the same', async (name) => {
    const theirs = await sdk().models.embedContent({
      model: name,
      contents: 'abc',
      config: { outputDimensionality: 5, taskType: 'RETRIEVAL_QUERY' },
    });
    const ours = await llm.embeddings.create({
      model: `vertex_ai/${name}`,
      input: 'abc',
      dimensions: 5,
      providerOptions: { vertex_ai: { taskType: 'RETRIEVAL_QUERY' } },
    });
    expect(ours.data[0]?.embedding).toEqual(theirs.embeddings?.[0]?.values);
    const [their, our] = mock.requests;
    expect(our?.path).toBe(their?.path);
    if (name.startsWith('text-')) expect(our?.body).toEqual(their?.body);
    else
      expect(our?.body).toMatchObject({ content: { parts: [{ text: 'abc' }] }, embedContentConfig: { outputDimensionality: 5 } });
  });

  it('raises its error, and express mode works', async () => {
    mock.enqueue('vertex_ai', fault.rateLimit(), fault.unavailable());
    for (const status of [429, 503]) {
      const error = await rejection(sdk().models.generateContent({ model, contents: 'hi' }));
      expect(error).toBeInstanceOf(ApiError);
      expect(error).toMatchObject({ status });
    }
    expect(await rejection(sdk('wrong').models.generateContent({ model, contents: 'hi' }))).toMatchObject({ status: 401 });
    const express = new GoogleGenAI({ vertexai: true, apiKey: 'key-1', httpOptions: { baseUrl: mock.baseURL('vertex_ai') } });
    expect((await express.models.generateContent({ model, contents: 'hi' })).text).toMatch(/\w/);
    const own = createClient({ use: [], providers: { vertex_ai: { apiKey: 'key-1', baseURL: mock.baseURL('vertex_ai') } } });
    await own.chat.completions.create({ model: `vertex_ai/${model}`, messages });
    await own.close();
    expect(mock.requests.at(-1)?.path).toBe(mock.requests.at(-2)?.path);
  });
});

describe('@anthropic-ai/vertex-sdk', () => {
  const model = 'claude-sonnet-4-5@20250929';
  const request = { model, max_tokens: 64, messages };
  const sdk = (token = 'ya29.theirs'): AnthropicVertex =>
    new AnthropicVertex({
      projectId: project,
      region: location,
      // the SDK's types are those of another version of the library
      authClient: authClient(token) as never,
      baseURL: `${mock.baseURL('vertex_ai')}/v1`,
      maxRetries: 0,
    });

  it.each([
    ['text', FULL, 'end_turn', 'stop'],
    ['a tool call', WEATHER, 'tool_use', 'tool_calls'],
    ['a cut', reply({ text: 'Once', finishReason: 'length' }), 'max_tokens', 'length'],
  ] as const)('%s: it and we read the same, whole and streamed', async (_, item, theirReason, ourReason) => {
    mock.enqueue('vertex_ai', item, item, item, item);
    const theirs = [await sdk().messages.create(request), await sdk().messages.stream(request).finalMessage()];
    const params = { model: `vertex_ai/${model}`, messages, max_tokens: 64, stream_options: { include_usage: true } };
    const ours = [await llm.chat.completions.create(params), await llm.chat.completions.stream(params).finalChatCompletion()];
    for (const [index, their] of theirs.entries()) {
      const our = ours[index];
      const choice = our?.choices[0];
      expect(their.stop_reason).toBe(theirReason);
      expect(choice?.finish_reason).toBe(ourReason);
      expect(choice?.message.content ?? '').toBe(
        their.content.flatMap((block) => (block.type === 'text' ? block.text : [])).join(''),
      );
      expect(
        choice?.message.tool_calls?.map((call) => ('function' in call ? JSON.parse(call.function.arguments) : undefined)) ?? [],
      ).toEqual(their.content.flatMap((block) => (block.type === 'tool_use' ? [block.input] : [])));
      expect(our?.usage).toMatchObject({ prompt_tokens: their.usage.input_tokens, completion_tokens: their.usage.output_tokens });
    }
    const paths = mock.requests.map(({ path }) => decodeURIComponent(path));
    expect(paths.slice(2)).toEqual(paths.slice(0, 2));
    const bodies = mock.requests.map(({ body }) => Object.keys(body as object).sort());
    expect(bodies[2]).toEqual(bodies[0]);
    expect(bodies[3]).toEqual(bodies[1]);
  });

  it('raises its error classes', async () => {
    mock.enqueue('vertex_ai', fault.overloaded(), fault.rateLimit(), fault.errorEvent(1));
    expect(await rejection(sdk().messages.create(request))).toBeInstanceOf(Anthropic.InternalServerError);
    expect(await rejection(sdk().messages.create(request))).toBeInstanceOf(Anthropic.RateLimitError);
    expect(String(await rejection(sdk().messages.stream(request).finalMessage()))).toContain('overloaded_error');
    expect(await rejection(sdk('wrong').messages.create(request))).toBeInstanceOf(Anthropic.AuthenticationError);
  });
});
