export type { Handler } from './handler.ts';
export { createHandler } from './handler.ts';
export type { NodeListener } from './node-listener.ts';
export { nodeListener } from './node-listener.ts';
export type { HandlerLimits, HandlerOptions } from './options.ts';
