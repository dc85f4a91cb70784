import { describe, expect, it } from 'vitest';
import type { ChatRequest } from '../../../src/contract/chat.ts';
import { decodeGenerate } from '../../../src/dialects/gemini/decode.ts';
import { finishOf } from '../../../src/dialects/gemini/finish.ts';
import { callOf, contextOf } from '../../support/call.ts';
import { encoded } from './encoded.ts';

const decode = (body: unknown, headers = {}) =>
  decodeGenerate(body, contextOf(callOf('chat', { messages: [] }, { provider: 'gemini', model: 'gemini-3.6-flash' }), headers));

const answer = (parts: readonly object[], more: object = {}, candidate: object = {}) => ({
  candidates: [{ content: { role: 'model', parts }, finishReason: 'STOP', index: 0, ...candidate }],
  modelVersion: 'gemini-3.6-flash',
  responseId: 'r-1',
  ...more,
});

const firstOf = (body: unknown) => {
  const [choice] = decode(body).choices;
  if (choice === undefined) throw new Error('no choice');
  return choice;
};

describe('a whole answer', () => {
  it('is a ChatCompletion', () => {
    const body = answer(
      [
        { text: 'Need the weather tool.', thought: true },
        { text: 'Let me check.' },
        { functionCall: { id: 'fc1', name: 'get_weather', args: { city: 'Oslo' } }, thoughtSignature: 'CiQB' },
        { functionCall: { name: 'get_time' } },
        { functionCall: { name: 'get_date' } },
      ],
      {
        createTime: '2026-02-03T04:05:06.789Z',
        usageMetadata: {
          promptTokenCount: 31,
          toolUsePromptTokenCount: 9,
          candidatesTokenCount: 16,
          thoughtsTokenCount: 21,
          cachedContentTokenCount: 5,
          totalTokenCount: 77,
          promptTokensDetails: [
            { modality: 'TEXT', tokenCount: 30 },
            { modality: 'AUDIO', tokenCount: 1 },
          ],
          serviceTier: 'flex',
        },
      },
    );
    expect(decode(body)).toEqual({
      id: 'r-1',
      object: 'chat.completion',
      created: Date.UTC(2026, 1, 3, 4, 5, 6) / 1000,
      model: 'gemini-3.6-flash',
      choices: [
        {
          index: 0,
          finish_reason: 'tool_calls',
          native_finish_reason: 'STOP',
          logprobs: null,
          message: {
            role: 'assistant',
            content: 'Let me check.',
            refusal: null,
            reasoning_content: 'Need the weather tool.',
            tool_calls: [
              {
                id: 'fc1',
                type: 'function',
                function: { name: 'get_weather', arguments: '{"city":"Oslo"}' },
                extra_content: { google: { thought_signature: 'CiQB' } },
              },
              { id: 'call_r-1_0', type: 'function', function: { name: 'get_time', arguments: '{}' } },
              { id: 'call_r-1_1', type: 'function', function: { name: 'get_date', arguments: '{}' } },
            ],
          },
        },
      ],
      usage: {
        prompt_tokens: 40,
        completion_tokens: 37,
        total_tokens: 77,
        prompt_tokens_details: { cached_tokens: 5, audio_tokens: 1 },
        completion_tokens_details: { reasoning_tokens: 21 },
      },
      service_tier: 'flex',
    });
  });

  it('has ids of its own where Gemini gives none', () => {
    const reply = decode({ candidates: [{ content: { parts: [{ functionCall: { name: 'f' } }] } }] });
    expect(reply.id).toMatch(/^gemini-test-call-\w+$/);
    expect(reply.choices[0]?.message.tool_calls?.[0]?.id).toMatch(/^call_[\w-]{1,28}_0$/);
    expect(reply.created).toBe(Date.UTC(2026, 0, 2, 3, 4, 5) / 1000);
    expect(reply.model).toBe('gemini-3.6-flash');
    expect(reply.usage).toBeUndefined();
  });

  it('without text is empty, or null beside calls', () => {
    expect(firstOf(answer([], {}, { finishReason: 'MAX_TOKENS' })).message.content).toBe('');
    expect(firstOf({ candidates: [{ finishReason: 'MALFORMED_FUNCTION_CALL', finishMessage: 'bad call' }] })).toMatchObject({
      finish_reason: 'stop',
      native_finish_reason: 'MALFORMED_FUNCTION_CALL',
      native_finish_message: 'bad call',
      message: { content: '' },
    });
    expect(firstOf(answer([{ functionCall: { name: 'f' } }])).message.content).toBeNull();
  });

  it('keeps images, sound, code and sources', () => {
    const { message } = firstOf(
      answer(
        [
          { executableCode: { language: 'PYTHON', code: '1+1' } },
          { codeExecutionResult: { outcome: 'OUTCOME_OK', output: '2' } },
          { inlineData: { mimeType: 'image/png', data: 'AAAA' }, thoughtSignature: 'I' },
          { inlineData: { mimeType: 'audio/L16;rate=24000', data: 'BBBB' } },
          { text: 'two', thoughtSignature: 'T' },
        ],
        {},
        { groundingMetadata: { webSearchQueries: ['q'] }, continuationToken: 'go on', finishReason: 'CONTINUATION' },
      ),
    );
    expect(message).toEqual({
      role: 'assistant',
      content: 'two',
      refusal: null,
      images: [
        {
          type: 'image_url',
          image_url: { url: 'data:image/png;base64,AAAA' },
          extra_content: { google: { thought_signature: 'I' } },
        },
      ],
      audio: { id: 'audio_r-1_0', data: 'BBBB', expires_at: 0, transcript: '', mime_type: 'audio/L16;rate=24000' },
      extra_content: {
        google: {
          thought_signature: 'T',
          parts: [
            { executableCode: { language: 'PYTHON', code: '1+1' } },
            { codeExecutionResult: { outcome: 'OUTCOME_OK', output: '2' } },
          ],
          grounding_metadata: { webSearchQueries: ['q'] },
          continuation_token: 'go on',
        },
      },
    });
  });

  it('comes back whole on the next turn', async () => {
    const parts = [
      { executableCode: { language: 'PYTHON', code: '1+1' } },
      { text: 'two', thoughtSignature: 'T' },
      { inlineData: { mimeType: 'image/png', data: 'AAAA' }, thoughtSignature: 'I' },
      { functionCall: { id: 'x', name: 'f', args: { a: [1] } }, thoughtSignature: 'F' },
      { functionCall: { id: 'y', name: 'g', args: {} } },
    ];
    const request: ChatRequest = { messages: [{ role: 'user', content: 'u' }, firstOf(answer(parts)).message] };
    expect((await encoded(request)).body.contents[1]).toEqual({ role: 'model', parts });
  });

  it('has log probabilities', () => {
    const { logprobs } = firstOf(
      answer(
        [{ text: 'Hi' }],
        {},
        {
          logprobsResult: {
            chosenCandidates: [{ token: 'Hi', tokenId: 1, logProbability: -0.1 }],
            topCandidates: [
              {
                candidates: [
                  { token: 'Hi', logProbability: -0.1 },
                  { token: 'Yo', logProbability: -2 },
                ],
              },
            ],
          },
        },
      ),
    );
    expect(logprobs).toEqual({
      content: [
        {
          token: 'Hi',
          logprob: -0.1,
          bytes: null,
          top_logprobs: [
            { token: 'Hi', logprob: -0.1, bytes: null },
            { token: 'Yo', logprob: -2, bytes: null },
          ],
        },
      ],
      refusal: null,
    });
  });

  it('of several candidates has several choices with calls of their own', () => {
    const candidate = { content: { parts: [{ functionCall: { name: 'f' } }] }, finishReason: 'STOP' };
    const { choices } = decode({ candidates: [candidate, candidate], responseId: 'r' });
    expect(choices.map(({ index, message }) => [index, message.tool_calls?.[0]?.id])).toEqual([
      [0, 'call_r_0'],
      [1, 'call_r_1'],
    ]);
  });

  it('tells the tier from the header too', () => {
    expect(decode(answer([{ text: 'x' }]), { 'x-gemini-service-tier': 'standard' }).service_tier).toBe('default');
  });

  it.each([
    { candidates: [{ content: { parts: [null, 1, {}, { text: 7 }, { functionCall: 3 }, { functionCall: {} }] } }] },
    { candidates: [{ content: 'x', finishReason: 9, index: 'a', logprobsResult: { chosenCandidates: [null] } }] },
    { candidates: [{ content: { parts: 'x' }, finishReason: 'BRAND_NEW' }], usageMetadata: 'x', promptFeedback: 3 },
    { candidates: [{}], usageMetadata: { promptTokenCount: 'x', totalTokenCount: null }, responseId: 3, createTime: 'never' },
  ])('is read leniently: %j', (body) => {
    expect(decode(body).choices[0]).toMatchObject({ finish_reason: 'stop', message: { content: '' } });
  });

  it('of server-side tools is kept as it came', () => {
    const toolCall = { toolCall: { toolType: 'GOOGLE_SEARCH' }, thoughtSignature: 'S' };
    expect(firstOf(answer([toolCall, { text: 'x' }])).message).toMatchObject({
      extra_content: { google: { parts: [toolCall] } },
    });
  });
});

describe('finish reasons', () => {
  const filtered = ['SAFETY', 'RECITATION', 'BLOCKLIST', 'PROHIBITED_CONTENT', 'SPII', 'LANGUAGE', 'IMAGE_SAFETY'];
  const miscalled = ['MALFORMED_FUNCTION_CALL', 'UNEXPECTED_TOOL_CALL', 'TOO_MANY_TOOL_CALLS', 'MALFORMED_RESPONSE'];
  it.each([
    {
      raws: ['STOP', 'OTHER', 'NO_IMAGE', 'IMAGE_OTHER', 'FINISH_REASON_UNSPECIFIED', 'toString'],
      alone: 'stop',
      withCalls: 'tool_calls',
    },
    { raws: ['MAX_TOKENS', 'CONTINUATION'], alone: 'length', withCalls: 'length' },
    { raws: [...filtered, 'IMAGE_PROHIBITED_CONTENT', 'IMAGE_RECITATION'], alone: 'content_filter', withCalls: 'content_filter' },
    { raws: miscalled, alone: 'stop', withCalls: 'stop' },
  ])('$raws are $alone, with calls $withCalls', ({ raws, alone, withCalls }) => {
    for (const raw of raws) expect([raw, finishOf(raw, false), finishOf(raw, true)]).toEqual([raw, alone, withCalls]);
  });
});

describe('failures inside a 200', () => {
  it('are what the error says', () => {
    const body = { error: { code: 503, status: 'UNAVAILABLE', message: 'x' } };
    for (const form of [body, [body]]) {
      expect(() => decode(form)).toThrow(expect.objectContaining({ details: { body, status: 503 } }));
    }
    const grpc = { error: { code: 4, message: 'Deadline expired' } };
    expect(() => decode(grpc)).toThrow(expect.objectContaining({ details: { body: grpc, status: undefined } }));
  });

  it('a blocked prompt is a policy violation with its ratings', () => {
    const promptFeedback = { blockReason: 'PROHIBITED_CONTENT', safetyRatings: [{ category: 'C', probability: 'HIGH' }] };
    expect(() => decode({ promptFeedback })).toThrow(
      expect.objectContaining({
        kind: 'content_policy_violation',
        details: { body: expect.objectContaining({ promptFeedback }), status: undefined },
      }),
    );
  });

  it('a wholly filtered answer is one too; with some content it is an answer', () => {
    const safetyRatings = [{ category: 'C', probability: 'HIGH', blocked: true }];
    const filtered = { finishReason: 'SAFETY', safetyRatings };
    expect(() => decode({ candidates: [filtered] })).toThrow(
      expect.objectContaining({
        kind: 'content_policy_violation',
        details: {
          body: {
            error: expect.objectContaining({ message: expect.stringContaining('SAFETY'), metadata: { reasons: safetyRatings } }),
          },
          status: undefined,
        },
      }),
    );
    expect(firstOf(answer([{ text: 'Once' }], {}, filtered)).finish_reason).toBe('content_filter');
  });

  it.each([[[]], [[1, 2]], ['text'], [null], [7], [{}], [{ candidates: [] }], [{ choices: [] }]])(
    '%j is not the protocol',
    (body) => {
      expect(() => decode(body)).toThrow(expect.objectContaining({ kind: 'response_validation' }));
    },
  );
});
