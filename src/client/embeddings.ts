import type { EmbeddingCreateParams } from 'openai/resources/embeddings';
import type { CallOptions } from '../contract/call.ts';
import type { ProviderOptions } from '../contract/provider-options.ts';
import type { EmbedReply } from '../contract/vectors.ts';
import { checkParams, withOwnLists, wrongInput } from './call-input.ts';
import type { CallRunner, Order } from './call-runner.ts';
import { LLMPromise } from './llm-promise.ts';
import type { ModelId } from './model-ids.ts';
import { wholeOf } from './reading.ts';
import type { Routed } from './route.ts';
import type { Targets } from './targets.ts';

/** openai's parameters of an embeddings call, with `provider/model` and our additions. */
export interface EmbeddingParams extends Omit<EmbeddingCreateParams, 'model'> {
  model: ModelId;
  providerOptions?: ProviderOptions;
}

/** Vectors of texts. */
export class Embeddings {
  readonly #runner: CallRunner;

  constructor(runner: CallRunner) {
    this.#runner = runner;
  }

  /** Vectors are arrays of numbers, or base64 of little-endian float32 with `encoding_format: 'base64'`. */
  create(params: EmbeddingParams, options?: CallOptions): LLMPromise<Routed<EmbedReply>> {
    const order = (targets: Targets): Order<'embed'> => {
      checkParams(params);
      const { model, ...request } = params;
      if (typeof request.input !== 'string' && !Array.isArray(request.input)) {
        throw wrongInput('input', 'a text, an array of texts, or tokens', request.input);
      }
      if (request.input.length === 0) throw wrongInput('input', 'at least one text');
      return { operation: 'embed', request: withOwnLists(request), target: targets.resolve(model) };
    };
    return new LLMPromise((caller) => this.#runner.run(order, options, caller), wholeOf);
  }
}
