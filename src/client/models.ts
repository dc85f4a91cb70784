import type { CallOptions } from '../contract/call.ts';
import type { ModelFacts, TokenCounts } from '../contract/catalogue.ts';
import type { ModelInfo, ModelList } from '../contract/vectors.ts';
import { isObject, wrongInput } from './call-input.ts';
import type { CallRunner, Order } from './call-runner.ts';
import { Page } from './list-page.ts';
import { LLMPromise } from './llm-promise.ts';
import type { ModelId } from './model-ids.ts';
import type { Opened } from './opened.ts';
import type { Routed } from './route.ts';
import { copyRoute } from './route.ts';
import type { Targets } from './targets.ts';

export interface ListModelsParams {
  /** Whose models. Default: the client's `defaultProvider`. */
  readonly provider?: string | undefined;
}

/** A request whose prompt is to be counted: `messages` and `tools`, an `input`, a `prompt`. */
export interface CountTokensParams {
  readonly model: ModelId;
  readonly [param: string]: unknown;
}

/** A list of models on its way: awaited it is the list, iterated it is every model, as in `openai`. */
export type ModelListPromise = LLMPromise<Routed<Page<ModelInfo>>> & AsyncIterable<ModelInfo>;

/** What providers offer, and what is known of models. */
export class Models {
  readonly #runner: CallRunner;
  readonly #defaultProvider: string | undefined;

  constructor(runner: CallRunner, defaultProvider: string | undefined) {
    this.#runner = runner;
    this.#defaultProvider = defaultProvider;
  }

  /** The provider's live list, whole, however many pages the provider makes of it. */
  list(params: ListModelsParams = {}, options?: CallOptions): ModelListPromise {
    const order = (targets: Targets): Order<'models'> => {
      const provider = params?.provider ?? this.#defaultProvider;
      if (typeof provider !== 'string' || provider === '')
        throw wrongInput('provider', 'a provider id such as "openai"', provider);
      return { operation: 'models', request: {}, target: targets.provider(provider, 'provider') };
    };
    const list = new LLMPromise<Routed<Page<ModelInfo>>>((caller) => this.#runner.run(order, options, caller), pageOf);
    return Object.assign(list, {
      async *[Symbol.asyncIterator]() {
        yield* (await list).data;
      },
    });
  }

  /** Windows, prices and abilities of a model, from the catalogue; `undefined` for one that it does not know. */
  facts(model: ModelId): Promise<ModelFacts | undefined> {
    return this.#runner.ask(model, (catalogue, target) => catalogue.find(target));
  }

  /** US dollars for token counts; `undefined` where no price is known. */
  cost(model: ModelId, usage: TokenCounts): Promise<number | undefined> {
    return this.#runner.ask(model, (catalogue, target) => {
      if (!isObject(usage)) throw wrongInput('usage', 'an object with counts of tokens', usage);
      return catalogue.cost(target, usage);
    });
  }

  /**
   * How many tokens the prompt of a request has: exact for OpenAI's models where `gpt-tokenizer` is installed, otherwise an
   * estimate; media are counted roughly. Nothing is sent.
   */
  countTokens({ model, ...request }: CountTokensParams): Promise<number> {
    return this.#runner.ask(model, (catalogue, target) => catalogue.countTokens(target, request));
  }
}

/** The list as openai's page of it, which is the only one. */
function pageOf({ result }: Opened): Routed<Page<ModelInfo>> {
  const { data } = result as ModelList;
  const page = new Page<ModelInfo>({
    object: 'list',
    data: [...data],
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
    has_more: false,
  });
  copyRoute(result, page);
  return page as Routed<Page<ModelInfo>>;
}
