import { lazily } from '../contract/lazily.ts';
import type { ChunkStream } from '../contract/stream.ts';
import type { Opened } from './opened.ts';

/** What a promise of a whole result gives. */
export const wholeOf = ({ result }: Opened): never => result as never;

const streaming = lazily(() => import('./llm-stream.ts'));

/** What a promise of a stream gives. */
export const streamOf = async ({ result, route, signal }: Opened): Promise<never> => {
  const { LLMStream } = await streaming();
  return new LLMStream(result as ChunkStream<unknown>, route, signal) as never;
};
