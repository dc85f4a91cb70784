import type { CallOptions } from '../contract/call.ts';
import type { RerankReply, RerankRequest } from '../contract/vectors.ts';
import { checkParams, withOwnLists, wrongInput } from './call-input.ts';
import type { CallRunner, Order } from './call-runner.ts';
import { LLMPromise } from './llm-promise.ts';
import type { ModelId } from './model-ids.ts';
import { wholeOf } from './reading.ts';
import type { Routed } from './route.ts';
import type { Targets } from './targets.ts';

export interface RerankParams extends RerankRequest {
  readonly model: ModelId;
}

/** Orders documents by their relevance to a query. */
export class Rerank {
  readonly #runner: CallRunner;

  constructor(runner: CallRunner) {
    this.#runner = runner;
  }

  /** Results, most relevant first; `index` is the position in `documents`. */
  create(params: RerankParams, options?: CallOptions): LLMPromise<Routed<RerankReply>> {
    const order = (targets: Targets): Order<'rerank'> => {
      checkParams(params);
      const { model, ...request } = params;
      if (typeof request.query !== 'string') throw wrongInput('query', 'a text', request.query);
      if (!Array.isArray(request.documents)) throw wrongInput('documents', 'an array of texts', request.documents);
      if (request.documents.length === 0) throw wrongInput('documents', 'at least one document');
      return { operation: 'rerank', request: withOwnLists(request), target: targets.resolve(model) };
    };
    return new LLMPromise((caller) => this.#runner.run(order, options, caller), wholeOf);
  }
}
