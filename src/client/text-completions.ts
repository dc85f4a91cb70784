import type { Completion, CompletionCreateParamsBase } from 'openai/resources/completions';
import type { CallOptions } from '../contract/call.ts';
import type { ProviderOptions } from '../contract/provider-options.ts';
import { checkParams, withOwnLists } from './call-input.ts';
import type { CallRunner, Order } from './call-runner.ts';
import { LLMPromise } from './llm-promise.ts';
import type { LLMStream } from './llm-stream.ts';
import type { ModelId } from './model-ids.ts';
import { streamOf, wholeOf } from './reading.ts';
import type { Routed } from './route.ts';
import type { Targets } from './targets.ts';

/** openai's parameters of a text completion, with `provider/model` and our additions. */
export interface TextCompletionParams extends Omit<CompletionCreateParamsBase, 'model'> {
  model: ModelId;
  providerOptions?: ProviderOptions;
}

/** Legacy text completions: a prompt in, its continuation out. */
export class TextCompletions {
  readonly #runner: CallRunner;

  constructor(runner: CallRunner) {
    this.#runner = runner;
  }

  create(params: TextCompletionParams & { stream?: false | null }, options?: CallOptions): LLMPromise<Routed<Completion>>;
  create(params: TextCompletionParams & { stream: true }, options?: CallOptions): LLMPromise<LLMStream<Completion>>;
  create(params: TextCompletionParams, options?: CallOptions): LLMPromise<Routed<Completion> | LLMStream<Completion>>;
  create(params: TextCompletionParams, options?: CallOptions): LLMPromise<never> {
    const streams = params?.stream === true;
    const order = (targets: Targets): Order<'complete' | 'completeStream'> => {
      checkParams(params);
      const { model, stream: _, ...request } = params;
      return {
        operation: streams ? 'completeStream' : 'complete',
        request: withOwnLists(request),
        target: targets.resolve(model),
      };
    };
    return new LLMPromise((caller) => this.#runner.run(order, options, caller), streams ? streamOf : wholeOf);
  }
}
