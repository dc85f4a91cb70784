import { expect } from 'vitest';
import type { ChatMessageParam, ChatParamsNonStreaming } from '../../../src/index.ts';
import { reply } from '../../../src/testing/index.ts';
import type { Each } from './bench.ts';
import { failureOf, read, saidBy } from './reading.ts';

type Tools = NonNullable<ChatParamsNonStreaming['tools']>;

const CITY = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
const tools: Tools = [
  { type: 'function', function: { name: 'get_weather', description: 'The weather in a city', parameters: CITY } },
  { type: 'function', function: { name: 'get_time', parameters: CITY } },
];
const question: ChatMessageParam = { role: 'user', content: 'Weather and time in Tromsø?' };

const ONE = reply({
  toolCalls: [{ id: 'call_w1', name: 'get_weather', arguments: { city: 'Tromsø', days: [1, 2], deep: { a: null } } }],
});
const TWO = reply({
  text: 'Looking it up.',
  toolCalls: [
    { id: 'call_w1', name: 'get_weather', arguments: { city: 'Tromsø' } },
    { id: 'call_t1', name: 'get_time', arguments: { city: 'Tromsø' } },
  ],
});
const EMPTY = reply({ toolCalls: [{ id: 'call_n1', name: 'get_time', arguments: {} }] });

export function toolsConform(each: Each): void {
  const withTools: Each = (name, test) => each(name, test, (can) => can.tools);

  withTools('calls a tool and takes its result', async ({ llm, model, enqueue, received }) => {
    enqueue(ONE, 'It is snowing.');
    const asked = await llm.chat.completions.create({ model, messages: [question], tools });
    const expected = { id: 'call_w1', name: 'get_weather', arguments: { city: 'Tromsø', days: [1, 2], deep: { a: null } } };
    expect(saidBy(asked)).toMatchObject({ calls: [expected], finish: 'tool_calls' });

    const message = asked.choices[0]?.message;
    if (message === undefined) throw new Error('no message');
    const result: ChatMessageParam = { role: 'tool', tool_call_id: 'call_w1', content: 'snow, minus four degrees' };
    const answer = await llm.chat.completions.create({ model, messages: [question, message, result], tools });
    expect(saidBy(answer)).toMatchObject({ content: 'It is snowing.', calls: [], finish: 'stop' });
    const sent = JSON.stringify(received()[1]?.body);
    for (const part of ['get_weather', 'Tromsø', 'snow, minus four degrees', question.content]) expect(sent).toContain(part);
  });

  withTools('calls several tools at once, whole and streamed', async ({ llm, model, enqueue, received }) => {
    enqueue(TWO, TWO, 'Done.');
    const whole = await llm.chat.completions.create({ model, messages: [question], tools });
    const calls = [
      { id: 'call_w1', name: 'get_weather', arguments: { city: 'Tromsø' } },
      { id: 'call_t1', name: 'get_time', arguments: { city: 'Tromsø' } },
    ];
    expect(saidBy(whole)).toMatchObject({ content: 'Looking it up.', calls, finish: 'tool_calls' });
    const streamed = await read(await llm.chat.completions.create({ model, messages: [question], tools, stream: true }));
    expect(streamed).toMatchObject({ content: 'Looking it up.', calls, finish: 'tool_calls', error: undefined });

    const message = whole.choices[0]?.message;
    if (message === undefined) throw new Error('no message');
    const results: ChatMessageParam[] = [
      { role: 'tool', tool_call_id: 'call_t1', content: 'half past nine' },
      { role: 'tool', tool_call_id: 'call_w1', content: 'snow again' },
    ];
    await llm.chat.completions.create({ model, messages: [question, message, ...results], tools });
    const sent = JSON.stringify(received()[2]?.body);
    for (const part of ['half past nine', 'snow again', 'get_time']) expect(sent).toContain(part);
  });

  withTools('calls a tool that takes nothing', async ({ llm, model, enqueue }) => {
    enqueue(EMPTY, EMPTY);
    const calls = [{ id: 'call_n1', name: 'get_time', arguments: {} }];
    expect(saidBy(await llm.chat.completions.create({ model, messages: [question], tools })).calls).toEqual(calls);
    expect((await read(await llm.chat.completions.create({ model, messages: [question], tools, stream: true }))).calls).toEqual(
      calls,
    );
  });

  withTools('runs the tool loop of openai', async ({ llm, model, enqueue, received }) => {
    enqueue(ONE, 'It is snowing.');
    const seen: unknown[] = [];
    const runner = llm.chat.completions.runTools({
      model,
      messages: [question],
      tools: [
        {
          type: 'function',
          function: {
            name: 'get_weather',
            description: 'The weather in a city',
            parameters: CITY,
            parse: JSON.parse,
            function: (args: object) => {
              seen.push(args);
              return 'snow';
            },
          },
        },
      ],
    });
    expect(await runner.finalContent()).toBe('It is snowing.');
    expect(seen).toEqual([ONE.content.toolCalls[0]?.arguments]);
    expect(received()).toHaveLength(2);
  });

  withTools('takes every choice of tools that it declares, and refuses the others', async ({ llm, model, can, received }) => {
    const choices = {
      auto: 'auto',
      none: 'none',
      required: 'required',
      named: { type: 'function', function: { name: 'get_time' } },
    } as const;
    let sent = 0;
    for (const word of ['auto', 'none', 'required', 'named'] as const) {
      const call = llm.chat.completions.create({ model, messages: [question], tools, tool_choice: choices[word] });
      if (can.toolChoices.includes(word)) {
        await call;
        sent++;
      } else expect(await failureOf(call)).toMatchObject({ kind: 'unsupported_params', param: 'tool_choice' });
    }
    expect(received()).toHaveLength(sent);
  });

  each(
    'refuses tools',
    async ({ llm, model, received }) => {
      const error = await failureOf(llm.chat.completions.create({ model, messages: [question], tools }));
      expect(error).toMatchObject({ kind: 'unsupported_params', param: 'tools' });
      expect(received()).toEqual([]);
    },
    (can) => !can.tools,
  );
}
