import type { ChatCompletionRunner } from 'openai/lib/ChatCompletionRunner';
import type { ChatCompletionStreamingRunner } from 'openai/lib/ChatCompletionStreamingRunner';
import type { ExtractParsedContentFromParams } from 'openai/lib/parser';
import type {
  ChatCompletionCreateParamsBase,
  ChatCompletionCreateParamsNonStreaming,
  Completions,
  ParsedChatCompletion,
  ParsedChatCompletionMessage,
  ParsedChoice,
} from 'openai/resources/chat/completions/completions';
import type { CallOptions } from '../contract/call.ts';
import type { ChatMessageParam, ReasoningExtras } from '../contract/chat.ts';
import type { ProviderOptions } from '../contract/provider-options.ts';
import type { ModelId } from './model-ids.ts';

/** What is added to openai's parameters of a chat call. Its own objects are accepted unchanged. */
export interface ChatExtras {
  /** `provider/model`. */
  model: ModelId;
  messages: readonly ChatMessageParam[];
  /** Settings that only one provider understands, by provider id. */
  providerOptions?: ProviderOptions;
}

/** openai's parameters of a chat call, with `provider/model` and our additions. */
export interface ChatParams extends Omit<ChatCompletionCreateParamsBase, keyof ChatExtras>, ChatExtras {}

export interface ChatParamsNonStreaming extends ChatParams {
  stream?: false | null;
}

export interface ChatParamsStreaming extends ChatParams {
  stream: true;
}

/** Parameters of `.stream()`, which always streams. */
export interface ChatStreamParams extends Omit<ChatParams, 'stream'> {
  stream?: true;
}

/** What a `response_format` made by `zodResponseFormat` parses to; `null` where there is none. */
export type ParsedOf<P> = 'response_format' extends keyof P
  ? ExtractParsedContentFromParams<P & ChatCompletionCreateParamsNonStreaming>
  : null;

/** The reply of `.parse()`: each message has `parsed`. */
export interface ParsedReply<ParsedT> extends ParsedChatCompletion<ParsedT> {
  choices: (ParsedChoice<ParsedT> & { message: ParsedChatCompletionMessage<ParsedT> & ReasoningExtras })[];
}

/** Options of a tool loop: those of each of its calls, and openai's two of the loop. */
export interface HelperOptions extends CallOptions {
  /** Turns at most. Default 10. */
  readonly maxChatCompletions?: number | undefined;
  /** Called after each turn. */
  readonly afterCompletion?: NonNullable<Parameters<typeof ChatCompletionRunner.runTools>[2]>['afterCompletion'];
}

/** Parameters of `.runTools()`: tools with the functions that they run. */
export interface ToolRunParams extends Omit<ChatParams, 'tools' | 'stream'> {
  tools: Parameters<typeof ChatCompletionRunner.runTools>[1]['tools'];
}

/** openai's own signatures of `runTools`, and the same with the options of our calls. */
export type RunTools = Completions['runTools'] & {
  (params: ToolRunParams & { stream?: false | null }, options?: HelperOptions): ChatCompletionRunner<null>;
  (params: ToolRunParams & { stream: true }, options?: HelperOptions): ChatCompletionStreamingRunner<null>;
};
