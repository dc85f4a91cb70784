export type { AsFetchOptions } from './as-fetch.ts';
export { asFetch } from './as-fetch.ts';
export type { FromOpenAIOptions } from './from-openai.ts';
export { fromOpenAI } from './from-openai.ts';
