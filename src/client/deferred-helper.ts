import type { ChatCompletionStream } from 'openai/lib/ChatCompletionStream';
import type { MaybePromise } from '../contract/store.ts';

/** What users of openai's helpers may touch; the names below `_` are for helpers alone. */
type HelperName = Exclude<keyof ChatCompletionStream, `_${string}`>;

interface Subscription {
  readonly name: 'on' | 'off' | 'once';
  readonly args: readonly unknown[];
}

/**
 * One of openai's helpers, loaded at its first use: they are a third of the library's size, and most programs never call them.
 * The first call gives an object that stands for its helper, later ones the helper itself. A helper starts in a later turn of the
 * event loop, so nothing is missed.
 */
export function deferredHelper<M extends object, T extends object>(load: () => MaybePromise<M>, start: (loaded: M) => T): T {
  const loaded = load();
  return loaded instanceof Promise ? standingFor(loaded, start) : start(loaded);
}

function standingFor<M, T extends object>(loading: Promise<M>, start: (loaded: M) => T): T {
  let helper: T | undefined;
  const subscriptions: Subscription[] = [];
  const fields = { controller: new AbortController(), messages: [] };
  const ready = loading.then((loaded) => {
    const started = Object.assign(start(loaded), fields);
    for (const { name, args } of subscriptions) method(started, name)(...args);
    helper = started;
    return started;
  });
  const proxy: T = new Proxy(standIn(fields, subscriptions, ready, () => proxy) as T, {
    get(early, name) {
      if (helper === undefined) return Reflect.get(early, name);
      const value: unknown = Reflect.get(helper, name);
      if (typeof value !== 'function' || name === 'constructor') return value;
      return (...args: unknown[]) => {
        const result: unknown = value.apply(helper, args);
        return result === helper ? proxy : result;
      };
    },
    has: (early, name) => name in (helper ?? early),
    getPrototypeOf: (early) => Object.getPrototypeOf(helper ?? early),
  });
  return proxy;
}

/** A helper before its class is there: nothing has happened, and whoever waits for something waits for the class first. */
function standIn(
  fields: Readonly<Record<'controller', AbortController> & Record<'messages', object[]>>,
  subscriptions: Subscription[],
  ready: Promise<object>,
  itself: () => object,
): Readonly<Record<HelperName, unknown>> {
  const subscribed =
    (name: Subscription['name']) =>
    (...args: unknown[]) => {
      subscriptions.push({ name, args });
      return itself();
    };
  const resultOf =
    (name: HelperName) =>
    (...args: unknown[]) =>
      ready.then((helper) => method(helper, name)(...args));
  const iterated =
    (name: HelperName) =>
    (...args: unknown[]) =>
      iterating(resultOf(name)(...args) as Promise<AsyncIterator<unknown>>);
  return {
    ...fields,
    ended: false,
    errored: false,
    aborted: false,
    currentChatCompletionSnapshot: undefined,
    abort: () => fields.controller.abort(),
    on: subscribed('on'),
    off: subscribed('off'),
    once: subscribed('once'),
    [Symbol.asyncIterator]: iterated(Symbol.asyncIterator),
    events: iterated('events'),
    toReadableStream: () => readable(resultOf('toReadableStream')() as Promise<ReadableStream<unknown>>),
    emitted: resultOf('emitted'),
    done: resultOf('done'),
    allChatCompletions: () => [],
    finalChatCompletion: resultOf('finalChatCompletion'),
    finalContent: resultOf('finalContent'),
    finalMessage: resultOf('finalMessage'),
    finalFunctionToolCall: resultOf('finalFunctionToolCall'),
    finalFunctionToolCallResult: resultOf('finalFunctionToolCallResult'),
    totalUsage: resultOf('totalUsage'),
  };
}

const method = (helper: object, name: PropertyKey): ((...args: unknown[]) => unknown) =>
  ((helper as Record<PropertyKey, unknown>)[name] as (...args: unknown[]) => unknown).bind(helper);

/** Listens from the start, whenever the first item is asked for. */
function iterating(iterator: Promise<AsyncIterator<unknown>>): AsyncIterableIterator<unknown> {
  iterator.catch(() => {}); // told to whoever asks for an item
  return {
    next: async () => (await iterator).next(),
    return: async () => (await (await iterator).return?.()) ?? { value: undefined, done: true },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

function readable(stream: Promise<ReadableStream<unknown>>): ReadableStream<unknown> {
  const reader = stream.then((opened) => opened.getReader());
  return new ReadableStream({
    async pull(controller) {
      const { value, done } = await (await reader).read();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: async (reason) => (await reader).cancel(reason),
  });
}
