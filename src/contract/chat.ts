import type {
  ChatCompletion,
  ChatCompletionAssistantMessageParam,
  ChatCompletionChunk,
  ChatCompletionCreateParamsBase,
  ChatCompletionMessage,
  ChatCompletionMessageFunctionToolCall,
  ChatCompletionMessageParam,
} from 'openai/resources/chat/completions/completions';
import type { ProviderOptions } from './provider-options.ts';
import type { Usage } from './usage.ts';

/**
 * A model's visible reasoning with the signature that lets its provider take it back on the next turn.
 * Keep the blocks of an assistant message as they are, in order.
 */
export type ThinkingBlock =
  | { type: 'thinking'; thinking: string; signature?: string }
  | { type: 'redacted_thinking'; data: string };

/** Marks the end of a prefix that the provider should cache (Anthropic's name; others ignore it). */
export interface CacheControl {
  type: 'ephemeral';
  ttl?: '5m' | '1h';
}

/** Additive fields of messages and parts. openai's own objects are accepted unchanged. */
export interface MessageExtras {
  cache_control?: CacheControl | null;
}

/** Additive fields of assistant messages, as replies carry them; send them back unchanged on the next turn. */
export interface ReasoningExtras {
  reasoning_content?: string | null;
  thinking_blocks?: readonly ThinkingBlock[];
}

/** A signature bound to one tool call: Gemini's thought signature, in the shape of Google's own OpenAI endpoint. */
export interface ToolCallExtras {
  extra_content?: { google?: { thought_signature?: string } };
}

export type ChatMessageParam =
  | (Exclude<ChatCompletionMessageParam, ChatCompletionAssistantMessageParam> & MessageExtras)
  | (ChatCompletionAssistantMessageParam & MessageExtras & ReasoningExtras);

/** What the reader of a reply gets: openai's message, widened. */
export interface ChatMessage extends ChatCompletionMessage, ReasoningExtras {}

/** A function tool call as a reply carries it. */
export type ChatToolCall = ChatCompletionMessageFunctionToolCall & ToolCallExtras;

export interface ChatChoice extends ChatCompletion.Choice {
  message: ChatMessage;
}

/** The reply of any provider; assignable to openai's `ChatCompletion`. */
export interface ChatReply extends ChatCompletion {
  choices: ChatChoice[];
  usage?: Usage;
}

export interface ChatDelta extends ChatCompletionChunk.Choice.Delta, ReasoningExtras {
  tool_calls?: (ChatCompletionChunk.Choice.Delta.ToolCall & ToolCallExtras)[];
}

export interface ChatChunkChoice extends ChatCompletionChunk.Choice {
  delta: ChatDelta;
}

/** A chunk of any provider's stream; assignable to openai's `ChatCompletionChunk`. */
export interface ChatChunk extends ChatCompletionChunk {
  choices: ChatChunkChoice[];
  usage?: Usage | null;
}

/** The body of a chat call below the client: openai's parameters with our additions, `model` and `stream` already taken out. */
export interface ChatRequest extends Omit<ChatCompletionCreateParamsBase, 'model' | 'messages' | 'stream'> {
  readonly messages: readonly ChatMessageParam[];
  readonly providerOptions?: ProviderOptions | undefined;
}
