import type { Dispatcher } from 'undici';

const CURRENT = Symbol.for('undici.globalDispatcher.2');
const LEGACY = Symbol.for('undici.globalDispatcher.1');

type Globals = { readonly [key: symbol]: Dispatcher | undefined };

let seenCurrent: Dispatcher | undefined;
let seenLegacy: Dispatcher | undefined;
let chosen: Dispatcher | undefined;

/**
 * The dispatcher that the application set with `setGlobalDispatcher` of any undici, or `undefined`.
 * Undici 8 keeps it under one symbol, older ones (and Node's own) under another. The agent that undici or Node's
 * `fetch` puts there by itself does not count.
 */
export function chosenDispatcher(): Dispatcher | undefined {
  const globals = globalThis as unknown as Globals;
  const current = globals[CURRENT];
  const legacy = globals[LEGACY];
  if (current !== seenCurrent || legacy !== seenLegacy) {
    seenCurrent = current;
    seenLegacy = legacy;
    chosen = [current, legacy].find((dispatcher) => dispatcher !== undefined && !isAutomatic(dispatcher));
  }
  return chosen;
}

/** An agent made without any option, or undici 8's stand-in for its own dispatcher under the older symbol. */
function isAutomatic(dispatcher: Dispatcher): boolean {
  const name = dispatcher.constructor?.name;
  if (name === 'Dispatcher1Wrapper') return true;
  if (name !== 'Agent' || dispatcher.dispatch !== Object.getPrototypeOf(dispatcher).dispatch) return false;
  const options = hidden(dispatcher, 'options');
  const factory = hidden(dispatcher, 'factory');
  return (
    typeof options === 'object' &&
    options !== null &&
    Object.values(options).every((value) => value === undefined || value === Number.POSITIVE_INFINITY) &&
    typeof factory === 'function' &&
    factory.name === 'defaultFactory'
  );
}

function hidden(dispatcher: Dispatcher, description: string): unknown {
  const key = Object.getOwnPropertySymbols(dispatcher).find((symbol) => symbol.description === description);
  return key === undefined ? undefined : (dispatcher as unknown as Readonly<Record<symbol, unknown>>)[key];
}
