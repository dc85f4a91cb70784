import type { MockReply, MockToolCall } from '../contract/mock.ts';
import { checkDelay, checkNames } from './checks.ts';

/** A tool call of a scripted reply, flat or in openai's nesting. Arguments may be given as an object or as its JSON. */
export type ReplyToolCall =
  | { readonly id?: string; readonly name: string; readonly arguments?: object | string }
  | { readonly id?: string; readonly function: { readonly name: string; readonly arguments?: object | string } };

/** Token counts of a scripted reply; openai's own names are understood too. */
export interface ReplyUsage {
  readonly promptTokens?: number;
  readonly completionTokens?: number;
  readonly cachedTokens?: number;
  readonly reasoningTokens?: number;
  readonly prompt_tokens?: number;
  readonly completion_tokens?: number;
}

/** What a scripted reply holds. Everything may be left out. */
export interface ReplyOptions {
  /** The answer's text. Default `'Hello from the mock server.'`, or none when there are tool calls. */
  readonly text?: string;
  readonly toolCalls?: readonly ReplyToolCall[];
  /** Visible reasoning that comes before the text. */
  readonly reasoning?: string;
  /** Default 12 prompt tokens and one completion token per word. */
  readonly usage?: ReplyUsage;
  /** Default `tool_calls` when there are any, else `stop`. */
  readonly finishReason?: MockReply['finishReason'];
  /** Into how many deltas a stream cuts the text, or the deltas themselves. Default one per word. */
  readonly chunks?: number | readonly string[];
  /** Milliseconds before a whole answer, and between the frames of a streamed one. Default 0. */
  readonly delayMs?: number;
  /** A stream goes out in one write rather than in one per frame: for benchmarks. Default `false`. */
  readonly burst?: boolean;
}

/** A scripted reply, as {@link reply} makes it. Frozen; may be enqueued any number of times. */
export interface Reply {
  readonly type: 'reply';
  readonly content: MockReply;
  readonly delayMs: number;
  readonly burst: boolean;
}

const OPTIONS = ['text', 'toolCalls', 'reasoning', 'usage', 'finishReason', 'chunks', 'delayMs', 'burst'] as const;

/**
 * A good answer in the words of whatever provider is asked: whole, or streamed when the request asks for a stream.
 *
 * @example
 * mock.enqueue('openai', reply('Hello'), reply({ toolCalls: [{ name: 'get_weather', arguments: { city: 'Oslo' } }] }));
 * @throws ConfigurationError for an unknown option.
 * @throws TypeError when a tool call's arguments are not the JSON of an object.
 */
export function reply(content: string | ReplyOptions = {}): Reply {
  const options: ReplyOptions = typeof content === 'string' ? { text: content } : content;
  checkNames('reply', options, OPTIONS);
  if (options.delayMs !== undefined) checkDelay('reply.delayMs', options.delayMs);
  const toolCalls = (options.toolCalls ?? []).map(toolCall);
  const given = Array.isArray(options.chunks) ? options.chunks.join('') : undefined;
  const text = options.text ?? given ?? (toolCalls.length > 0 ? '' : 'Hello from the mock server.');
  const { usage = {} } = options;
  return Object.freeze({
    type: 'reply',
    content: {
      text,
      toolCalls,
      reasoning: options.reasoning ?? '',
      usage: {
        promptTokens: usage.promptTokens ?? usage.prompt_tokens ?? 12,
        completionTokens: usage.completionTokens ?? usage.completion_tokens ?? Math.max(1, words(text).length),
        ...(usage.cachedTokens === undefined ? {} : { cachedTokens: usage.cachedTokens }),
        ...(usage.reasoningTokens === undefined ? {} : { reasoningTokens: usage.reasoningTokens }),
      },
      finishReason: options.finishReason ?? (toolCalls.length > 0 ? 'tool_calls' : 'stop'),
      chunks: deltas(text, options.chunks),
    },
    delayMs: options.delayMs ?? 0,
    burst: options.burst ?? false,
  });
}

/** A reply with at least `chunks` text deltas, for faults that strike in the middle of a stream. */
export function longReply(chunks: number): Reply {
  const words = Array.from({ length: Math.max(8, chunks + 2) }, (_, i) => `${i === 0 ? '' : ' '}word${i + 1}`);
  return reply({ chunks: words });
}

function toolCall(call: ReplyToolCall): MockToolCall {
  const { name, arguments: given = {} } = 'function' in call ? call.function : call;
  const parsed: unknown = typeof given === 'string' ? JSON.parse(given) : given;
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new TypeError(`arguments of tool call "${name}" must be an object or its JSON`);
  }
  return { ...(call.id === undefined ? {} : { id: call.id }), name, arguments: parsed as Record<string, unknown> };
}

const words = (text: string): string[] => text.match(/\s*\S+(?:\s+$)?/g) ?? (text === '' ? [] : [text]);

function deltas(text: string, chunks: ReplyOptions['chunks']): readonly string[] {
  if (typeof chunks === 'object') return chunks;
  if (chunks === undefined) return words(text);
  const points = [...text];
  const size = Math.max(1, Math.ceil(points.length / Math.max(1, chunks)));
  return Array.from({ length: Math.ceil(points.length / size) }, (_, i) => points.slice(i * size, (i + 1) * size).join(''));
}
