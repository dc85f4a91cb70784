import { describe, expect, it } from 'vitest';
import type { ChatRequest } from '../../../src/contract/chat.ts';
import { developerAPI } from '../../../src/dialects/gemini/service-traits.ts';
import { encoded, hello } from './encoded.ts';

const configOf = async (request: Partial<ChatRequest>, model?: string): Promise<unknown> =>
  (await encoded({ messages: hello, ...request }, model === undefined ? {} : { model })).body.generationConfig;

describe('path', () => {
  it.each([
    ['gemini-3.6-flash', '/models/gemini-3.6-flash:generateContent'],
    ['models/gemini-3.6-flash', '/models/gemini-3.6-flash:generateContent'],
    ['tunedModels/mine-1', '/tunedModels/mine-1:generateContent'],
    ['odd name?x#y', '/models/odd%20name%3Fx%23y:generateContent'],
  ])('of %s', async (model, path) => {
    expect((await encoded({ messages: hello }, { model })).path).toBe(path);
  });

  it.each(['models/../files', '', 'a//b', '.'])('refuses %j', async (model) => {
    await expect(encoded({ messages: hello }, { model })).rejects.toMatchObject({ kind: 'bad_request', param: 'model' });
  });
});

describe('generationConfig', () => {
  it.each<[string, Partial<ChatRequest>, object]>([
    ['max_completion_tokens', { max_completion_tokens: 9 }, { maxOutputTokens: 9 }],
    ['max_tokens', { max_tokens: 8 }, { maxOutputTokens: 8 }],
    ['temperature', { temperature: 0 }, { temperature: 0 }],
    ['top_p', { top_p: 0.5 }, { topP: 0.5 }],
    ['top_k, as LiteLLM has it', { top_k: 7 } as Partial<ChatRequest>, { topK: 7 }],
    ['stop, one', { stop: 'END' }, { stopSequences: ['END'] }],
    ['stop, several', { stop: ['a', 'b'] }, { stopSequences: ['a', 'b'] }],
    ['n', { n: 3 }, { candidateCount: 3 }],
    ['seed', { seed: 42 }, { seed: 42 }],
    ['penalties', { frequency_penalty: 0.5, presence_penalty: -1 }, { frequencyPenalty: 0.5, presencePenalty: -1 }],
    ['logprobs', { logprobs: true, top_logprobs: 3 }, { responseLogprobs: true, logprobs: 3 }],
    ['json_object', { response_format: { type: 'json_object' } }, { responseMimeType: 'application/json' }],
    [
      'json_schema',
      { response_format: { type: 'json_schema', json_schema: { name: 'a', schema: { type: 'object', $schema: 'x' } } } },
      { responseMimeType: 'application/json', responseJsonSchema: { type: 'object' } },
    ],
    ['modalities', { modalities: ['text', 'audio'] }, { responseModalities: ['TEXT', 'AUDIO'] }],
    [
      'audio',
      { audio: { voice: 'Kore', format: 'pcm16' } },
      { speechConfig: { voiceConfig: { prebuiltVoiceConfig: { voiceName: 'Kore' } } } },
    ],
    ['reasoning_effort', { reasoning_effort: 'low' }, { thinkingConfig: { includeThoughts: true, thinkingLevel: 'LOW' } }],
  ])('%s', async (_name, request, config) => {
    expect(await configOf(request)).toEqual(config);
  });

  it('is left out when nothing sets it', async () => {
    expect(
      await configOf({ n: 1, temperature: null, modalities: ['text'], response_format: { type: 'text' }, logprobs: false }),
    ).toBeUndefined();
  });

  it('takes detail as the resolution where all images agree', async () => {
    const image = (detail: 'low' | 'high' | 'auto') => ({
      type: 'image_url' as const,
      image_url: { url: 'data:image/png;base64,AAAA', detail },
    });
    const of = (...details: ('low' | 'high' | 'auto')[]) =>
      encoded({ messages: [{ role: 'user', content: details.map(image) }] });
    expect((await of('low', 'low')).body.generationConfig).toEqual({ mediaResolution: 'MEDIA_RESOLUTION_LOW' });
    expect((await of('high')).body.generationConfig).toEqual({ mediaResolution: 'MEDIA_RESOLUTION_HIGH' });
    expect((await of('auto')).warnings).toEqual([]);
    const mixed = await of('low', 'high');
    expect(mixed.body.generationConfig).toBeUndefined();
    expect(mixed.warnings).toEqual(['gemini has no "image_url.detail"; sent without it']);
  });
});

describe('what Gemini lacks', () => {
  it.each<[string, Partial<ChatRequest>]>([
    ['logit_bias', { logit_bias: { 1: 2 } }],
    ['prediction', { prediction: { type: 'content', content: 'x' } }],
    ['verbosity', { verbosity: 'low' }],
    ['parallel_tool_calls', { parallel_tool_calls: false }],
  ])('%s is an error, or dropped on request', async (param, request) => {
    const whole: ChatRequest = { messages: hello, ...request };
    await expect(encoded(whole)).rejects.toMatchObject({ kind: 'unsupported_params', param });
    const { body, warnings } = await encoded(whole, { options: { unsupportedParams: 'drop' } });
    expect(body).toEqual({ contents: [{ role: 'user', parts: [{ text: 'Hello' }] }] });
    expect(warnings).toEqual([`gemini has no "${param}"; sent without it`]);
  });

  it('drops hints with a warning each', async () => {
    const { body, warnings } = await encoded({
      messages: hello,
      user: 'u',
      metadata: { a: 'b' },
      store: true,
      prompt_cache_key: 'k',
      safety_identifier: 's',
      parallel_tool_calls: true,
    });
    expect(Object.keys(body)).toEqual(['contents']);
    expect(warnings).toHaveLength(5);
  });

  it('penalties only on 2.5, and only when they say something', async () => {
    const request: ChatRequest = { messages: hello, frequency_penalty: 1 };
    await expect(encoded(request, { model: 'gemini-2.5-pro' })).rejects.toMatchObject({ param: 'frequency_penalty' });
    await expect(encoded({ messages: hello, presence_penalty: 0 }, { model: 'gemini-2.5-pro' })).resolves.toBeDefined();
    const service = { ...developerAPI, penaltiesOn25: true };
    const { body } = await encoded(request, { model: 'gemini-2.5-pro', service });
    expect(body.generationConfig).toEqual({ frequencyPenalty: 1 });
  });

  it('tools next to a format before Gemini 3', async () => {
    const request: ChatRequest = {
      messages: hello,
      tools: [{ type: 'function', function: { name: 'f' } }],
      response_format: { type: 'json_object' },
    };
    await expect(encoded(request, { model: 'gemini-2.5-flash' })).rejects.toMatchObject({ param: 'response_format' });
    expect((await encoded(request)).body.generationConfig).toEqual({ responseMimeType: 'application/json' });
  });
});

describe('service tier', () => {
  it.each([
    ['default', 'standard'],
    ['flex', 'flex'],
    ['priority', 'priority'],
  ] as const)('%s is %s', async (tier, sent) => {
    expect((await encoded({ messages: hello, service_tier: tier })).body.serviceTier).toBe(sent);
  });

  it('auto is silent, others are dropped', async () => {
    const auto = await encoded({ messages: hello, service_tier: 'auto' });
    expect([auto.body.serviceTier, auto.warnings]).toEqual([undefined, []]);
    expect((await encoded({ messages: hello, service_tier: 'scale' })).warnings).toHaveLength(1);
  });

  it('can be a header, and metadata can be labels', async () => {
    const service = {
      ...developerAPI,
      labels: true,
      serviceTier: (tier: string) => ({ headers: { 'x-vertex-ai-llm-shared-request-type': tier } }),
    };
    const sent = await encoded({ messages: hello, service_tier: 'flex', metadata: { team: 'a' } }, { service });
    expect(sent.headers).toEqual({ 'x-vertex-ai-llm-shared-request-type': 'flex' });
    expect(sent.body.labels).toEqual({ team: 'a' });
  });
});

describe('providerOptions.gemini', () => {
  it('puts each field where it belongs and reads no one else', async () => {
    const { body } = await encoded({
      messages: hello,
      reasoning_effort: 'high',
      temperature: 1,
      tools: [{ type: 'function', function: { name: 'f' } }],
      providerOptions: {
        anthropic: { top_k: 1 },
        gemini: {
          safetySettings: [{ category: 'HARM_CATEGORY_HARASSMENT', threshold: 'OFF' }],
          thinkingConfig: { thinkingBudget: -1 },
          topK: 5,
          responseModalities: ['IMAGE'],
          mediaResolution: 'MEDIA_RESOLUTION_LOW',
          speechConfig: { languageCode: 'de' },
          generationConfig: { imageConfig: { aspectRatio: '1:1' } },
          tools: [{ codeExecution: {} }],
          toolConfig: { retrievalConfig: { languageCode: 'de' } },
          continuationToken: 'c',
        },
      },
    });
    expect(body).toEqual({
      contents: [{ role: 'user', parts: [{ text: 'Hello' }] }],
      tools: [{ functionDeclarations: [{ name: 'f' }] }, { codeExecution: {} }],
      toolConfig: { retrievalConfig: { languageCode: 'de' } },
      generationConfig: {
        temperature: 1,
        topK: 5,
        thinkingConfig: { thinkingBudget: -1 },
        responseModalities: ['IMAGE'],
        speechConfig: { languageCode: 'de' },
        mediaResolution: 'MEDIA_RESOLUTION_LOW',
        imageConfig: { aspectRatio: '1:1' },
      },
      safetySettings: [{ category: 'HARM_CATEGORY_HARASSMENT', threshold: 'OFF' }],
      continuationToken: 'c',
    });
  });

  it('cachedContent takes the place of system and tools', async () => {
    const { body, warnings } = await encoded({
      messages: [{ role: 'system', content: 'S' }, ...hello],
      tools: [{ type: 'function', function: { name: 'f' } }],
      providerOptions: { gemini: { cachedContent: 'cachedContents/1' } },
    });
    expect(body).toEqual({ contents: [{ role: 'user', parts: [{ text: 'Hello' }] }], cachedContent: 'cachedContents/1' });
    expect(warnings).toHaveLength(1);
  });
});
