export type { FromOpenAIOptions } from './from-openai.ts';
export { fromOpenAI } from './from-openai.ts';
