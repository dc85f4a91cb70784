import * as z from 'zod/mini';
import type { BatchEngine, BatchHost } from '../contract/batches.ts';
import { ConfigurationError } from '../errors/setup-errors.ts';
import { StoreDesk } from './desk.ts';
import { StoreShelf } from './file-shelf.ts';
import type { ResultFormat } from './result-lines.ts';
import type { BatchStore } from './store.ts';
import type { BatchWorker, WorkerOptions } from './worker.ts';

/** What every engine may be told, wherever its batches are kept. */
export interface CommonEngineOptions {
  /** Lines that run at once in this process, over all batches. Default 64. */
  readonly concurrency?: number | undefined;
  /** Lines of a batch. Default 50 000, OpenAI's limit. */
  readonly maxLines?: number | undefined;
  /** Bytes of a line. Default 8 MiB. */
  readonly maxLineBytes?: number | undefined;
  /** Bytes of an upload. Default 200 MiB, OpenAI's limit for batches. */
  readonly maxFileBytes?: number | undefined;
  /** Whether the lines of a batch may name several models. Default `false`, as at OpenAI. */
  readonly mixedModels?: boolean | undefined;
  /** How result files are written. Default `openai`. */
  readonly resultFormat?: ResultFormat | undefined;
}

/** The same with their defaults. */
export interface EngineSettings extends Omit<WorkerOptions, 'now'> {
  readonly maxFileBytes: number;
}

const COUNT = 'a whole number ≥ 1';

/** A whole number, 1 or more. */
export const atLeastOne: z.ZodMiniType<number> = z.int(COUNT).check(z.gte(1, COUNT));

type CommonShape = { readonly [N in keyof Required<CommonEngineOptions>]: z.ZodMiniType<NonNullable<CommonEngineOptions[N]>> };

/** For the schemas of engines. */
export const commonShape: CommonShape = {
  concurrency: z._default(atLeastOne, 64),
  maxLines: z._default(atLeastOne, 50_000),
  maxLineBytes: z._default(atLeastOne, 8 * 1024 * 1024),
  maxFileBytes: z._default(atLeastOne, 200 * 1024 * 1024),
  mixedModels: z._default(z.boolean(), false),
  resultFormat: z._default(z.enum(['openai', 'llama-stack']), 'openai'),
};

/** An engine of a store and of who does its work. */
export function assembleEngine(
  store: BatchStore,
  settings: EngineSettings,
  makeWorker: (host: BatchHost, now: () => number) => BatchWorker,
): BatchEngine {
  let host: BatchHost | undefined;
  const now = (): number => {
    if (host !== undefined) return Math.floor(host.clock.now() / 1000);
    const message = 'the batch engine has no client yet; give it to one with createClient({ batches })';
    throw new ConfigurationError({ message, code: 'no_client' });
  };
  const desk = new StoreDesk(store, now);
  const { maxFileBytes, maxLineBytes, resultFormat } = settings;
  return {
    files: new StoreShelf(store, { maxFileBytes, maxLineBytes, resultFormat, now, ready: () => desk.ready() }),
    batches: desk,
    start(given) {
      if (host !== undefined) {
        const message = 'the batch engine has a client already; make one engine for each';
        throw new ConfigurationError({ message, code: 'has_client' });
      }
      host = given;
      desk.start(makeWorker(given, now));
    },
    close: () => desk.close(),
  };
}
