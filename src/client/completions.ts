import type { CallOptions, RequestOf } from '../contract/call.ts';
import type { ChatChunk, ChatReply } from '../contract/chat.ts';
import { lazily } from '../contract/lazily.ts';
import { checkMessages, checkParams, checkTools, withOwnLists } from './call-input.ts';
import type { CallRunner, Order } from './call-runner.ts';
import type {
  ChatParams,
  ChatParamsNonStreaming,
  ChatParamsStreaming,
  ChatStreamParams,
  HelperOptions,
  ParsedOf,
  ParsedReply,
  RunTools,
} from './chat-params.ts';
import type { ChatStream } from './chat-stream.ts';
import { deferredHelper } from './deferred-helper.ts';
import type { Create } from './helper-client.ts';
import { LLMPromise } from './llm-promise.ts';
import type { LLMStream } from './llm-stream.ts';
import type { Caller } from './opened.ts';
import { streamOf, wholeOf } from './reading.ts';
import type { Routed } from './route.ts';
import type { Targets } from './targets.ts';
import type { ToolLoopParams } from './tool-runner.ts';

const chatStreams = lazily(() => import('./chat-stream.ts'));
const toolRunners = lazily(() => import('./tool-runner.ts'));

/** Chat completions: openai's surface, for every provider. */
export class ChatCompletions {
  readonly #runner: CallRunner;

  /** openai's tool loop: calls the functions that the model asks for until it answers. */
  readonly runTools: RunTools;

  constructor(runner: CallRunner) {
    this.#runner = runner;
    const create: Create = (params, options) => this.create(params, options);
    const runTools = (params: ToolLoopParams & { stream?: unknown }, options?: HelperOptions): unknown =>
      deferredHelper(toolRunners, ({ StreamingToolRunner, ToolRunner }) =>
        (params?.stream === true ? StreamingToolRunner : ToolRunner).start(create, params, options),
      );
    this.runTools = runTools as RunTools;
  }

  create(params: ChatParamsNonStreaming, options?: CallOptions): LLMPromise<Routed<ChatReply>>;
  create(params: ChatParamsStreaming, options?: CallOptions): LLMPromise<LLMStream<ChatChunk>>;
  create(params: ChatParams, options?: CallOptions): LLMPromise<Routed<ChatReply> | LLMStream<ChatChunk>>;
  create(params: ChatParams, options?: CallOptions): LLMPromise<never> {
    const streams = params?.stream === true;
    const order = (targets: Targets): Order<'chat' | 'stream'> => chatOrder(streams ? 'stream' : 'chat', params, targets);
    return new LLMPromise((caller) => this.#runner.run(order, options, caller), streams ? streamOf : wholeOf);
  }

  /**
   * A reply whose content and strict tool arguments are parsed by the `response_format` (`zodResponseFormat`).
   * Rejects with `ResponseValidationError` where they do not fit.
   */
  parse<P extends ChatParamsNonStreaming>(params: P, options?: CallOptions): LLMPromise<Routed<ParsedReply<ParsedOf<P>>>> {
    const parsing = import('./parsing.ts');
    const run = async (caller: Caller): Promise<void> => {
      const { checkStrict } = await parsing;
      const order = (targets: Targets): Order<'chat'> => {
        const order = chatOrder('chat', params, targets);
        checkStrict(params.tools);
        return order;
      };
      return this.#runner.run(order, options, caller);
    };
    return new LLMPromise(run, async (opened) => (await parsing).parsed<ParsedOf<P>>(wholeOf(opened), params));
  }

  /** openai's event-driven stream, with accumulated snapshots and final results. */
  stream<P extends ChatStreamParams>(params: P, options?: CallOptions): ChatStream<ParsedOf<P>> {
    return deferredHelper(chatStreams, ({ ChatStream }) =>
      ChatStream.start<ParsedOf<P>>((body, own) => this.create(body, own), params, options),
    );
  }
}

function chatOrder<K extends 'chat' | 'stream'>(operation: K, params: ChatParams, targets: Targets): Order<K> {
  checkParams(params);
  checkMessages(params.messages);
  checkTools(params.tools);
  targets.checkOptions(params.providerOptions);
  const { model, stream: _, ...request } = params;
  return { operation, request: withOwnLists(request) as RequestOf<K>, target: targets.resolve(model) };
}
