import { zodFunction } from 'openai/helpers/zod';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as z from 'zod';
import type { Setup } from '../support/client.ts';
import { rejection, setUp } from '../support/client.ts';
import type { Handler } from '../support/openai-server.ts';
import { chunk, failure, reply, silence, stream, textStream } from '../support/openai-server.ts';

const model = 'mine/small-1';
const messages = [{ role: 'user' as const, content: 'Book it.' }];

let setup: Setup;
const ran: string[] = [];
beforeEach(async () => {
  setup = await setUp();
  ran.length = 0;
});
afterEach(() => setup.close());

interface Asked {
  readonly id: string;
  readonly name?: string;
  readonly args?: string;
}
const asked = ({ id, name = 'book', args = '{"seat":1}' }: Asked): object => ({
  id,
  type: 'function',
  function: { name, arguments: args },
});
/** A turn in which the model calls tools, whole or streamed. */
const turn = (streams: boolean, ...calls: Asked[]): Handler => {
  const tool_calls = calls.map(asked);
  if (!streams) return reply(null, { tool_calls }, { finish_reason: 'tool_calls' });
  return stream([
    chunk({ role: 'assistant', tool_calls: tool_calls.map((call, index) => ({ index, ...call })) }),
    chunk({}, 'tool_calls'),
  ]);
};
const done = (streams: boolean): Handler => (streams ? stream(textStream('Done', '.')) : reply('Done.'));

/** A tool that notes its calls. */
const tool = (name: string, act: (args: { seat: number }) => unknown = ({ seat }) => `seat ${seat}, try ${ran.length}`) =>
  zodFunction({
    name,
    parameters: z.object({ seat: z.number() }),
    function: (args) => {
      ran.push(name);
      return act(args) as string;
    },
  });

function run(streams: boolean, params: object = {}, options?: object) {
  const { runTools } = setup.llm.chat.completions;
  const all = { model, messages: [...messages], tools: [tool('book')], ...params };
  return streams ? runTools({ ...all, stream: true } as never, options) : runTools(all as never, options);
}

const results = (history: readonly object[]): unknown[] =>
  history.flatMap((message) =>
    'tool_call_id' in message ? [[message.tool_call_id, 'content' in message ? message.content : null]] : [],
  );

describe.each([false, true])('a function runs once for a call (stream: %s)', (streams) => {
  it('also when the turn is repeated', async () => {
    setup.server.answer(turn(streams, { id: 'a' }), turn(streams, { id: 'a', args: '{ "seat": 1 }' }), done(streams));
    const runner = run(streams);
    expect(await runner.finalContent()).toBe('Done.');
    expect(ran).toEqual(['book']);
    expect(results(runner.messages)).toEqual([
      ['a', 'seat 1, try 1'],
      ['a', 'seat 1, try 1'],
    ]);
  });

  it('also when one turn names a call twice', async () => {
    setup.server.answer(turn(streams, { id: 'a' }, { id: 'a' }, { id: 'b' }), done(streams));
    const runner = run(streams);
    await runner.done();
    expect(ran).toEqual(['book', 'book']);
    expect(results(runner.messages)).toEqual([
      ['a', 'seat 1, try 1'],
      ['a', 'seat 1, try 1'],
      ['b', 'seat 1, try 2'],
    ]);
  });

  it('but another question under the same id is another call', async () => {
    setup.server.answer(turn(streams, { id: 'a' }), turn(streams, { id: 'a', args: '{"seat":2}' }), done(streams));
    await run(streams).done();
    expect(ran).toEqual(['book', 'book']);
  });

  it('also when a history has its result', async () => {
    const history = [
      ...messages,
      { role: 'assistant', content: null, tool_calls: [asked({ id: 'a' })] },
      {
        role: 'tool',
        tool_call_id: 'a',
        content: [
          { type: 'text', text: 'seat 1, ' },
          { type: 'text', text: 'before' },
        ],
      },
      { role: 'tool', tool_call_id: 'z', content: 'without its call' },
    ];
    setup.server.answer(turn(streams, { id: 'a' }, { id: 'z' }), done(streams));
    const runner = run(streams, { messages: history });
    await runner.done();
    expect(ran).toEqual([]);
    expect(results(runner.messages).slice(2)).toEqual([
      ['a', 'seat 1, before'],
      ['z', 'without its call'],
    ]);
  });

  it('each call has its own result, whatever the order of tools and turns', async () => {
    const tools = ['see', 'book'].map((name) =>
      tool(name, async ({ seat }) => {
        await new Promise((resolve) => setTimeout(resolve, 5 - seat));
        return `${name} ${seat}`;
      }),
    );
    const calls = [1, 2, 3].flatMap((seat) => [
      { id: `b${seat}`, name: 'book', args: `{"seat":${seat}}` },
      { id: `s${seat}`, name: 'see', args: `{"seat":${seat}}` },
    ]);
    setup.server.answer(turn(streams, ...calls), turn(streams, ...calls.toReversed()), done(streams));
    const runner = run(streams, { tools });
    await runner.done();
    expect(ran).toHaveLength(6);
    for (const [id, content] of results(runner.messages) as [string, string][]) {
      expect(content).toBe(`${id.startsWith('b') ? 'book' : 'see'} ${id.slice(1)}`);
    }
    expect(results(runner.messages)).toHaveLength(12);
  });
});

describe.each([false, true])('a run that failed goes on from its messages (stream: %s)', (streams) => {
  it('when the provider failed after the tools had run', async () => {
    setup.server.answer(turn(streams, { id: 'a' }), failure(503));
    const broken = run(streams);
    expect(await rejection(broken.done())).toMatchObject({ kind: 'service_unavailable' });
    expect(results(broken.messages)).toEqual([['a', 'seat 1, try 1']]);
    setup.server.answer(turn(streams, { id: 'a' }), done(streams));
    const again = run(streams, { messages: broken.messages });
    expect(await again.finalContent()).toBe('Done.');
    expect(ran).toEqual(['book']);
  });

  it('when one tool failed: what the others did is kept, and the failure is its result', async () => {
    const fails = tool('pay', () => {
      throw new RangeError('card refused');
    });
    setup.server.answer(turn(streams, { id: 'a' }, { id: 'p', name: 'pay' }, { id: 'u', name: 'unknown' }));
    const broken = run(streams, { tools: [tool('book'), fails] });
    expect(await rejection(broken.done())).toMatchObject({ message: 'card refused' });
    expect(results(broken.messages)).toEqual([
      ['a', 'seat 1, try 1'],
      ['p', 'Error: card refused'],
      ['u', 'Not run: the run ended before.'],
    ]);
    setup.server.answer(turn(streams, { id: 'p', name: 'pay' }), done(streams));
    const again = run(streams, { messages: broken.messages, tools: [tool('book'), fails] });
    expect(await again.finalContent()).toBe('Done.');
    expect(ran).toEqual(['book', 'pay']);
    expect(setup.server.requests.at(-1)?.body.messages).toHaveLength(7);
  });

  it('when one of a row failed: the rest was not run, and says so', async () => {
    const fails = tool('pay', () => Promise.reject('offline'));
    setup.server.answer(turn(streams, { id: 'p', name: 'pay' }, { id: 'a' }));
    const broken = run(streams, { tools: [tool('book'), fails], parallel_tool_calls: false });
    await rejection(broken.done());
    expect(ran).toEqual(['pay']);
    expect(results(broken.messages)).toEqual([
      ['p', 'Error: offline'],
      ['a', 'Not run: the run ended before.'],
    ]);
  });

  it('when it was aborted while tools ran: they end, and their results stay', async () => {
    const caller = new AbortController();
    const slow = tool('pay', async () => {
      caller.abort();
      await new Promise((resolve) => setTimeout(resolve, 5));
      return 'paid';
    });
    setup.server.answer(turn(streams, { id: 'p', name: 'pay' }, { id: 'a' }));
    const broken = run(streams, { tools: [tool('book'), slow] }, { signal: caller.signal });
    expect(await rejection(broken.done())).toMatchObject({ kind: 'aborted' });
    const told = new Map(results(broken.messages) as [string, string][]);
    expect([...told.keys()].sort()).toEqual(['a', 'p']);
    expect(told.get('p')).toBe('paid');
    expect(ran.includes('book')).toBe(told.get('a') !== 'Not run: the run ended before.');
  });

  it('when it never began there is nothing to add', async () => {
    setup.server.answer(failure(401));
    const open = [...messages, { role: 'assistant', content: null, tool_calls: [asked({ id: 'a' })] }];
    const broken = run(streams, { messages: open });
    await rejection(broken.done());
    expect(results(broken.messages)).toEqual([]);
  });

  it('when it was aborted while the model was asked', async () => {
    const caller = new AbortController();
    setup.server.answer(turn(streams, { id: 'a' }), silence);
    const broken = run(streams, {}, { signal: caller.signal });
    while (setup.server.requests.length < 2) await new Promise((resolve) => setTimeout(resolve, 2));
    caller.abort();
    await rejection(broken.done());
    expect(results(broken.messages)).toEqual([['a', 'seat 1, try 1']]);
  });
});

describe('tools of every kind', () => {
  const plain = (fields: object): object => ({ type: 'function', function: { description: '', parameters: {}, ...fields } });

  it('are called as openai calls them', async () => {
    const seen: unknown[] = [];
    function named(this: unknown, ...args: unknown[]): string {
      seen.push([(this as { tag?: string }).tag, ...args]);
      return 'ok';
    }
    const tools = [
      plain({ name: 'raw', tag: 'raw', function: named }),
      plain({ tag: 'own name', function: named }),
      plain({ name: 'parsed', tag: 'parsed', parse: (text: string) => JSON.parse(text) as object, function: named }),
    ];
    const calls = ['raw', 'named', 'parsed'].map((name) => ({ id: name, name, args: '{"x":1}' }));
    setup.server.answer(turn(false, ...calls), reply('Done.'));
    const runner = run(false, { tools, toolContext: { user: 'ada' } });
    expect(await runner.finalContent()).toBe('Done.');
    expect(seen).toEqual([
      ['raw', '{"x":1}', expect.objectContaining({ messages: expect.any(Array) }), { user: 'ada' }],
      ['own name', '{"x":1}', expect.anything(), { user: 'ada' }],
      ['parsed', { x: 1 }, expect.anything(), { user: 'ada' }],
    ]);
    const body = setup.server.requests[0]?.body as { tools?: { function: { name: string } }[] } | undefined;
    const sent = body?.tools;
    expect(sent?.map((each) => each.function.name)).toEqual(['raw', 'named', 'parsed']);
  });

  it('tell the model what is wrong with its arguments', async () => {
    setup.server.answer(turn(false, { id: 'a', args: '{"seat":"x"}' }, { id: 'b' }), reply('Done.'));
    const runner = run(false);
    await runner.done();
    expect(ran).toEqual(['book']);
    expect(results(runner.messages)).toEqual([
      ['a', expect.stringContaining('seat')],
      ['b', 'seat 1, try 1'],
    ]);
  });

  it.each([
    [undefined, 'undefined'],
    [null, 'null'],
    [{ a: [1] }, '{"a":[1]}'],
    [[{ type: 'text', text: 'x' }], '[{"type":"text","text":"x"}]'],
  ])('give back %j as text', async (result, text) => {
    setup.server.answer(turn(false, { id: 'a' }), turn(false, { id: 'a' }), reply('Done.'));
    const runner = run(false, { tools: [tool('book', () => result)] });
    await runner.done();
    expect(results(runner.messages)).toEqual(Array(2).fill(['a', text]));
    setup.server.answer(turn(false, { id: 'a' }), failure(500));
    const broken = run(false, { tools: [tool('book', () => result)], messages: runner.messages });
    await rejection(broken.done());
    expect(results(broken.messages)).toEqual(Array(3).fill(['a', text]));
  });

  it('may return what cannot be written: the run fails, the history is whole', async () => {
    const circle: { self?: unknown } = {};
    circle.self = circle;
    setup.server.answer(turn(false, { id: 'a' }));
    const broken = run(false, { tools: [tool('book', () => circle)] });
    await rejection(broken.done());
    expect(results(broken.messages)).toEqual([['a', 'Error: the result cannot be written as JSON']]);
  });

  it('one forced function ends the run as before', async () => {
    setup.server.answer(turn(false, { id: 'a' }, { id: 'b' }));
    const runner = run(false, { tool_choice: { type: 'function', function: { name: 'book' } } });
    await runner.done();
    expect(ran).toEqual(['book']);
    expect(results(runner.messages)).toEqual([['a', 'seat 1, try 1']]);
  });

  it('without a function is told before anything is sent', async () => {
    const bare = zodFunction({ name: 'bare', parameters: z.object({}) });
    expect(await rejection(run(false, { tools: [bare] }).done())).toMatchObject({
      kind: 'configuration',
      param: 'tools[0].function.function',
    });
  });
});
