import { OpenAIError } from 'openai/core/error';
import { zodFunction, zodResponseFormat } from 'openai/helpers/zod';
import { ChatCompletionStream } from 'openai/lib/ChatCompletionStream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as z from 'zod';
import type { ChatMessage, Route } from '../../src/index.ts';
import { isLLMError } from '../../src/index.ts';
import type { Setup } from '../support/client.ts';
import { rejection, setUp } from '../support/client.ts';
import { chunk, failure, reply, silence, stream, textStream, usageChunk } from '../support/openai-server.ts';

const messages = [{ role: 'user' as const, content: 'Weather in Rome?' }];
const model = 'mine/small-1';
const city = zodResponseFormat(z.object({ city: z.string() }), 'city');

let setup: Setup;
beforeEach(async () => {
  setup = await setUp();
});
afterEach(() => setup.close());

const routeOf = (result: unknown): Route | undefined => (result as { route?: Route }).route;

describe('.parse()', () => {
  it('parses by the schema', async () => {
    setup.server.answer(reply('{"city":"Rome"}'));
    const promise = setup.llm.chat.completions.parse({ model, messages, response_format: city });
    const result = await promise;
    expect(result.choices[0]?.message.parsed).toEqual({ city: 'Rome' });
    expect(result.route.provider).toBe('mine');
    expect(result._request_id).toBe('req_1');
    expect((await promise.withResponse()).data).toBe(result);
    expect(setup.server.requests[0]?.body).toMatchObject({ response_format: { type: 'json_schema' } });
  });

  it('rejects with ResponseValidationError where the answer does not fit', async () => {
    for (const content of ['{"city":7}', '{"city":', 'Rome']) {
      setup.server.answer(reply(content));
      const error = await rejection(setup.llm.chat.completions.parse({ model, messages, response_format: city }));
      expect(error).toMatchObject({ kind: 'response_validation', provider: 'mine', requestID: 'req_1' });
      expect((error as Error).message).not.toContain('Rome');
    }
    setup.server.answer(reply('{"ci', {}, { finish_reason: 'length' }));
    expect(await rejection(setup.llm.chat.completions.parse({ model, messages, response_format: city }))).toMatchObject({
      kind: 'response_validation',
      code: 'length',
    });
  });

  it('wants strict tools', async () => {
    const tool = { type: 'function' as const, function: { name: 'look', parameters: {} } };
    const error = await rejection(setup.llm.chat.completions.parse({ model, messages, tools: [tool] }));
    expect(error).toMatchObject({ kind: 'configuration', param: 'tools' });
    expect(setup.server.requests).toHaveLength(0);
  });
});

describe('.stream()', () => {
  it('that a listener breaks ends with the listener’s error, as in openai; nothing is said against the answer', async () => {
    for (const event of ['chunk', 'content'] as const) {
      const mine = new RangeError('a bug of mine');
      setup.server.answer(stream(textStream('Hel', 'lo')));
      const helper = setup.llm.chat.completions.stream({ model, messages });
      helper.on(event, () => {
        throw mine;
      });
      const error = await rejection(helper.done());
      expect(error).toBeInstanceOf(OpenAIError);
      expect(isLLMError(error)).toBe(false);
      expect(error).toMatchObject({ message: 'a bug of mine', cause: mine });
    }
  });

  it('takes streams of hosts that tell no role', async () => {
    setup.server.answer(stream([chunk({ role: null, content: 'a' }), chunk({ content: 'b' }), chunk({}, 'stop')]));
    const message = await setup.llm.chat.completions.stream({ model, messages }).finalMessage();
    expect(message).toMatchObject({ role: 'assistant', content: 'ab' });
  });

  it('gives openai’s events and results', async () => {
    setup.server.answer(stream(textStream('Hel', 'lo'), { every: 5 }));
    const helper = setup.llm.chat.completions.stream({ model, messages });
    const deltas: string[] = [];
    expect(helper.on('content', (delta) => deltas.push(delta))).toBe(helper);
    expect(await helper.finalContent()).toBe('Hello');
    expect(helper).toBeInstanceOf(ChatCompletionStream);
    expect(helper.ended).toBe(true);
    expect(deltas).toEqual(['Hel', 'lo']);
    expect(routeOf(await helper.finalChatCompletion())?.provider).toBe('mine');
  });

  it('parses, in parts and at the end', async () => {
    setup.server.answer(stream(textStream('{"city":', '"Rome"}')));
    const helper = setup.llm.chat.completions.stream({ model, messages, response_format: city });
    expect((await helper.finalChatCompletion()).choices[0]?.message.parsed).toEqual({ city: 'Rome' });
    setup.server.answer(stream(textStream('{"city":', '7}')));
    const error = await rejection(setup.llm.chat.completions.stream({ model, messages, response_format: city }).done());
    expect(isLLMError(error, 'response_validation')).toBe(true);
  });

  it('keeps the whole reasoning', async () => {
    const blocks = [{ type: 'thinking', thinking: 'think hard', signature: 'sig' }];
    const chunks = [
      chunk({ role: 'assistant', reasoning_content: 'think ' }),
      chunk({ reasoning_content: 'hard' }),
      chunk({ content: 'Hello', thinking_blocks: blocks }),
      chunk({}, 'stop'),
      usageChunk,
    ];
    setup.server.answer(stream(chunks));
    const message = (await setup.llm.chat.completions.stream({ model, messages }).finalMessage()) as ChatMessage;
    expect(message).toMatchObject({ content: 'Hello', reasoning_content: 'think hard' });
  });

  it('passes typed errors on by identity', async () => {
    setup.server.answer(failure(429));
    const helper = setup.llm.chat.completions.stream({ model, messages });
    const seen: unknown[] = [];
    helper.on('error', (error) => seen.push(error));
    const error = await rejection(helper.done());
    expect(error).toMatchObject({ kind: 'rate_limit', attempts: [{ outcome: 'rate_limit' }] });
    expect(seen).toEqual([error]);
    setup.server.answer(stream(textStream('Hel').slice(0, 2), { ending: 'cut' }));
    const broken = await rejection(setup.llm.chat.completions.stream({ model, messages }).finalContent());
    expect(broken).toMatchObject({ kind: 'stream_interrupted', partial: { content: 'Hel' } });
  });

  it('rejects with an abort error of ours', async () => {
    setup.server.answer(silence);
    const early = setup.llm.chat.completions.stream({ model, messages });
    setTimeout(() => early.abort(), 50);
    expect(await rejection(early.done())).toMatchObject({ kind: 'aborted', attempts: [{ outcome: 'aborted' }] });
    for (const ending of ['open', 'done'] as const) {
      setup.server.answer(stream(textStream('a', 'b').slice(0, ending === 'open' ? 3 : undefined), { ending }));
      const helper = setup.llm.chat.completions.stream({ model, messages });
      helper.once('content', () => helper.abort());
      expect(isLLMError(await rejection(helper.done()), 'aborted')).toBe(true);
      expect(helper.aborted).toBe(true);
    }
  });

  it('says what is wrong with the input', async () => {
    const error = await rejection(setup.llm.chat.completions.stream({ model, messages: [] }).done());
    expect(error).toMatchObject({ kind: 'configuration', param: 'messages' });
  });
});

describe('.runTools()', () => {
  const extra_content = { google: { thought_signature: 'call-sig' } };
  const toolCall = { id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{"city":"Rome"}' }, extra_content };
  const thinking_blocks = [{ type: 'thinking', thinking: 'hm', signature: 'sig' }];
  const asked: unknown[] = [];
  const weather = zodFunction({
    name: 'weather',
    parameters: z.object({ city: z.string() }),
    function: (args) => {
      asked.push(args);
      return 'sunny';
    },
  });
  beforeEach(() => {
    asked.length = 0;
  });

  it('carries reasoning and signatures from turn to turn', async () => {
    setup.server.answer(
      reply(null, { tool_calls: [toolCall], reasoning_content: 'hm', thinking_blocks }, { finish_reason: 'tool_calls' }),
      reply('It is sunny'),
    );
    const runner = setup.llm.chat.completions.runTools({ model, messages, tools: [weather] });
    expect(await runner.finalContent()).toBe('It is sunny');
    expect(asked).toEqual([{ city: 'Rome' }]);
    expect(runner.messages).toMatchObject([
      { role: 'user' },
      { role: 'assistant', reasoning_content: 'hm', thinking_blocks, tool_calls: [{ extra_content }] },
      { role: 'tool', content: 'sunny', tool_call_id: 'call_1' },
      { role: 'assistant', content: 'It is sunny' },
    ]);
    expect(setup.server.requests).toHaveLength(2);
    expect(routeOf((await runner.finalChatCompletion()) as object)?.provider).toBe('mine');
  });

  it('streams, and carries them as well', async () => {
    const first = [
      chunk({ role: 'assistant', reasoning_content: 'h' }),
      chunk({ reasoning_content: 'm' }),
      chunk({ tool_calls: [{ index: 0, ...toolCall, function: { name: 'weather', arguments: '{"city":' } }] }),
      chunk({ tool_calls: [{ index: 0, function: { arguments: '"Rome"}' } }], thinking_blocks }),
      chunk({}, 'tool_calls'),
      usageChunk,
    ];
    setup.server.answer(stream(first), stream(textStream('It is', ' sunny')));
    const runner = setup.llm.chat.completions.runTools({ model, messages, tools: [weather], stream: true });
    expect(await runner.finalContent()).toBe('It is sunny');
    expect(asked).toEqual([{ city: 'Rome' }]);
    expect(runner.messages[1]).toMatchObject({ role: 'assistant', reasoning_content: 'hm', tool_calls: [{ id: 'call_1' }] });
  });

  it('re-sends what providers need to see again', async () => {
    const sent: unknown[] = [];
    const llm = setup.make({
      use: [
        (call, next) => {
          sent.push(call.request);
          return next(call);
        },
      ],
    });
    setup.server.answer(reply(null, { tool_calls: [toolCall] }, { finish_reason: 'tool_calls' }), reply('It is sunny'));
    const history = [
      { role: 'user' as const, content: 'before', cache_control: { type: 'ephemeral' as const } },
      { role: 'assistant' as const, content: 'earlier', thinking_blocks: [{ type: 'thinking' as const, thinking: 'x' }] },
      ...messages,
    ];
    const runner = llm.chat.completions.runTools({ model, messages: history, tools: [weather] }, { metadata: { job: 1 } });
    await runner.done();
    expect(sent[1]).toMatchObject({
      messages: [
        { content: 'before', cache_control: { type: 'ephemeral' } },
        { content: 'earlier', thinking_blocks: [{ thinking: 'x' }] },
        { role: 'user' },
        { role: 'assistant', tool_calls: [{ id: 'call_1', extra_content }] },
        { role: 'tool' },
      ],
    });
    expect(JSON.stringify(sent[1])).not.toContain('parsed');
  });

  it('leaves errors of tools to the user', async () => {
    setup.server.answer(reply(null, { tool_calls: [toolCall] }, { finish_reason: 'tool_calls' }));
    const fails = {
      type: 'function' as const,
      function: {
        name: 'weather',
        description: '',
        parameters: {},
        function: (): never => {
          throw new RangeError('no such city');
        },
      },
    };
    const error = await rejection(setup.llm.chat.completions.runTools({ model, messages, tools: [fails] }).done());
    expect(error).toBeInstanceOf(OpenAIError);
    expect(error).toMatchObject({ message: 'no such city', cause: new RangeError('no such city') });
  });

  it('takes the options of a call, and those of the loop', async () => {
    setup.server.answer(failure(500));
    const tools = [weather];
    const options = { correlationId: 'loop-1', deadline: 5000, maxChatCompletions: 3 };
    const error = await rejection(setup.llm.chat.completions.runTools({ model, messages, tools }, options).done());
    expect(error).toMatchObject({ kind: 'internal_server', correlationId: 'loop-1' });
    const wrong = { maxRetry: 3 } as object;
    const told = await rejection(setup.llm.chat.completions.runTools({ model, messages, tools }, wrong).done());
    expect(told).toMatchObject({ kind: 'configuration', param: 'options.maxRetry' });
  });
});
