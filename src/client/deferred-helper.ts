/** What openai's helpers have in common. */
interface Helper {
  readonly controller: AbortController;
  abort(): void;
}

const SUBSCRIPTIONS: ReadonlySet<PropertyKey> = new Set(['on', 'off', 'once']);
const ITERATIONS: ReadonlySet<PropertyKey> = new Set([Symbol.asyncIterator, 'events']);

/** What a helper says of itself before its first event. */
const NOTHING_YET: Readonly<Record<PropertyKey, unknown>> = {
  ended: false,
  errored: false,
  messages: [],
  allChatCompletions: () => [],
  currentChatCompletionSnapshot: undefined,
};

type Method = (...args: unknown[]) => unknown;

/**
 * One of openai's helpers, loaded at its first use: they are a third of the library's size, and most programs never call them.
 * The object is there at once, as openai promises; until the class is loaded it keeps subscriptions and aborts for it,
 * and everything that returns a promise waits. A helper starts in a later turn of the event loop, so nothing is missed.
 */
export function deferredHelper<T extends Helper>(load: () => Promise<() => T>): T {
  let helper: T | undefined;
  const controller = new AbortController();
  const subscriptions: { readonly name: PropertyKey; readonly args: readonly unknown[] }[] = [];

  const ready = load().then((start) => {
    const loaded = start();
    helper = loaded;
    for (const { name, args } of subscriptions) method(loaded, name)(...args);
    const abort = (): void => loaded.abort();
    if (controller.signal.aborted) abort();
    else controller.signal.addEventListener('abort', abort, { once: true });
    return loaded;
  });

  async function* iterate(name: PropertyKey, args: unknown[]): AsyncGenerator<unknown> {
    yield* method(await ready, name)(...args) as AsyncIterable<unknown>;
  }

  const early = (name: PropertyKey, proxy: T): unknown => {
    if (name === 'then') return undefined; // awaiting a helper gives the helper
    if (name === 'controller') return controller;
    if (name === 'aborted') return controller.signal.aborted;
    if (name === 'abort') return () => controller.abort();
    if (name in NOTHING_YET) return NOTHING_YET[name];
    if (ITERATIONS.has(name)) return (...args: unknown[]) => iterate(name, args);
    if (name === 'toReadableStream') return () => readable(ready, name);
    if (!SUBSCRIPTIONS.has(name)) return async (...args: unknown[]) => method(await ready, name)(...args);
    return (...args: unknown[]) => {
      subscriptions.push({ name, args });
      return proxy;
    };
  };

  return new Proxy({} as T, {
    get(_, name, proxy) {
      if (helper === undefined) return early(name, proxy);
      const value: unknown = Reflect.get(helper, name, helper);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => {
        const result = (value as Method).apply(helper, args);
        return result === helper ? proxy : result;
      };
    },
    has: (_, name) => name in (helper ?? NOTHING_YET),
    getPrototypeOf: () => (helper === undefined ? Object.prototype : Object.getPrototypeOf(helper)),
  });
}

const method = (helper: object, name: PropertyKey): Method =>
  ((helper as Record<PropertyKey, unknown>)[name] as Method).bind(helper);

function readable(ready: Promise<object>, name: PropertyKey): ReadableStream<unknown> {
  let reader: ReadableStreamDefaultReader<unknown> | undefined;
  return new ReadableStream({
    async pull(controller) {
      reader ??= (method(await ready, name)() as ReadableStream<unknown>).getReader();
      const { value, done } = await reader.read();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: (reason) => reader?.cancel(reason),
  });
}
