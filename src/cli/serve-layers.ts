import type { Middleware } from 'holdfast';
import { budget, cache, circuitBreaker, coalesce, contextCheck, fallback, hedge, rateLimit, retry, timeout } from 'holdfast';

/** Layers that a configuration may name. They stand in this order, the first outermost, whatever their order in the file. */
export const LAYER_NAMES = [
  'cache',
  'coalesce',
  'budget',
  'fallback',
  'contextCheck',
  'retry',
  'hedge',
  'rateLimit',
  'circuitBreaker',
  'timeout',
] as const;

type LayerName = (typeof LAYER_NAMES)[number];

/** What stands beside a layer's name: its options; `true` or nothing for its defaults. */
type Given = Readonly<Record<string, unknown>> | readonly unknown[] | true | null | undefined;

/** Layers as functions of their options, whose types are theirs to check. */
const BUILDERS: { readonly [N in LayerName]: (options: never) => Middleware } = {
  cache,
  coalesce,
  budget,
  fallback: buildFallback,
  contextCheck,
  retry,
  hedge,
  rateLimit,
  circuitBreaker,
  timeout,
};

/** @throws ConfigurationError with the path of a wrong option below `layers`. */
export function buildLayers(layers: Readonly<Partial<Record<LayerName, unknown>>>): Middleware[] {
  return LAYER_NAMES.filter((name) => layers[name] !== undefined && layers[name] !== false).map((name) =>
    BUILDERS[name](optionsOf(layers[name] as Given) as never),
  );
}

const optionsOf = (given: Given): object | undefined => (given === true || given === null ? undefined : given);

/** A list of models, or `{ chain, …options }` whose chain is a list or a map of lists. */
function buildFallback(options: readonly string[] | Readonly<Record<string, never>> = []): Middleware {
  if (Array.isArray(options)) return fallback(options);
  const { chain = [], ...rest } = options as Readonly<Record<string, never>>;
  return fallback(chain, rest);
}
