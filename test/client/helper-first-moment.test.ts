import type { ChatCompletionStream } from 'openai/lib/ChatCompletionStream';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { LLMClient } from '../../src/index.ts';
import { rejection } from '../support/client.ts';
import type { OpenAIServer } from '../support/openai-server.ts';
import { reply, silence, startOpenAIServer, stream, textStream } from '../support/openai-server.ts';

const messages = [{ role: 'user' as const, content: 'Hi' }];
const params = { messages, stream_options: { include_usage: true } };
type Helper = ChatCompletionStream<null>;

let server: OpenAIServer;
let llm: LLMClient;
let OpenAI: typeof import('openai').default;
let Official: typeof ChatCompletionStream;
beforeEach(async () => {
  server = await startOpenAIServer();
  // a program that has not loaded the helpers yet
  vi.resetModules();
  const { createClient, openaiCompatible } = await import('../../src/index.ts');
  ({ default: OpenAI } = await import('openai'));
  ({ ChatCompletionStream: Official } = await import('openai/lib/ChatCompletionStream'));
  llm = createClient({ use: [], providers: { mine: openaiCompatible({ baseURL: server.baseURL, apiKey: 'k' }) } });
});
afterEach(async () => {
  await llm.close();
  await server.close();
});

const ours = (): Helper => llm.chat.completions.stream({ model: 'mine/m', ...params });
const theirs = (): Helper =>
  new OpenAI({ apiKey: 'k', baseURL: server.baseURL, maxRetries: 0 }).chat.completions.stream({ model: 'm', ...params });
const answerBoth = () => server.answer(stream(textStream('Hel', 'lo')), stream(textStream('Hel', 'lo')));

/** The members that openai's class offers, from the instance up. */
function publicMembers(helper: object): PropertyKey[] {
  const names = new Set<PropertyKey>();
  for (let at = helper; at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    for (const name of Reflect.ownKeys(at)) names.add(name);
  }
  return [...names].filter((name) => !(typeof name === 'string' && /^_|^constructor$/.test(name)));
}

/** What a member is: a value as it is, a method by its kind. */
const shown = (helper: Helper, name: PropertyKey): unknown => {
  const value = Reflect.get(helper, name);
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? value.constructor.name
    : typeof value === 'function'
      ? 'method'
      : value;
};

/** What a user may call at once, and what comes of it. */
const USES: Readonly<Record<string, (helper: Helper) => unknown>> = {
  finalChatCompletion: async (helper) => (await helper.finalChatCompletion()).choices[0]?.message.content,
  finalContent: (helper) => helper.finalContent(),
  finalMessage: async (helper) => (await helper.finalMessage()).content,
  finalFunctionToolCall: (helper) => helper.finalFunctionToolCall(),
  finalFunctionToolCallResult: (helper) => helper.finalFunctionToolCallResult(),
  totalUsage: (helper) => helper.totalUsage(),
  done: (helper) => helper.done(),
  allChatCompletions: (helper) => helper.allChatCompletions(),
  emitted: (helper) => helper.emitted('content'),
  on: (helper) => new Promise((resolve) => helper.on('finalContent', resolve)),
  once: (helper) => new Promise((resolve) => helper.once('content', (...told) => resolve(told))),
  off: async (helper) => {
    const heard: string[] = [];
    const listener = (delta: string): unknown => heard.push(delta);
    const chained = helper.on('content', listener).on('content', listener).off('content', listener);
    await helper.done();
    return [heard, chained === helper];
  },
  abort: async (helper) => {
    const events: string[] = [];
    helper.on('abort', () => events.push('abort')).on('end', () => events.push('end'));
    helper.abort();
    const before = [helper.aborted, helper.controller.signal.aborted];
    const error = await rejection(helper.done());
    return [before, error instanceof OpenAI.APIUserAbortError, helper.aborted, helper.ended, events];
  },
  events: async (helper) => {
    const iterator = helper.events('content');
    await helper.done();
    const told: unknown[] = [];
    for await (const [delta, snapshot] of iterator) told.push([delta, snapshot]);
    return told;
  },
  asyncIterator: async (helper) => {
    const iterator = helper[Symbol.asyncIterator]();
    await helper.done();
    const parts: unknown[] = [];
    for (let item = await iterator.next(); item.done !== true; item = await iterator.next()) {
      parts.push(item.value.choices[0]?.delta.content);
    }
    return parts;
  },
  toReadableStream: async (helper) => {
    const text = await new Response(helper.toReadableStream()).text();
    return text.split('\n').map((line) => (line === '' ? '' : JSON.parse(line).choices[0]?.delta.content));
  },
  messages: async (helper) => {
    const kept = helper.messages;
    kept.push({ role: 'system', content: 'added at once' });
    await helper.done();
    return [kept === helper.messages, kept];
  },
  controller: async (helper) => {
    const { controller } = helper;
    controller.abort(new Error('enough'));
    const error = (await rejection(helper.done())) as Error;
    return [helper.controller === controller, error instanceof OpenAI.APIUserAbortError, (error.cause as Error).message];
  },
  ended: async (helper) => [helper.ended, await helper.done(), helper.ended],
  errored: async (helper) => [helper.errored, await helper.done(), helper.errored],
  aborted: async (helper) => [helper.aborted, await helper.done(), helper.aborted],
  currentChatCompletionSnapshot: async (helper) => [
    helper.currentChatCompletionSnapshot,
    await new Promise((resolve) => helper.once('chunk', () => resolve(helper.currentChatCompletionSnapshot?.choices.length))),
  ],
};

describe('openai’s stream helper before its class is loaded', () => {
  it('has every member that openai’s class has, in the same state', async () => {
    answerBoth();
    const official = theirs();
    const helper = ours();
    const names = publicMembers(official);
    expect(names).toEqual(expect.arrayContaining(['messages', 'on', 'done', 'finalContent', Symbol.asyncIterator]));
    expect(names.map((name) => [name, name in helper, shown(helper, name)])).toEqual(
      names.map((name) => [name, true, shown(official, name)]),
    );
    expect(names.map((name) => (name === Symbol.asyncIterator ? 'asyncIterator' : String(name))).sort()).toEqual(
      Object.keys(USES).sort(),
    );
    await Promise.all([official.done(), helper.done()]);
  });

  it.each(Object.keys(USES))('%s does what it does in openai’s class', async (name) => {
    const use = USES[name] as (helper: Helper) => unknown;
    answerBoth();
    const official = theirs();
    const helper = ours();
    expect(helper instanceof Official).toBe(false);
    const [expected, told] = await Promise.all([use(official), use(helper)]);
    expect(told).toEqual(expected);
    await Promise.allSettled([official.done(), helper.done()]);
  });

  it('is one of that class as soon as that is loaded, and at once from the second call on', async () => {
    answerBoth();
    const first = ours();
    expect(first instanceof Official).toBe(false);
    await first.done();
    expect(first).toBeInstanceOf(Official);
    const second = ours();
    expect(second).toBeInstanceOf(Official);
    expect(await second.finalContent()).toBe('Hello');
  });

  it('is let go of by a break and by a cancelled stream, however early', async () => {
    server.answer(stream(textStream('a', 'b', 'c').slice(0, 3), { ending: 'open' }));
    const broken = ours();
    for await (const _part of broken) break;
    await expect.poll(() => broken.aborted).toBe(true);

    server.answer(silence);
    const cancelled = ours();
    await cancelled.toReadableStream().cancel();
    await expect.poll(() => cancelled.aborted).toBe(true);
  });

  it('does not run, of a tool loop, in another class either', async () => {
    const { ChatCompletionRunner } = await import('openai/lib/ChatCompletionRunner');
    server.answer(reply('done'), reply('done'));
    const tools = [{ type: 'function' as const, function: { name: 'f', description: '', parameters: {}, function: () => '' } }];
    const loop = () => llm.chat.completions.runTools({ model: 'mine/m', messages, tools });
    const first = loop();
    expect([first.messages, first.ended, await first.finalContent(), first.messages.length]).toEqual([
      first.messages,
      false,
      'done',
      2,
    ]);
    expect(first).toBeInstanceOf(ChatCompletionRunner);
    const second = loop();
    expect(second).toBeInstanceOf(ChatCompletionRunner);
    expect(await second.finalContent()).toBe('done');
  });
});
