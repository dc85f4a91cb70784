import type { Middleware, Next } from '../contract/middleware.ts';

/** The whole of composition: the first layer is outermost. */
export const compose = (layers: readonly Middleware[], innermost: Next): Next =>
  layers.reduceRight<Next>((next, layer) => (call) => layer(call, next), innermost);
