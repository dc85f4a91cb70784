import type { CallOptions } from '../contract/call.ts';
import type { ModelList } from '../contract/vectors.ts';
import { wrongInput } from './call-input.ts';
import type { CallRunner } from './call-runner.ts';
import { LLMPromise } from './llm-promise.ts';
import { wholeOf } from './reading.ts';
import type { Routed } from './route.ts';

export interface ListModelsParams {
  /** Whose models. Default: the client's `defaultProvider`. */
  readonly provider?: string | undefined;
}

/** What providers offer. */
export class Models {
  readonly #runner: CallRunner;
  readonly #defaultProvider: string | undefined;

  constructor(runner: CallRunner, defaultProvider: string | undefined) {
    this.#runner = runner;
    this.#defaultProvider = defaultProvider;
  }

  /** The provider's live list, all pages. */
  list(params: ListModelsParams = {}, options?: CallOptions): LLMPromise<Routed<ModelList>> {
    const opened = this.#runner.run(() => {
      const provider = params?.provider ?? this.#defaultProvider;
      if (typeof provider !== 'string' || provider === '')
        throw wrongInput('provider', 'a provider id such as "openai"', provider);
      return { operation: 'models', request: {}, target: (targets) => targets.provider(provider, 'provider') };
    }, options);
    return new LLMPromise(opened, wholeOf);
  }
}
