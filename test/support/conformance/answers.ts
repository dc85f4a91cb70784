import { expect } from 'vitest';
import type { ChatParamsNonStreaming } from '../../../src/index.ts';
import { ContentPolicyViolationError } from '../../../src/index.ts';
import { fault, reply } from '../../../src/testing/index.ts';
import type { Bench, Each } from './bench.ts';
import { failureOf, read, saidBy } from './reading.ts';

export const messages: ChatParamsNonStreaming['messages'] = [{ role: 'user', content: 'Say hello.' }];

const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII=';

const FULL = reply({
  text: 'Grüße, 世界 👋: "quoted", \\ and\nnew lines.',
  usage: { promptTokens: 21, completionTokens: 13, cachedTokens: 8, reasoningTokens: 4 },
});

const COUNTS = { prompt_tokens: 21, completion_tokens: 13, total_tokens: 34 };

const SCHEMA = {
  type: 'json_schema',
  json_schema: {
    name: 'weather',
    strict: true,
    schema: {
      type: 'object',
      properties: { temperature_celsius: { type: 'number' } },
      required: ['temperature_celsius'],
      additionalProperties: false,
    },
  },
} as const;

export function answersConform(each: Each): void {
  each('gives a plain reply', async ({ llm, model, id, enqueue, received }) => {
    enqueue(FULL);
    const answer = await llm.chat.completions.create({ model, messages });
    expect(saidBy(answer)).toMatchObject({ content: FULL.content.text, calls: [], finish: 'stop' });
    expect(answer).toMatchObject({ object: 'chat.completion', id: expect.stringMatching(/./), created: expect.any(Number) });
    expect(answer.choices[0]?.message).toMatchObject({ role: 'assistant', refusal: null });
    expect(answer.route).toMatchObject({ provider: id, fallback: false, warnings: [] });
    expect(answer.route.attempts).toMatchObject([{ number: 1, outcome: 'success', status: expect.toBeOneOf([200, 201]) }]);
    expect(received()).toHaveLength(1);
  });

  each('says the same in a stream', async ({ llm, model, enqueue }) => {
    const full = reply({ ...FULL.content, reasoning: 'Think first.', toolCalls: [] });
    enqueue(full, full);
    const whole = saidBy(await llm.chat.completions.create({ model, messages }));
    const stream = await llm.chat.completions.create({ model, messages, stream: true });
    const { chunks, error, ...streamed } = await read(stream);
    expect(error).toBeUndefined();
    expect({ ...streamed, usage: undefined }).toEqual({ ...whole, usage: undefined });
    expect(new Set(chunks.map(({ id }) => id)).size).toBe(1);
    expect(chunks.every(({ object }) => object === 'chat.completion.chunk')).toBe(true);
    expect(chunks[0]?.choices[0]?.delta.role).toBe('assistant');
  });

  each(
    'gives back visible reasoning',
    async ({ llm, model, enqueue }) => {
      enqueue(reply({ text: 'Four.', reasoning: 'Two and two.' }));
      expect(saidBy(await llm.chat.completions.create({ model, messages }))).toMatchObject({
        content: 'Four.',
        reasoning: 'Two and two.',
      });
    },
    ({ reasoning }) => reasoning,
  );

  each(
    'counts tokens of a whole reply',
    async ({ llm, model, enqueue }) => {
      enqueue(FULL);
      const answer = await llm.chat.completions.create({ model, messages });
      expect(answer.usage).toMatchObject(COUNTS);
      expect(answer.route.usage).toEqual(answer.usage);
    },
    ({ countsTokens }) => countsTokens !== false,
  );

  each('counts tokens of a stream, and shows them to those who ask', async ({ llm, model, can, enqueue }) => {
    const streamed = async (include_usage: boolean | undefined) => {
      enqueue(FULL);
      const options = include_usage === undefined ? {} : { stream_options: { include_usage } };
      return read(await llm.chat.completions.create({ model, messages, stream: true, ...options }));
    };
    for (const wanted of [undefined, false]) {
      const { chunks, usage } = await streamed(wanted);
      expect(chunks.every((chunk) => chunk.choices.length > 0 && !chunk.usage)).toBe(true);
      if (can.streamUsage) expect(usage).toMatchObject(COUNTS);
    }
    const { chunks, usage } = await streamed(true);
    if (!can.streamUsage && usage === undefined) return;
    expect(usage).toMatchObject(COUNTS);
    expect(chunks.filter((chunk) => chunk.usage)).toEqual([chunks.at(-1)]);
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: COUNTS });
  });

  each('keeps finish reasons', async ({ llm, model, can, enqueue }) => {
    const reasons = [
      'stop',
      ...(can.saysLength === false ? [] : (['length'] as const)),
      ...(can.saysFiltered ? (['content_filter'] as const) : []),
    ] as const;
    for (const finishReason of reasons) {
      const cut = reply({ text: 'Once upon a', finishReason });
      enqueue(cut, cut);
      expect(saidBy(await llm.chat.completions.create({ model, messages })).finish).toBe(finishReason);
      const streamed = await read(await llm.chat.completions.create({ model, messages, stream: true }));
      expect(streamed).toMatchObject({ content: 'Once upon a', finish: finishReason, error: undefined });
    }
  });

  each(
    'raises an answer that a filter took away',
    async ({ llm, model, enqueue }) => {
      const nothing = reply({ text: '', finishReason: 'content_filter' });
      enqueue(nothing, nothing);
      for (const stream of [false, true]) {
        const error = await failureOf(llm.chat.completions.create({ model, messages, stream }));
        expect(error).toBeInstanceOf(ContentPolicyViolationError);
        expect(error.status).not.toBe(200);
      }
    },
    ({ saysFiltered }) => saysFiltered,
  );

  each('takes an empty answer for an answer', async ({ llm, model, can, enqueue }) => {
    const finish = can.saysLength === false ? 'stop' : 'length';
    const nothing = reply({ text: '', finishReason: finish });
    enqueue(nothing, nothing);
    expect(saidBy(await llm.chat.completions.create({ model, messages }))).toMatchObject({ content: '', finish });
    const streamed = await read(await llm.chat.completions.create({ model, messages, stream: true }));
    expect(streamed).toMatchObject({ content: '', finish, error: undefined });
  });

  each(
    'sends images',
    async ({ llm, model, received }) => {
      const content = [
        { type: 'text' as const, text: 'What is this?' },
        { type: 'image_url' as const, image_url: { url: `data:image/png;base64,${PIXEL}` } },
      ];
      await llm.chat.completions.create({ model, messages: [{ role: 'user', content }] });
      const body = JSON.stringify(received()[0]?.body);
      expect(body).toContain(PIXEL);
      expect(body).toContain('What is this?');
    },
    ({ images }) => images,
  );

  each(
    'answers by a schema',
    async ({ llm, model, enqueue, received }) => {
      enqueue(reply('{"temperature_celsius":21.5}'));
      const parsed = await llm.chat.completions.parse({ model, messages, response_format: SCHEMA });
      expect(JSON.parse(parsed.choices[0]?.message.content ?? '')).toEqual({ temperature_celsius: 21.5 });
      expect(JSON.stringify(received()[0]?.body)).toContain('temperature_celsius');
    },
    ({ structuredOutput }) => structuredOutput === 'schema',
  );

  each(
    'refuses a schema that it cannot promise, but gives JSON',
    async ({ llm, model, enqueue, received }) => {
      const error = await failureOf(llm.chat.completions.create({ model, messages, response_format: SCHEMA }));
      expect(error).toMatchObject({ kind: 'unsupported_params', param: 'response_format' });
      expect(received()).toEqual([]);
      enqueue(reply('{}'));
      const answer = await llm.chat.completions.create({ model, messages, response_format: { type: 'json_object' } });
      expect(answer.choices[0]?.message.content).toBe('{}');
    },
    ({ structuredOutput }) => structuredOutput === 'json',
  );

  each('tells the id of a request', async (bench: Bench) => {
    const { llm, model, can, enqueue } = bench;
    const [header = ''] = can.requestIdHeaders;
    enqueue(fault.status(500, { error: { message: 'no' } }, { [header]: 'req-of-this-test' }));
    const error = await failureOf(llm.chat.completions.create({ model, messages }));
    expect(error).toMatchObject({ requestID: 'req-of-this-test', attempts: [{ requestId: 'req-of-this-test' }] });
  });
}
