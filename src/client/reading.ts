import type { ChunkStream } from '../contract/stream.ts';
import type { Opened } from './call-runner.ts';
import { LLMStream } from './llm-stream.ts';

/** What a promise of a whole result gives. */
export const wholeOf = ({ result }: Opened): never => result as never;

/** What a promise of a stream gives. */
export const streamOf = ({ result, route, signal }: Opened): never =>
  new LLMStream(result as ChunkStream<unknown>, route, signal) as never;
