import { describe, expect, it } from 'vitest';
import type { ChatChunk, ChatRequest } from '../../../src/contract/chat.ts';
import { GeminiStreamDecoder } from '../../../src/dialects/gemini/stream-decoder.ts';
import { callOf, contextOf } from '../../support/call.ts';

const decoderOf = (request: Partial<ChatRequest> = {}) =>
  new GeminiStreamDecoder(
    contextOf(callOf('stream', { messages: [], ...request }, { provider: 'gemini', model: 'gemini-3.6-flash' })),
  );

function read(events: readonly unknown[], request?: Partial<ChatRequest>) {
  const decoder = decoderOf(request);
  const chunks: ChatChunk[] = [];
  for (const event of events) decoder.event(JSON.stringify(event), '', chunks);
  const { finished } = decoder;
  decoder.end(chunks);
  return { chunks, finished, done: decoder.done };
}

/** The transcript of the wire sheet. */
const SHEET = [
  '{"candidates":[{"content":{"parts":[{"text":"Need the weather tool.","thought":true}],"role":"model"},"index":0}],"usageMetadata":{"promptTokenCount":31,"totalTokenCount":52,"thoughtsTokenCount":21},"modelVersion":"gemini-3.6-flash","responseId":"r-1"}',
  '{"candidates":[{"content":{"parts":[{"text":"Let me check."}],"role":"model"},"index":0}],"usageMetadata":{"promptTokenCount":31,"candidatesTokenCount":4,"totalTokenCount":56,"thoughtsTokenCount":21},"modelVersion":"gemini-3.6-flash","responseId":"r-1"}',
  '{"candidates":[{"content":{"parts":[{"functionCall":{"id":"fc1","name":"get_weather","args":{"city":"Oslo"}},"thoughtSignature":"CiQB…"}],"role":"model"},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":31,"candidatesTokenCount":16,"totalTokenCount":68,"thoughtsTokenCount":21},"modelVersion":"gemini-3.6-flash","responseId":"r-1"}',
].map((text) => JSON.parse(text));

const head = {
  id: 'r-1',
  object: 'chat.completion.chunk',
  created: Date.UTC(2026, 0, 2, 3, 4, 5) / 1000,
  model: 'gemini-3.6-flash',
};

const EXPECTED = [
  {
    ...head,
    choices: [{ index: 0, delta: { role: 'assistant', reasoning_content: 'Need the weather tool.' }, finish_reason: null }],
  },
  { ...head, choices: [{ index: 0, delta: { content: 'Let me check.' }, finish_reason: null }] },
  {
    ...head,
    choices: [
      {
        index: 0,
        delta: {
          tool_calls: [
            {
              index: 0,
              id: 'fc1',
              type: 'function',
              function: { name: 'get_weather', arguments: '{"city":"Oslo"}' },
              extra_content: { google: { thought_signature: 'CiQB…' } },
            },
          ],
        },
        finish_reason: 'tool_calls',
        native_finish_reason: 'STOP',
      },
    ],
  },
  {
    ...head,
    choices: [],
    usage: {
      prompt_tokens: 31,
      completion_tokens: 37,
      total_tokens: 68,
      completion_tokens_details: { reasoning_tokens: 21 },
    },
  },
];

const event = (parts: readonly object[] | undefined, candidate: object = {}, more: object = {}) => ({
  candidates: [{ ...(parts === undefined ? {} : { content: { parts } }), ...candidate }],
  responseId: 'r-1',
  modelVersion: 'gemini-3.6-flash',
  ...more,
});

describe('a stream', () => {
  it('reads as the sheet has it', () => {
    expect(read(SHEET)).toEqual({ chunks: EXPECTED, finished: true, done: false });
  });

  it('reads the same as a JSON array', () => {
    const decoder = decoderOf();
    const chunks: ChatChunk[] = [];
    decoder.whole(SHEET, chunks);
    decoder.end(chunks);
    expect(chunks).toEqual(EXPECTED);
    expect(decoder.finished).toBe(true);
  });

  it('counts tool calls over the whole of it', () => {
    const call = { functionCall: { name: 'f' } };
    const { chunks } = read([event([call, call]), event([call]), event(undefined, { finishReason: 'STOP' })]);
    const calls = chunks.flatMap(({ choices }) => choices.flatMap(({ delta }) => delta.tool_calls ?? []));
    expect(calls.map(({ index, id }) => [index, id])).toEqual([
      [0, 'call_r-1_0'],
      [1, 'call_r-1_1'],
      [2, 'call_r-1_2'],
    ]);
    expect(chunks.at(-1)?.choices[0]).toMatchObject({ delta: {}, finish_reason: 'tool_calls' });
  });

  it('keeps the last counts, whichever event had them', () => {
    const { chunks } = read([
      event([{ text: 'a' }], {}, { usageMetadata: { promptTokenCount: 3, totalTokenCount: 3, cachedContentTokenCount: 2 } }),
      event(
        [{ text: '' }],
        { finishReason: 'STOP' },
        { usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 1, totalTokenCount: 4 } },
      ),
      { usageMetadata: { trafficType: 'ON_DEMAND' } },
    ]);
    expect(chunks).toHaveLength(3);
    expect(chunks[2]).toMatchObject({
      choices: [],
      usage: { prompt_tokens: 3, completion_tokens: 1, total_tokens: 4, prompt_tokens_details: { cached_tokens: 2 } },
    });
  });

  it('ends without parts, or with nothing but a signature', () => {
    const { chunks, finished } = read([
      event([{ text: 'a' }]),
      event([{ text: '', thoughtSignature: 'S' }], { finishReason: 'STOP' }),
    ]);
    expect(finished).toBe(true);
    expect(chunks[1]?.choices[0]).toEqual({
      index: 0,
      delta: { extra_content: { google: { thought_signature: 'S' } } },
      finish_reason: 'stop',
      native_finish_reason: 'STOP',
    });
  });

  it('is not finished without a finish reason, nor before every candidate has one', () => {
    expect(read([event([{ text: 'a' }])]).finished).toBe(false);
    const two = {
      candidates: [
        { index: 0, content: { parts: [{ text: 'a' }] } },
        { index: 1, content: { parts: [{ text: 'b' }] } },
      ],
    };
    const done = (index: number) => ({ candidates: [{ index, finishReason: 'STOP' }] });
    expect(read([two, done(0)]).finished).toBe(false);
    expect(read([two, done(0), done(1)]).finished).toBe(true);
    expect(read([]).finished).toBe(false);
  });

  it('says the end once when Gemini says it twice', () => {
    const end = event(undefined, { finishReason: 'STOP' });
    expect(read([event([{ text: 'a' }]), end, end]).chunks).toHaveLength(2);
  });

  it('passes over events that say nothing', () => {
    expect(read([event([{ text: '' }]), event([]), { responseId: 'r' }, { candidates: 'x' }]).chunks).toEqual([]);
  });

  it('carries images and sound', () => {
    const { chunks } = read([event([{ inlineData: { mimeType: 'image/png', data: 'AAAA' } }])]);
    expect(chunks[0]?.choices[0]?.delta).toEqual({
      role: 'assistant',
      images: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } }],
    });
  });
});

describe('a stream that fails', () => {
  it('throws the error event after what came before it', () => {
    const decoder = decoderOf();
    const chunks: ChatChunk[] = [];
    decoder.event(JSON.stringify(event([{ text: 'a' }])), '', chunks);
    const body = { error: { code: 503, message: 'x', status: 'UNAVAILABLE' } };
    expect(() => decoder.event(JSON.stringify(body), '', chunks)).toThrow(
      expect.objectContaining({ details: { body, status: 503 } }),
    );
    expect(() => decoder.whole([body], chunks)).toThrow(expect.objectContaining({ details: { body, status: 503 } }));
    expect(chunks).toHaveLength(1);
  });

  it('throws for a blocked prompt and for an answer that a filter took whole', () => {
    const violation = expect.objectContaining({ kind: 'content_policy_violation' });
    expect(() => read([{ promptFeedback: { blockReason: 'SAFETY' } }])).toThrow(violation);
    expect(() => read([event(undefined, { finishReason: 'SAFETY' })])).toThrow(violation);
  });

  it('ends with content_filter when some of it was said', () => {
    const { chunks } = read([event([{ text: 'Once' }]), event(undefined, { finishReason: 'SAFETY' })]);
    expect(chunks.at(-1)?.choices[0]?.finish_reason).toBe('content_filter');
    const other = [
      { index: 0, finishReason: 'SAFETY' },
      { index: 1, content: { parts: [{ text: 'b' }] }, finishReason: 'STOP' },
    ];
    expect(read([{ candidates: other }], { n: 2 }).chunks).toHaveLength(2);
  });

  it.each(['not json', '"text"', '7', 'null'])('%s is not the protocol', (data) => {
    expect(() => decoderOf().event(data, '', [])).toThrow(expect.objectContaining({ kind: 'response_validation' }));
  });
});
