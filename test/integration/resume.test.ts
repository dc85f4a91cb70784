import { OpenAI } from 'openai';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ClientOptions, LLMClient, Middleware } from '../../src/index.ts';
import { circuitBreaker, fallback, pool, retry, timeout } from '../../src/index.ts';
import type { Fault } from '../../src/testing/index.ts';
import { fakeClock, fault, reply } from '../../src/testing/index.ts';
import type { Chained } from '../support/chained.ts';
import { FIRST, messages, readAll, SECOND, startChained, THIRD, until } from '../support/chained.ts';
import { rejection } from '../support/client.ts';

let chained: Chained;
beforeEach(async () => {
  chained = await startChained();
});
afterEach(() => chained.close());

const WHOLE = 'one two three four';
const answer = { text: WHOLE, chunks: ['one', ' two', ' three', ' four'] };
const rest = { text: ' three four', chunks: [' three', ' four'] };
const model = FIRST;
const params = { model, messages, stream: true } as const;

const mending = (options: ClientOptions = {}, list: string[] = [SECOND]): LLMClient =>
  chained.client({ use: [fallback(list, { resume: true }), timeout()], ...options });

/** The messages of the last request at a provider. */
function sentTo(id: string): readonly object[] {
  const body = chained.mock.requests.findLast(({ provider }) => provider === id)?.body;
  return (body as { readonly messages: readonly object[] } | undefined)?.messages ?? [];
}

/** What can break a stream after its first content. */
const BREAKS: readonly [string, Fault, string][] = [
  ['a cut', fault.cutAfter(2, answer), 'stream_interrupted'],
  ['an error event', fault.errorEvent(2, { answer }), 'service_unavailable'],
  ['an end without the terminal sign', fault.noTerminal({ text: 'one two', chunks: ['one', ' two'] }), 'stream_interrupted'],
];

/** One target of each dialect. */
const TARGETS = [
  'openai/gpt-4.1',
  SECOND,
  'anthropic/claude-opus-4-6',
  THIRD,
  'ollama/llama3.2',
  'mistral/mistral-large-latest',
  'cohere/command-a-03-2025',
  'bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0',
];

describe.each(BREAKS)('after %s', (_, broken, kind) => {
  it.each(TARGETS)('the stream goes on at %s, and its reader sees one answer', async (target) => {
    const id = target.slice(0, target.indexOf('/'));
    const llm = mending({}, [target]);
    chained.mock.enqueue('groq', broken);
    chained.mock.enqueue(id, reply(rest));
    const stream = await llm.chat.completions.create({ ...params, model: 'groq/llama' });
    expect(await readAll(stream)).toEqual({ text: WHOLE });
    expect(stream.route).toMatchObject({
      provider: id,
      fallback: true,
      attempts: [
        { provider: 'groq', outcome: kind },
        { provider: id, outcome: 'success' },
      ],
      resumed: [{ from: 'groq/llama', to: target, characters: 7, overlap: 0 }],
    });
    expect(chained.eventsOf('resumed')).toMatchObject([
      { from: { provider: 'groq' }, to: { provider: id }, characters: 7, overlap: 0, error: { kind } },
    ]);
    expect(chained.eventsOf('call-ended')).toMatchObject([{ outcome: 'success', attempts: [{}, {}] }]);
  });
});

describe('what the next target is asked', () => {
  const ask = async (target: string, extra: object = {}) => {
    const llm = mending({ unsupportedParams: 'drop' }, [target]);
    chained.mock.enqueue('groq', fault.cutAfter(2, { text: 'one two ', chunks: ['one', ' two '] }));
    chained.mock.enqueue(target.slice(0, target.indexOf('/')), reply({ text: 'three four', chunks: ['three', ' four'] }));
    const stream = await llm.chat.completions.create({ ...params, model: 'groq/llama', ...extra });
    expect(await readAll(stream)).toEqual({ text: WHOLE });
    return chained.mock.requests.at(-1)?.body as Record<string, never> & { messages: { role: string; content: unknown }[] };
  };

  it.each([
    ['anthropic/claude-sonnet-4-5', undefined],
    ['mistral/mistral-large-latest', { prefix: true }],
    ['moonshot/kimi-k2-0905-preview', { partial: true }],
    ['ollama/llama3.2', undefined],
    ['vllm/any', undefined],
  ])('%s goes on with its own message', async (target, marks) => {
    const body = await ask(target);
    expect(body.messages).toHaveLength(2);
    expect(body.messages[1]).toMatchObject({ role: 'assistant', ...marks });
    expect(JSON.stringify(body.messages[1]?.content)).toMatch(/one two"/);
    if (target.startsWith('vllm')) expect(body).toMatchObject({ continue_final_message: true, add_generation_prompt: false });
  });

  it.each(['openai/gpt-4.1', 'anthropic/claude-opus-4-6', 'deepseek/deepseek-chat', 'gemini/gemini-2.5-flash'])(
    '%s is told to in words',
    async (target) => {
      const body = (await ask(target)) as { messages?: object[]; contents?: object[] };
      const turns = body.messages ?? body.contents ?? [];
      expect(turns.map((turn) => (turn as { role: string }).role)).toEqual([
        'user',
        expect.stringMatching(/assistant|model/),
        'user',
      ]);
      expect(JSON.stringify(turns[1])).toContain('one two"');
      expect(JSON.stringify(turns[2])).toContain('exactly where it stopped');
    },
  );

  it('a model that is asked to think is told in words too', async () => {
    expect((await ask(SECOND, { reasoning_effort: 'low' })).messages).toHaveLength(3);
    expect((await ask(SECOND, { reasoning_effort: 'none' })).messages).toHaveLength(2);
    const thinking = { anthropic: { thinking: { type: 'enabled', budget_tokens: 1024 } } };
    expect((await ask(SECOND, { providerOptions: thinking })).messages).toHaveLength(3);
    expect((await ask('ollama/qwen3', { providerOptions: { ollama: { think: true } } })).messages).toHaveLength(3);
  });

  it('an answer that the caller began is one message with what was written', async () => {
    const begun = [...messages, { role: 'assistant' as const, content: 'zero ' }];
    const body = await ask(SECOND, { messages: begun });
    expect(JSON.stringify(body.messages)).toContain('zero one two"');
    expect(body.messages).toHaveLength(2);
  });

  it('a limit of tokens holds for both parts together', async () => {
    const limit = async (extra: object) => {
      const { max_tokens, max_completion_tokens } = (await ask('openai/gpt-4.1', extra)) as Record<string, number | undefined>;
      return [max_tokens, max_completion_tokens];
    };
    const [left] = await limit({ max_tokens: 500 });
    expect(left).toBeLessThan(500);
    expect(left).toBeGreaterThan(480);
    expect(await limit({ max_completion_tokens: 2 })).toEqual([undefined, 1]);
    expect(await limit({})).toEqual([undefined, undefined]);
  });

  it('has a key of its own, and the tools of the call', async () => {
    const tools = [{ type: 'function' as const, function: { name: 'look', parameters: { type: 'object', properties: {} } } }];
    const llm = mending({}, ['openai/gpt-4.1']);
    chained.mock.enqueue('groq', fault.cutAfter(2, answer));
    chained.mock.enqueue('openai', reply(rest));
    const stream = await llm.chat.completions.create({ ...params, model: 'groq/llama', tools }, { idempotencyKey: 'key-1' });
    await readAll(stream);
    const [first, second] = chained.mock.requests;
    expect(first?.headers['idempotency-key']).toBe('key-1');
    expect(second?.headers['idempotency-key']).toMatch(/^key-1-/);
    expect(second?.body).toMatchObject({ tools });
  });

  it('a target that refuses to be prefilled is told in words', async () => {
    const llm = mending({}, [SECOND]);
    chained.mock.enqueue('openai', fault.cutAfter(2, answer));
    chained.mock.enqueue(
      'anthropic',
      fault.status(400, { type: 'error', error: { type: 'invalid_request_error', message: 'no prefill' } }),
      reply(rest),
    );
    const stream = await llm.chat.completions.create(params);
    expect(await readAll(stream)).toEqual({ text: WHOLE });
    expect(sentTo('anthropic')).toHaveLength(3);
    expect(stream.route.attempts).toMatchObject([{}, { outcome: 'bad_request' }, { outcome: 'success' }]);
  });
});

describe('a continuation that repeats', () => {
  const resumed = async (continuation: { text: string; chunks: string[] }, written = answer) => {
    const llm = mending({}, [THIRD]);
    chained.mock.enqueue('openai', fault.cutAfter(2, written));
    chained.mock.enqueue('gemini', reply(continuation));
    const stream = await llm.chat.completions.create(params);
    const { text } = await readAll(stream);
    return { text, overlap: stream.route.resumed?.[0]?.overlap };
  };

  it('the last words is joined to them', async () => {
    expect(await resumed({ text: 'two three four', chunks: ['two', ' three', ' four'] })).toEqual({ text: WHOLE, overlap: 3 });
    expect(await resumed({ text: ' two three four', chunks: [' t', 'w', 'o three', ' four'] })).toEqual({
      text: WHOLE,
      overlap: 4,
    });
  });

  it('everything from the beginning is joined as well', async () => {
    expect(await resumed(answer)).toEqual({ text: WHOLE, overlap: 7 });
    expect(await resumed({ text: WHOLE, chunks: [WHOLE] })).toEqual({ text: WHOLE, overlap: 7 });
  });

  it('nothing but what was there already adds nothing', async () => {
    expect(await resumed({ text: 'one two', chunks: ['one', ' two'] })).toEqual({ text: 'one two', overlap: 7 });
  });

  it('characters of several bytes and code units', async () => {
    const written = { text: 'Grüße 👩‍🚀 und', chunks: ['Grüße 👩‍🚀', ' und', '!'] };
    const continuation = { text: '👩‍🚀 und 🚀 weiter', chunks: ['👩', '‍🚀', ' und 🚀', ' weiter'] };
    expect((await resumed(continuation, written)).text).toBe('Grüße 👩‍🚀 und 🚀 weiter');
  });
});

describe('the same target', () => {
  it('is asked once more where the chain is over', async () => {
    const llm = mending({}, []);
    chained.mock.enqueue('openai', fault.cutAfter(2, answer), reply(rest));
    const stream = await llm.chat.completions.create(params);
    expect(await readAll(stream)).toEqual({ text: WHOLE });
    expect(stream.route).toMatchObject({ provider: 'openai', fallback: false, resumed: [{ from: model, to: model }] });
    expect(chained.eventsOf('fallback')).toEqual([]);
  });

  it('is asked when the others fail before their content', async () => {
    const llm = mending({}, [SECOND]);
    chained.mock.enqueue('openai', fault.cutAfter(2, answer), reply(rest));
    chained.mock.enqueue('anthropic', fault.overloaded());
    const stream = await llm.chat.completions.create(params);
    expect(await readAll(stream)).toEqual({ text: WHOLE });
    expect(stream.route).toMatchObject({
      provider: 'openai',
      attempts: [{ outcome: 'stream_interrupted' }, { outcome: 'service_unavailable' }, { outcome: 'success' }],
    });
  });

  it('but only once', async () => {
    const llm = mending({}, []);
    chained.mock.enqueue('openai', fault.cutAfter(2, answer), fault.cutAfter(1, rest));
    const stream = await llm.chat.completions.create(params);
    const { text, error } = await readAll(stream);
    expect(text).toBe('one two three');
    expect(error).toMatchObject({
      kind: 'stream_interrupted',
      partial: { content: 'one two three', chunks: expect.any(Number) },
      attempts: [{ outcome: 'stream_interrupted' }, { outcome: 'stream_interrupted' }],
    });
  });
});

describe('a second break', () => {
  it('is mended at the target after the next', async () => {
    const llm = mending({}, [SECOND, THIRD]);
    chained.mock.enqueue('openai', fault.cutAfter(1, answer));
    chained.mock.enqueue('anthropic', fault.cutAfter(2, { text: 'one two three', chunks: ['one', ' two', ' three'] }));
    chained.mock.enqueue('gemini', reply(rest));
    const stream = await llm.chat.completions.create(params);
    expect(await readAll(stream)).toEqual({ text: WHOLE });
    expect(stream.route.resumed).toEqual([
      { from: FIRST, to: SECOND, characters: 3, overlap: 3 },
      { from: SECOND, to: THIRD, characters: 7, overlap: 0 },
    ]);
  });

  it('within what was held back gives that up', async () => {
    const llm = mending({}, [SECOND, THIRD]);
    chained.mock.enqueue('openai', fault.cutAfter(3, answer));
    chained.mock.enqueue('anthropic', fault.cutAfter(2, answer));
    chained.mock.enqueue('gemini', reply({ text: ' four', chunks: [' four'] }));
    const stream = await llm.chat.completions.create(params);
    expect(await readAll(stream)).toEqual({ text: WHOLE });
    expect(stream.route.resumed).toMatchObject([{ to: THIRD, characters: 13 }]);
    expect(stream.route.attempts).toHaveLength(3);
  });

  it('with nobody left is the first target’s error, with everything that came from all of them', async () => {
    const llm = mending({ maxAttempts: 2 }, [SECOND, THIRD]);
    chained.mock.enqueue('openai', fault.errorEvent(2, { answer }));
    chained.mock.enqueue('anthropic', fault.cutAfter(1, rest));
    const stream = await llm.chat.completions.create(params);
    const { text, error } = await readAll(stream);
    expect(text).toBe('one two three');
    expect(error).toBeInstanceOf(OpenAI.InternalServerError);
    expect(error).toMatchObject({
      kind: 'service_unavailable',
      provider: 'openai',
      partial: { content: 'one two three' },
      attempts: [{ outcome: 'service_unavailable' }, { provider: 'anthropic', outcome: 'stream_interrupted' }],
      message: expect.stringContaining('also tried anthropic/claude-sonnet-4-5'),
    });
    expect(chained.eventsOf('call-ended')).toMatchObject([{ outcome: 'service_unavailable' }]);
  });
});

describe('not gone on with', () => {
  const broken = async (extra: object, fault: Fault, options: object = {}) => {
    const llm = mending({}, [THIRD]);
    chained.mock.enqueue('openai', fault);
    const stream = await llm.chat.completions.create({ ...params, ...extra }, options);
    const read = await readAll(stream);
    expect(chained.asked()).toEqual(['openai']);
    expect(stream.route).not.toHaveProperty('resumed');
    return read;
  };
  const cut = () => fault.cutAfter(2, answer);

  it.each([
    ['a JSON object', { response_format: { type: 'json_object' } }],
    ['a schema', { response_format: { type: 'json_schema', json_schema: { name: 'x', schema: {} } } }],
    ['several answers', { n: 2 }],
    ['log probabilities', { logprobs: true }],
    ['audio', { modalities: ['text', 'audio'], audio: { voice: 'alloy', format: 'wav' } }],
  ])('%s', async (_, extra) => {
    const content = expect.stringMatching(/^one/);
    expect((await broken(extra, cut())).error).toMatchObject({ kind: 'stream_interrupted', partial: { content } });
  });

  it('an answer that has begun to call a tool', async () => {
    const calling = { text: 'I look.', chunks: ['I look.'], toolCalls: [{ name: 'look', arguments: { city: 'Rome' } }] };
    const { error } = await broken({}, fault.cutAfter(2, calling));
    expect(error).toMatchObject({ kind: 'stream_interrupted', partial: { tool_calls: [{ name: 'look' }] } });
  });

  it('an answer that a filter stopped', async () => {
    const filtered = await broken({}, fault.errorEvent(2, { failure: 'contentPolicy', answer }));
    expect(filtered.error).toMatchObject({ kind: 'content_policy_violation' });
  });

  it('without the option', async () => {
    const llm = chained.client({ use: [fallback([SECOND])] });
    chained.mock.enqueue('openai', cut());
    const { text, error } = await readAll(await llm.chat.completions.create(params));
    expect([text, chained.asked()]).toEqual(['one two', ['openai']]);
    expect(error).toMatchObject({ partial: { content: 'one two' } });
  });
});

describe('what the reader gets', () => {
  const chunksOf = async (
    extra: object = {},
    first = fault.cutAfter(2, answer),
    second = reply({ ...rest, reasoning: 'Hm.' }),
  ) => {
    const llm = mending({}, [SECOND]);
    chained.mock.enqueue('openai', first);
    chained.mock.enqueue('anthropic', second);
    const stream = await llm.chat.completions.create({ ...params, ...extra });
    const chunks = [];
    for await (const chunk of stream) chunks.push(chunk);
    return { chunks, route: stream.route };
  };

  it('has one id, one model, one opening, one end', async () => {
    const { chunks } = await chunksOf();
    expect(new Set(chunks.map(({ id, model, created, object }) => JSON.stringify([id, model, created, object]))).size).toBe(1);
    expect(chunks[0]?.model).toBe('gpt-4o-mini');
    expect(chunks.filter(({ choices }) => choices[0]?.delta.role !== undefined)).toHaveLength(1);
    expect(chunks.flatMap(({ choices }) => choices.map((choice) => choice.finish_reason ?? '')).filter(Boolean)).toEqual([
      'stop',
    ]);
    expect(JSON.stringify(chunks)).not.toContain('Hm.');
  });

  it('has the token counts of both parts, and a chunk with them only if it was asked for', async () => {
    const first = fault.cutAfter(2, answer);
    const second = reply({ ...rest, usage: { promptTokens: 20, completionTokens: 3 } });
    const quiet = await chunksOf({}, first, second);
    expect(quiet.chunks.some(({ usage }) => usage)).toBe(false);
    expect(quiet.route.usage).toMatchObject({ prompt_tokens: 20, completion_tokens: 3 });
    const { chunks, route } = await chunksOf({ stream_options: { include_usage: true } }, first, second);
    expect(chunks.filter(({ usage }) => usage)).toEqual([expect.objectContaining({ choices: [], usage: route.usage })]);
    expect(chunks.at(-1)?.usage).toMatchObject({ prompt_tokens: 20, completion_tokens: 3 });
  });

  it('through openai’s own helper', async () => {
    const llm = mending({}, [SECOND]);
    chained.mock.enqueue('openai', fault.cutAfter(2, answer));
    chained.mock.enqueue('anthropic', reply({ text: 'two three four', chunks: ['two', ' three', ' four'] }));
    const deltas: string[] = [];
    const stream = llm.chat.completions.stream({ model, messages }).on('content', (delta) => deltas.push(delta));
    const final = await stream.finalChatCompletion();
    expect(final.choices[0]).toMatchObject({ message: { role: 'assistant', content: WHOLE }, finish_reason: 'stop' });
    expect(deltas.join('')).toBe(WHOLE);
    expect(final).toMatchObject({ model: 'gpt-4o-mini', route: { provider: 'anthropic', resumed: [{ overlap: 3 }] } });
  });

  it('as an event stream, and as bytes of the provider, which are not gone on with', async () => {
    const llm = mending({}, [SECOND]);
    chained.mock.enqueue('openai', fault.cutAfter(2, answer), fault.cutAfter(2, answer), reply(answer));
    chained.mock.enqueue('anthropic', reply(rest));
    const shaped = await (await llm.chat.completions.create(params).asResponse()).text();
    expect(shaped).toContain(' four');
    expect(shaped.trim().endsWith('data: [DONE]')).toBe(true);
    const before = chained.mock.requests.length;
    const raw = await llm.chat.completions.create(params).rawResponse();
    expect(await rejection(raw.text())).toBeDefined();
    expect(chained.mock.requests.length - before).toBe(1);
    const good = await llm.chat.completions.create(params).rawResponse();
    expect(await good.text()).toContain('data: [DONE]');
  });

  it('thoughts that broke off before any word: the next target is asked anew', async () => {
    const llm = mending({}, [SECOND]);
    const thinking = { text: 'one', reasoning: 'I think of a number', chunks: ['one'] };
    chained.mock.enqueue('deepseek', fault.cutAfter(1, thinking));
    chained.mock.enqueue('anthropic', reply(answer));
    const stream = await llm.chat.completions.create({ ...params, model: 'deepseek/deepseek-reasoner' });
    expect(await readAll(stream)).toEqual({ text: WHOLE });
    expect(sentTo('anthropic')).toHaveLength(1);
    expect(stream.route.resumed).toMatchObject([{ characters: 0, overlap: 0 }]);
  });
});

describe('silence', () => {
  it('after content is mended when the idle limit runs out', async () => {
    const clock = fakeClock();
    const llm = mending({ clock, use: [fallback([SECOND], { resume: true }), timeout({ idle: 1_000 })] });
    chained.mock.enqueue('openai', fault.stall(2, answer));
    chained.mock.enqueue('anthropic', reply(rest));
    const stream = await llm.chat.completions.create(params);
    const read = readAll(stream);
    await clock.advance(1_500);
    expect(await read).toEqual({ text: WHOLE });
    expect(stream.route.attempts).toMatchObject([{ outcome: 'timeout' }, { outcome: 'success' }]);
  });

  it('beyond the deadline is not', async () => {
    const clock = fakeClock();
    const llm = mending({ clock });
    chained.mock.enqueue('openai', fault.stall(2, answer));
    const stream = await llm.chat.completions.create(params, { deadline: 500 });
    const read = readAll(stream);
    await clock.advance(1_000);
    expect((await read).error).toMatchObject({ kind: 'timeout', phase: 'deadline', partial: { content: 'one two' } });
    expect(chained.asked()).toEqual(['openai']);
  });

  it('the deadline holds for the continuation too', async () => {
    const clock = fakeClock();
    const llm = mending({ clock });
    chained.mock.enqueue('openai', fault.cutAfter(2, answer));
    chained.mock.enqueue('anthropic', fault.stall(1, rest));
    const stream = await llm.chat.completions.create(params, { deadline: 500 });
    const read = readAll(stream);
    await until(() => chained.eventsOf('resumed').length === 1);
    await clock.advance(1_000);
    const { text, error } = await read;
    expect(text).toBe('one two three');
    expect(error).toMatchObject({
      kind: 'timeout',
      phase: 'deadline',
      partial: { content: 'one two three' },
      attempts: [{}, {}],
    });
  });
});

describe('the reader leaves', () => {
  const stalled = () => {
    chained.mock.enqueue('openai', fault.cutAfter(2, answer));
    chained.mock.enqueue('anthropic', fault.stall(0));
  };

  it.each(['signal', 'controller'] as const)(
    'by its %s, while the next target is asked: the loop ends silently, its socket closes',
    async (by) => {
      stalled();
      const llm = mending();
      const controller = new AbortController();
      const stream = await llm.chat.completions.create(params, { signal: controller.signal });
      const read = readAll(stream);
      await until(() => chained.asked().includes('anthropic'));
      (by === 'signal' ? controller : stream.controller).abort();
      expect(await read).toEqual({ text: 'one two' });
      await until(() => chained.connections() === 0);
      expect(chained.eventsOf('attempt-ended').map(({ attempt }) => attempt.outcome)).toEqual(['stream_interrupted', 'aborted']);
      expect(chained.eventsOf('resumed')).toEqual([]);
      expect(chained.eventsOf('call-ended')).toMatchObject([{ outcome: by === 'signal' ? 'aborted' : 'success' }]);
    },
  );

  it('by leaving the loop during the continuation', async () => {
    chained.mock.enqueue('openai', fault.cutAfter(2, answer));
    chained.mock.enqueue('anthropic', fault.stall(1, rest));
    const llm = mending();
    let text = '';
    for await (const chunk of await llm.chat.completions.create(params)) {
      text += chunk.choices[0]?.delta.content ?? '';
      if (text.endsWith('three')) break;
    }
    expect(text).toBe('one two three');
    await until(() => chained.connections() === 0);
    expect(chained.eventsOf('call-ended')).toHaveLength(1);
  });

  it('or the client is closed in between', async () => {
    stalled();
    const llm = mending();
    const read = readAll(await llm.chat.completions.create(params));
    await until(() => chained.asked().includes('anthropic'));
    await llm.close();
    expect((await read).error).toMatchObject({ kind: 'aborted', code: 'client_closed', partial: { content: 'one two' } });
  });

  it('before the break is known: nobody else is asked', async () => {
    chained.mock.enqueue('openai', fault.stall(1, answer));
    const llm = mending();
    for await (const _ of await llm.chat.completions.create(params)) break;
    await until(() => chained.connections() === 0);
    expect(chained.asked()).toEqual(['openai']);
  });
});

describe('with the other layers', () => {
  it('the continuation has repeats of its own before its content, and skips an open breaker', async () => {
    const clock = fakeClock();
    const llm = mending({
      clock,
      on: { waiting: ({ ms }) => void clock.advance(ms) },
      use: [fallback([SECOND, THIRD], { resume: true }), retry({ maxRetries: 1 }), circuitBreaker({ minCalls: 2 }), timeout()],
    });
    chained.mock.enqueue('openai', fault.cutAfter(2, answer), fault.cutAfter(2, answer));
    chained.mock.enqueue('anthropic', fault.overloaded(), fault.overloaded());
    chained.mock.enqueue('gemini', reply(rest), reply(rest));
    const first = await llm.chat.completions.create(params);
    expect(await readAll(first)).toEqual({ text: WHOLE });
    expect(first.route.attempts.map(({ provider, outcome }) => `${provider} ${outcome}`)).toEqual([
      'openai stream_interrupted',
      'anthropic service_unavailable',
      'anthropic service_unavailable',
      'gemini success',
    ]);
    const second = await llm.chat.completions.create(params);
    expect(await readAll(second)).toEqual({ text: WHOLE });
    expect(second.route.attempts).toMatchObject([{}, { provider: 'anthropic', outcome: 'circuit_open' }, { provider: 'gemini' }]);
  });

  it('a breaker hears how each part ended', async () => {
    const breaker = circuitBreaker({ minCalls: 1 });
    const llm = mending({ use: [fallback([SECOND], { resume: true }), breaker] });
    chained.mock.enqueue('openai', fault.cutAfter(2, answer));
    chained.mock.enqueue('anthropic', reply(rest));
    await readAll(await llm.chat.completions.create(params));
    expect(breaker.snapshot().map(({ key, state }) => [key.split('/')[0], state])).toEqual([
      ['openai', 'open'],
      ['anthropic', 'closed'],
    ]);
  });

  it('within a pool the next member goes on, which is no fallback', async () => {
    const fast = pool(['openai', 'groq']);
    const llm = mending({ providers: { fast } }, [SECOND]);
    chained.mock.enqueue('openai', fault.cutAfter(2, answer));
    chained.mock.enqueue('groq', reply(rest));
    const stream = await llm.chat.completions.create({ ...params, model: 'fast/m' });
    expect(await readAll(stream)).toEqual({ text: WHOLE });
    expect(stream.route).toMatchObject({ provider: 'groq', fallback: false, resumed: [{ from: 'openai/m', to: 'groq/m' }] });
    expect(fast.snapshot().map(({ inFlight }) => inFlight)).toEqual([0, 0]);
  });

  it('a bug of a user’s layer in the continuation ends the stream with its first error, and a warning', async () => {
    const buggy: Middleware = (call, next) => {
      if (call.target.provider === 'anthropic') throw new TypeError('x is undefined');
      return next(call);
    };
    const llm = mending({ use: [fallback([SECOND], { resume: true }), buggy] });
    chained.mock.enqueue('openai', fault.cutAfter(2, answer));
    const stream = await llm.chat.completions.create(params);
    expect((await readAll(stream)).error).toMatchObject({ kind: 'stream_interrupted', partial: { content: 'one two' } });
    expect(stream.route.warnings).toEqual([expect.stringContaining('could not be resumed: TypeError: x is undefined')]);
  });

  it('`when` decides on the next target; the same one is asked in any case', async () => {
    const llm = mending({ use: [fallback([SECOND], { resume: true, when: () => false })] });
    chained.mock.enqueue('openai', fault.cutAfter(2, answer), reply(rest));
    const stream = await llm.chat.completions.create(params);
    expect(await readAll(stream)).toEqual({ text: WHOLE });
    expect(chained.asked()).toEqual(['openai', 'openai']);
  });
});

describe('many at once', () => {
  it('fifty broken streams of fifty readers are mended, none mixed with another', async () => {
    const llm = mending({ maxAttempts: 4 }, [SECOND]);
    const texts = Array.from({ length: 50 }, (_, i) => `answer ${i} begins here and it ends there`);
    const markOf = (body: unknown): number => Number(/number (\d+)/.exec(JSON.stringify(body))?.[1]);
    for (const _ of texts) {
      chained.mock.enqueue('openai', ({ body }) => fault.cutAfter(3, { text: texts[markOf(body)] as string }));
      chained.mock.enqueue('anthropic', ({ body }) => reply({ text: texts[markOf(body)] as string }));
    }
    const read = await Promise.all(
      texts.map(async (_, i) =>
        readAll(await llm.chat.completions.create({ ...params, messages: [{ role: 'user', content: `number ${i}` }] })),
      ),
    );
    expect(read).toEqual(texts.map((text) => ({ text })));
    await until(() => chained.eventsOf('call-ended').length === 50);
  });
});
