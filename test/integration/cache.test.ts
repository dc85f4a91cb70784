import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ClientOptions, Route } from '../../src/index.ts';
import { cache, fallback, pool, retry, timeout } from '../../src/index.ts';
import { memoryStore } from '../../src/state/memory-store.ts';
import type { ReplyOptions } from '../../src/testing/index.ts';
import { fault, reply } from '../../src/testing/index.ts';
import type { Chained } from '../support/chained.ts';
import { FIRST, messages, readAll, SECOND, startChained, until } from '../support/chained.ts';

const DIALECTS = ['openai/gpt-5-mini', 'anthropic/claude-sonnet-4-5', 'gemini/gemini-2.5-flash', 'ollama/llama3.2'] as const;

let world: Chained;
beforeEach(async () => {
  world = await startChained();
});
afterEach(() => world.close());

const cached = (options: ClientOptions = {}) => world.client({ use: [cache(), fallback([]), retry(), timeout()], ...options });
const routeOf = (result: unknown): Route => (result as { route: Route }).route;

describe('over loopback', () => {
  it('a hit sends nothing, costs nothing and says so', async () => {
    world.mock.enqueue('openai', reply({ text: 'Kelp', usage: { promptTokens: 9, completionTokens: 3 } }));
    const llm = cached();
    const first = await llm.chat.completions.create({ model: FIRST, messages });
    expect(first.route).not.toHaveProperty('cached');
    const second = await llm.chat.completions.create({ model: FIRST, messages }, { correlationId: 'second' });
    expect(second).toEqual(first);
    expect(second.route).toEqual({
      provider: 'openai',
      model: 'gpt-4o-mini',
      attempts: [],
      warnings: [],
      correlationId: 'second',
      fallback: false,
      cached: true,
      usage: first.usage,
    });
    expect(world.asked()).toEqual(['openai']);
    expect(world.eventsOf('cache-hit')).toMatchObject([{ source: 'cache', call: { correlationId: 'second' } }]);
    expect(world.eventsOf('call-ended')).toMatchObject([{ attempts: [{}] }, { attempts: [], outcome: 'success' }]);
  });

  it('every way of reading a hit works', async () => {
    const llm = cached();
    await llm.chat.completions.create({ model: FIRST, messages });
    const whole = llm.chat.completions.create({ model: FIRST, messages });
    const { data, response, request_id } = await whole.withResponse();
    expect([data.route.cached, response.status, request_id]).toEqual([true, 200, null]);
    expect(await (await whole.asResponse()).json()).toEqual(data);
    expect((await whole.rawResponse()).status).toBe(200);

    const streamed = () => llm.chat.completions.create({ model: FIRST, messages, stream: true });
    expect(await (await streamed().asResponse()).text()).toMatch(/^data: \{.+\n\ndata: \[DONE\]\n\n$/s);
    expect((await streamed().withResponse()).response.status).toBe(200);
    expect((await streamed().rawResponse()).status).toBe(200);
    const [left, right] = (await streamed()).tee();
    expect(await readAll(left)).toEqual(await readAll(right));
    expect(await llm.chat.completions.stream({ model: FIRST, messages }).finalContent()).toBe(data.choices[0]?.message.content);
    expect(world.asked()).toHaveLength(1);
  });

  it('a stream is recorded once and replayed with its usage', async () => {
    world.mock.enqueue('openai', reply({ chunks: ['Kelp ', 'holds ', 'on.'], usage: { promptTokens: 9, completionTokens: 3 } }));
    const llm = cached();
    const read = async () => {
      const stream = await llm.chat.completions.create({ model: FIRST, messages, stream: true });
      const chunks = [];
      for await (const chunk of stream) chunks.push(chunk);
      return { chunks, route: stream.route };
    };
    const first = await read();
    const second = await read();
    expect(second.chunks).toEqual(first.chunks);
    expect(second.route).toMatchObject({ cached: true, attempts: [], usage: { prompt_tokens: 9, completion_tokens: 3 } });
    expect(world.asked()).toHaveLength(1);
  });

  it('a broken stream is never replayed', async () => {
    world.mock.enqueue('openai', fault.cutAfter(2), reply('whole'));
    const llm = cached();
    const read = async () => readAll(await llm.chat.completions.create({ model: FIRST, messages, stream: true }));
    expect((await read()).error).toMatchObject({ kind: 'stream_interrupted' });
    expect(await read()).toEqual({ text: 'whole' });
    expect(await read()).toEqual({ text: 'whole' });
    expect(world.asked()).toHaveLength(2);
  });

  it('a stream that its reader left is asked for again', async () => {
    world.mock.enqueue('openai', fault.stall(3), reply('whole'));
    const llm = cached();
    const first = await llm.chat.completions.create({ model: FIRST, messages, stream: true });
    for await (const _ of first) break;
    await until(() => world.connections() === 0);
    expect(await readAll(await llm.chat.completions.create({ model: FIRST, messages, stream: true }))).toEqual({ text: 'whole' });
    expect(world.asked()).toHaveLength(2);
  });

  it('a fallback’s answer is not kept as the answer of the first', async () => {
    world.mock.enqueue('openai', fault.auth(), fault.overloaded());
    const llm = cached({ use: [cache(), fallback([SECOND])] });
    await llm.chat.completions.create({ model: FIRST, messages }).catch(() => {});
    const second = await llm.chat.completions.create({ model: FIRST, messages });
    expect(second.route).toMatchObject({ provider: 'anthropic', fallback: true });
    const third = await llm.chat.completions.create({ model: FIRST, messages });
    expect(third.route).toMatchObject({ provider: 'openai', fallback: false });
    expect(world.asked()).toEqual(['openai', 'openai', 'anthropic', 'openai']);
  });

  it('a pool’s answer is that of any member, and says whose', async () => {
    const fast = pool(['openai', 'groq']);
    const llm = cached({ providers: { fast }, use: [cache(), fallback([])] });
    const first = await llm.chat.completions.create({ model: 'fast/gpt-5-mini', messages });
    const second = await llm.chat.completions.create({ model: 'fast/gpt-5-mini', messages });
    const { provider } = first.route;
    expect(['openai', 'groq']).toContain(provider);
    expect(second.route).toMatchObject({ provider, model: 'gpt-5-mini', fallback: false, cached: true, attempts: [] });
    expect(world.asked()).toHaveLength(1);
    const narrower = cached({ providers: { fast: pool(['groq']) }, use: [cache(), fallback([])] });
    expect((await narrower.chat.completions.create({ model: 'fast/gpt-5-mini', messages })).route).not.toHaveProperty('cached');
  });

  it('inside a chain each target has answers of its own', async () => {
    const llm = cached({ use: [fallback([SECOND]), cache()] });
    await llm.chat.completions.create({ model: SECOND, messages });
    world.mock.enqueue('openai', fault.rateLimit());
    const reply = await llm.chat.completions.create({ model: FIRST, messages });
    expect(reply.route).toMatchObject({
      provider: 'anthropic',
      fallback: true,
      cached: true,
      attempts: [{ outcome: 'rate_limit' }],
    });
  });

  it('embeddings and rerank are kept, lists of models are not', async () => {
    const llm = cached();
    for (let i = 0; i < 2; i++) {
      await llm.embeddings.create({ model: 'openai/text-embedding-3-small', input: ['a', 'b'] });
      await llm.rerank.create({ model: 'cohere/rerank-v3.5', query: 'a', documents: ['a', 'b'] });
      await llm.models.list({ provider: 'openai' });
    }
    expect(world.asked()).toEqual(['openai', 'cohere', 'openai', 'openai']);
  });

  it('text completions are kept, whole and streamed', async () => {
    world.mock.enqueue('openai', reply({ chunks: ['Kelp ', 'holds.'], usage: { promptTokens: 9, completionTokens: 3 } }));
    const llm = cached();
    const params = { model: 'openai/gpt-3.5-turbo-instruct', prompt: 'Kelp' };
    const texts = [];
    for (let i = 0; i < 2; i++) {
      const stream = await llm.completions.create({ ...params, stream: true });
      let text = '';
      for await (const { choices } of stream) text += choices[0]?.text ?? '';
      texts.push(text);
    }
    const whole = await llm.completions.create(params);
    expect([...texts, whole.choices[0]?.text]).toEqual(Array(3).fill('Kelp holds.'));
    expect(whole.usage).toMatchObject({ prompt_tokens: 9, completion_tokens: 3 });
    expect(world.asked()).toHaveLength(1);
  });

  it('two clients share one store', async () => {
    const store = memoryStore();
    const one = cached({ store });
    const other = cached({ store });
    await one.chat.completions.create({ model: FIRST, messages });
    expect((await other.chat.completions.create({ model: FIRST, messages })).route.cached).toBe(true);
    await one.close();
    expect((await other.chat.completions.create({ model: FIRST, messages })).route.cached).toBe(true);
    expect(world.asked()).toHaveLength(1);
  });

  it('an option of the wrong kind is refused', async () => {
    const wrong = { cache: 'always' } as never;
    await expect(cached().chat.completions.create({ model: FIRST, messages }, wrong)).rejects.toMatchObject({
      kind: 'configuration',
      param: 'options.cache',
    });
  });
});

describe('a recorded stream answers whole calls of the same dialect as the service would', () => {
  const answers: Record<string, ReplyOptions> = {
    text: { text: 'Kelp holds on. It sways.' },
    tools: {
      text: 'Let me look.',
      toolCalls: [
        { name: 'get_weather', arguments: { city: 'Oslo', days: [1, 2] } },
        { name: 'get_time', arguments: {} },
      ],
    },
    reasoning: { reasoning: 'Thinking it over.', text: 'Yes.' },
  };
  const tools = ['get_weather', 'get_time'].map((name) => ({ type: 'function' as const, function: { name, parameters: {} } }));
  const spoken = (result: { choices: { message: object; finish_reason: string }[]; usage?: object }) => {
    const { message, finish_reason } = result.choices[0] ?? { message: {}, finish_reason: '' };
    const said = JSON.parse(JSON.stringify(message, (name, value) => (name === 'id' ? undefined : value)));
    return { said, finish_reason, usage: result.usage };
  };

  it.each(DIALECTS.flatMap((model) => Object.keys(answers).map((kind) => [model, kind] as const)))(
    '%s, %s',
    async (model, kind) => {
      const answer = reply({ ...answers[kind], usage: { promptTokens: 9, completionTokens: 3 } });
      world.mock.enqueue(model.slice(0, model.indexOf('/')), answer, answer);
      const llm = cached({ unsupportedParams: 'drop' });
      const params = { model, messages: [...messages], tools };
      await readAll(await llm.chat.completions.create({ ...params, stream: true }));
      const hit = await llm.chat.completions.create(params);
      const asked = await llm.chat.completions.create(params, { cache: 'skip' });
      expect(routeOf(hit).cached).toBe(true);
      expect(spoken(hit)).toEqual(spoken(asked));
      expect(world.asked()).toHaveLength(2);
    },
  );
});
