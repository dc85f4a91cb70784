import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Middleware } from '../../src/index.ts';
import {
  budget,
  cache,
  circuitBreaker,
  coalesce,
  fallback,
  hedge,
  isLLMError,
  rateLimit,
  retry,
  timeout,
} from '../../src/index.ts';
import type { Answer } from '../../src/testing/index.ts';
import { fakeClock, fault, reply } from '../../src/testing/index.ts';
import type { Chained } from '../support/chained.ts';
import { FIRST, messages, passing, readAll, SECOND, startChained, THIRD, until } from '../support/chained.ts';
import { rejection } from '../support/client.ts';

let world: Chained;
beforeEach(async () => {
  world = await startChained();
});
afterEach(() => world.close());

const said = reply({ chunks: ['Kelp ', 'holds ', 'on ', 'to ', 'rocks.'] });
const BREAKS: Record<string, Answer> = {
  'a cut': fault.cutAfter(2, said),
  'an error event': fault.errorEvent(2, { answer: said }),
  'no terminal event': fault.noTerminal(reply({ chunks: ['Kelp ', 'holds '] })),
  silence: fault.stall(2, said),
};
const LAYERS: Record<string, () => Middleware[] | undefined> = {
  'the default layers': () => undefined,
  'a chain': () => [fallback([SECOND, THIRD]), retry({ maxRetries: 5 }), circuitBreaker(), timeout()],
  'retries around a chain': () => [retry({ maxRetries: 5, minDelay: 1 }), fallback([SECOND, THIRD])],
  'cache and coalesce around a chain': () => [cache(), coalesce(), fallback([SECOND, THIRD]), retry(), timeout()],
  'a hedge': () => [fallback([SECOND]), retry(), hedge({ after: 1_000, to: SECOND }), circuitBreaker(), timeout()],
  'a hedge around retries, with tools': () => [hedge({ after: 1_000, tools: true }), retry({ maxRetries: 5 }), timeout()],
  'limits and a budget': () => [
    budget({ maxTokens: 10_000 }),
    fallback([SECOND]),
    retry(),
    rateLimit({ concurrency: 1 }),
    timeout(),
  ],
};

describe.each(Object.keys(LAYERS))('once content was handed out nothing is sent again, with %s', (layers) => {
  it.each(Object.keys(BREAKS))('after %s', async (name) => {
    world.mock.enqueue('openai', BREAKS[name] as Answer);
    const clock = fakeClock();
    const use = LAYERS[layers]?.();
    const llm = world.client({ clock, on: passing(clock), ...(use === undefined ? {} : { use }) });
    const stream = await llm.chat.completions.create({ model: FIRST, messages, stream: true }, { timeout: 60_000 });
    const reading = readAll(stream);
    if (name === 'silence') {
      await until(() => world.eventsOf('stream-committed').length === 1);
      await clock.advance(600_000);
    }
    const { text, error } = await reading;
    expect(text).toBe('Kelp holds ');
    if (!isLLMError(error)) throw new Error('it did not break');
    expect(error.partial?.content).toBe('Kelp holds ');
    await clock.advance(600_000);
    expect(world.asked()).toEqual(['openai']);
    expect(stream.route.attempts).toHaveLength(1);
  });

  it('but before it everything is tried', async () => {
    world.mock.enqueue('openai', fault.cutAfter(0, said), said);
    const clock = fakeClock();
    const use = LAYERS[layers]?.();
    const llm = world.client({ clock, on: passing(clock), ...(use === undefined ? {} : { use }) });
    expect(await readAll(await llm.chat.completions.create({ model: FIRST, messages, stream: true }))).not.toHaveProperty(
      'error',
    );
    expect(world.asked()).toHaveLength(2);
  });
});

describe('helpers repeat nothing either', () => {
  it('.stream()', async () => {
    world.mock.enqueue('openai', fault.cutAfter(2, said));
    const llm = world.client();
    const stream = llm.chat.completions.stream({ model: FIRST, messages });
    let text = '';
    stream.on('content', (delta) => {
      text += delta;
    });
    expect(await rejection(stream.finalContent())).toMatchObject({
      kind: 'stream_interrupted',
      partial: { content: 'Kelp holds ' },
    });
    expect(text).toBe('Kelp holds ');
    expect(world.asked()).toEqual(['openai']);
  });

  it('a tool call that broke off is not run', async () => {
    world.mock.enqueue(
      'openai',
      fault.cutAfter(2, reply({ text: 'I look', toolCalls: [{ name: 'book', arguments: { seat: 1 } }] })),
    );
    const { tools, ran } = booking();
    const runner = world.client().chat.completions.runTools({ model: FIRST, messages, tools, stream: true });
    expect(await rejection(runner.done())).toMatchObject({ kind: 'stream_interrupted' });
    expect(ran).toEqual([]);
    expect(world.asked()).toEqual(['openai']);
  });
});

function booking() {
  const ran: unknown[] = [];
  const tool = {
    type: 'function' as const,
    function: {
      name: 'book',
      description: 'Books a seat.',
      parameters: { type: 'object', properties: { seat: { type: 'number' } } },
      parse: (text: string) => JSON.parse(text) as { seat: number },
      function(args: { seat: number }) {
        ran.push(args);
        return `Seat ${args.seat} is booked.`;
      },
    },
  };
  return { tools: [tool], ran };
}

/** Everything that a provider was told, as text. */
const told = (provider: string): string =>
  world.mock.requests
    .filter((request) => request.provider === provider)
    .map(({ body }) => JSON.stringify(body))
    .join('\n');

describe.each([false, true])('a chain of providers around a tool that acts (stream: %s)', (stream) => {
  const call = { id: 'call|7', name: 'book', arguments: { seat: 4 } };
  const chain = () => [fallback([SECOND]), retry({ minDelay: 1, maxDelay: 1 })];

  it('moves on between two turns: the tool has run once, its result goes along under an id that the other accepts', async () => {
    world.mock.enqueue('openai', reply({ toolCalls: [call] }), fault.overloaded(), fault.overloaded(), fault.overloaded());
    world.mock.enqueue('anthropic', reply('It is yours.'));
    const { tools, ran } = booking();
    const { runTools } = world.client({ use: chain() }).chat.completions;
    const runner = stream ? runTools({ model: FIRST, messages, tools, stream }) : runTools({ model: FIRST, messages, tools });
    expect(await runner.finalContent()).toBe('It is yours.');
    expect(ran).toEqual([{ seat: 4 }]);
    expect(world.asked()).toEqual(['openai', 'openai', 'openai', 'openai', 'anthropic']);
    const sent = told('anthropic');
    expect(sent).toContain('Seat 4 is booked.');
    const [use, result] = [/"type":"tool_use","id":"([^"]+)"/.exec(sent)?.[1], /"tool_use_id":"([^"]+)"/.exec(sent)?.[1]];
    expect(use).toMatch(/^[a-zA-Z0-9_-]+$/);
    expect(result).toBe(use);
  });

  it('repeats the turn elsewhere: the same call is not run again', async () => {
    world.mock.enqueue('openai', reply({ toolCalls: [call] }), fault.overloaded(), fault.overloaded(), fault.overloaded());
    world.mock.enqueue('anthropic', reply({ toolCalls: [call] }), reply('It is yours.'));
    world.mock.enqueue('openai', fault.overloaded(), fault.overloaded(), fault.overloaded());
    const { tools, ran } = booking();
    const { runTools } = world.client({ use: chain() }).chat.completions;
    const runner = stream ? runTools({ model: FIRST, messages, tools, stream }) : runTools({ model: FIRST, messages, tools });
    expect(await runner.finalContent()).toBe('It is yours.');
    expect(ran).toEqual([{ seat: 4 }]);
    expect(told('anthropic').match(/Seat 4 is booked\./g)).toHaveLength(3);
  });

  it('fails altogether: a run with another model goes on from the messages', async () => {
    world.mock.enqueue('openai', reply({ toolCalls: [call] }), fault.auth());
    const { tools, ran } = booking();
    const { runTools } = world.client({ use: [] }).chat.completions;
    const first = stream ? runTools({ model: FIRST, messages, tools, stream }) : runTools({ model: FIRST, messages, tools });
    expect(await rejection(first.done())).toMatchObject({ kind: 'authentication' });
    world.mock.enqueue('gemini', reply('It is yours.'));
    const again = runTools({ model: THIRD, messages: first.messages, tools });
    expect(await again.finalContent()).toBe('It is yours.');
    expect(ran).toEqual([{ seat: 4 }]);
    expect(told('gemini')).toContain('Seat 4 is booked.');
  });
});
