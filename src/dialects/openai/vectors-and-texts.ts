import type { Operation } from '../../contract/codec.ts';
import type { Wire } from '../../contract/wire.ts';
import { CompletionStreamDecoder, CompletionTally, completionEncoder, decodeCompletion } from './completions.ts';
import { decodeEmbeddings, embedEncoder } from './embeddings.ts';
import { decodeModels, modelsEncoder } from './models.ts';
import { operationMaker } from './operation-maker.ts';
import type { Quirks } from './quirks.ts';
import { decodeRerank, rerankEncoder } from './rerank.ts';

/** What a host offers besides chat. */
export interface VectorsAndTexts {
  readonly complete: Operation<'complete'>;
  readonly completeStream: Operation<'completeStream'>;
  readonly embed: Operation<'embed'>;
  readonly rerank: Operation<'rerank'>;
  readonly models: Operation<'models'>;
}

/** Loaded at the first call of one of them: most programs only chat. */
export async function vectorsAndTexts(wire: Wire, quirks: Quirks): Promise<VectorsAndTexts> {
  const make = await operationMaker(wire, quirks);
  return {
    complete: make.reply<'complete'>({ encode: completionEncoder(quirks, false), decode: decodeCompletion }),
    completeStream: make.stream<'completeStream'>({
      encode: completionEncoder(quirks, true),
      framing: 'sse',
      decoder: (context) => new CompletionStreamDecoder(context),
      tally: () => new CompletionTally(),
    }),
    embed: make.reply<'embed'>({ encode: embedEncoder(quirks), decode: decodeEmbeddings }),
    rerank: make.reply<'rerank'>({ encode: rerankEncoder(quirks), decode: decodeRerank }),
    models: make.reply<'models'>({ encode: modelsEncoder(quirks), decode: decodeModels }),
  };
}
