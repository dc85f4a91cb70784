import { expect } from 'vitest';
import type { ChatChunk, ChatReply, LLMError, LLMStream, Usage } from '../../../src/index.ts';
import { isLLMError } from '../../../src/index.ts';
import { rejection } from '../client.ts';

/** What an answer says, whole or streamed. */
export interface Said {
  readonly content: string;
  readonly reasoning: string;
  readonly calls: readonly { readonly id: string; readonly name: string; readonly arguments: unknown }[];
  readonly finish: string | null;
  readonly usage: Usage | undefined;
}

/** A stream to its end, good or bad. */
export interface Read extends Said {
  readonly chunks: readonly ChatChunk[];
  readonly error: unknown;
}

interface OpenCall {
  id: string;
  name: string;
  json: string;
}

export async function read(stream: LLMStream<ChatChunk>): Promise<Read> {
  const chunks: ChatChunk[] = [];
  let error: unknown;
  try {
    for await (const chunk of stream) chunks.push(chunk);
  } catch (thrown) {
    error = thrown;
  }
  let content = '';
  let reasoning = '';
  let finish: string | null = null;
  const open: OpenCall[] = [];
  for (const choice of chunks.flatMap(({ choices }) => choices)) {
    const { delta } = choice;
    content += delta.content ?? '';
    reasoning += delta.reasoning_content ?? '';
    finish = choice.finish_reason ?? finish;
    for (const part of delta.tool_calls ?? []) {
      const call = open[part.index] ?? { id: '', name: '', json: '' };
      open[part.index] = call;
      call.id ||= part.id ?? '';
      call.name ||= part.function?.name ?? '';
      call.json += part.function?.arguments ?? '';
    }
  }
  const calls = open.map(({ id, name, json }) => ({ id, name, arguments: error === undefined ? JSON.parse(json) : json }));
  return { content, reasoning, calls, finish, usage: stream.route.usage, chunks, error };
}

export function saidBy(reply: ChatReply): Said {
  const [choice] = reply.choices;
  const message = choice?.message;
  return {
    content: message?.content ?? '',
    reasoning: message?.reasoning_content ?? '',
    calls: (message?.tool_calls ?? []).flatMap((call) =>
      call.type === 'function'
        ? [{ id: call.id, name: call.function.name, arguments: JSON.parse(call.function.arguments) as unknown }]
        : [],
    ),
    finish: choice?.finish_reason ?? null,
    usage: reply.usage,
  };
}

/** The typed error that a promise rejects with. */
export async function failureOf(promise: PromiseLike<unknown>): Promise<LLMError> {
  return typed(await rejection(promise));
}

export function typed(error: unknown): LLMError {
  if (isLLMError(error)) return error;
  expect.fail(`expected an error of the library, got ${String(error)}`);
}
