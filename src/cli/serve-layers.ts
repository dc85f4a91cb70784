import type { Middleware } from 'holdfast';
import { circuitBreaker, fallback, retry, timeout } from 'holdfast';

/** Layers that a configuration may name. They stand in this order, the first outermost, whatever their order in the file. */
export const LAYER_NAMES = ['fallback', 'retry', 'circuitBreaker', 'timeout'] as const;

type LayerName = (typeof LAYER_NAMES)[number];

/** What stands beside a layer's name: its options; `true` or nothing for its defaults. */
type Given = Readonly<Record<string, unknown>> | readonly unknown[] | true | null | undefined;

const optionsOf = (given: Given): Record<string, never> | undefined =>
  given === true || given === null || given === undefined ? undefined : (given as Record<string, never>);

const BUILDERS: { readonly [N in LayerName]: (given: Given) => Middleware } = {
  fallback: buildFallback,
  retry: (given) => retry(optionsOf(given)),
  circuitBreaker: (given) => circuitBreaker(optionsOf(given)),
  timeout: (given) => timeout(optionsOf(given)),
};

/** @throws ConfigurationError with the path of a wrong option below `layers`. */
export function buildLayers(layers: Readonly<Partial<Record<LayerName, unknown>>>): Middleware[] {
  return LAYER_NAMES.filter((name) => layers[name] !== undefined && layers[name] !== false).map((name) =>
    BUILDERS[name](layers[name] as Given),
  );
}

/** A list of models, or `{ chain, …options }` whose chain is a list or a map of lists. */
function buildFallback(given: Given): Middleware {
  const options = optionsOf(given) ?? [];
  if (Array.isArray(options)) return fallback(options);
  const { chain = [], ...rest } = options as Readonly<Record<string, never>>;
  return fallback(chain, rest);
}
