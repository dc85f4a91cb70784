import type { Operation } from '../../contract/codec.ts';
import type { Wire } from '../../contract/wire.ts';
import { replyOperation, streamOperation } from '../../wire/exchange.ts';
import { CompletionStreamDecoder, CompletionTally, completionEncoder, decodeCompletion } from './completions.ts';
import { decodeEmbeddings, embedEncoder } from './embeddings.ts';
import { decodeModels, modelsEncoder } from './models.ts';
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
export const vectorsAndTexts = (wire: Wire, quirks: Quirks): VectorsAndTexts => ({
  complete: replyOperation<'complete'>(wire, { encode: completionEncoder(quirks, false), decode: decodeCompletion }),
  completeStream: streamOperation<'completeStream'>(wire, {
    encode: completionEncoder(quirks, true),
    framing: 'sse',
    decoder: (context) => new CompletionStreamDecoder(context),
    tally: () => new CompletionTally(),
  }),
  embed: replyOperation<'embed'>(wire, { encode: embedEncoder(quirks), decode: decodeEmbeddings }),
  rerank: replyOperation<'rerank'>(wire, { encode: rerankEncoder(quirks), decode: decodeRerank }),
  models: replyOperation<'models'>(wire, { encode: modelsEncoder(quirks), decode: decodeModels }),
});
