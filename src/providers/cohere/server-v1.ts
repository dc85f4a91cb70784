import type { MockAsk, MockFrame, MockReply } from '../../contract/mock.ts';
import { idOf, metaOf, tokensOf } from './server-words.ts';

const REASONS = { stop: 'COMPLETE', length: 'MAX_TOKENS', tool_calls: 'COMPLETE', content_filter: 'ERROR_TOXIC' } as const;

const META = { api_version: { version: '1' } };

/** Tool calls have no ids on this route; a scripted id goes along as a field that Cohere does not have. */
const toolCalls = ({ toolCalls: calls }: MockReply): object[] =>
  calls.map(({ id, name, arguments: parameters }) => ({ name, parameters, ...(id === undefined ? {} : { id }) }));

export function v1Body(reply: MockReply): object {
  return {
    response_id: idOf('response'),
    text: reply.text,
    generation_id: idOf('generation'),
    chat_history: [],
    finish_reason: REASONS[reply.finishReason],
    ...(reply.toolCalls.length === 0 ? {} : { tool_calls: toolCalls(reply) }),
    meta: { ...META, ...metaOf(reply) },
  };
}

const line = (event: object, content: boolean, terminal = false): MockFrame & { readonly text: string } => ({
  text: `${JSON.stringify({ is_finished: terminal, ...event })}\n`,
  content,
  terminal,
});

export function v1Frames(reply: MockReply): MockFrame[] {
  const end = { event_type: 'stream-end', finish_reason: REASONS[reply.finishReason], response: v1Body(reply) };
  return [
    line({ event_type: 'stream-start', generation_id: idOf('generation') }, false),
    ...tokensOf(reply).map((text) => line({ event_type: 'text-generation', text }, true)),
    ...(reply.toolCalls.length === 0 ? [] : [line({ event_type: 'tool-calls-generation', tool_calls: toolCalls(reply) }, true)]),
    line(end, false, true),
  ];
}

export const v1ErrorLine = (error: string): string =>
  line({ event_type: 'stream-end', finish_reason: 'ERROR', error }, false, true).text;

export function completeBody(reply: MockReply, asked: MockAsk): object {
  const generation = { id: idOf('generation'), text: reply.text, finish_reason: REASONS[reply.finishReason] };
  return {
    id: idOf('generate'),
    prompt: '',
    generations: Array.from({ length: asked.n ?? 1 }, () => generation),
    meta: { ...META, ...metaOf(reply) },
  };
}

export function completeFrames(reply: MockReply): MockFrame[] {
  const generation = { id: idOf('generation'), text: reply.text, finish_reason: REASONS[reply.finishReason] };
  const response = { id: idOf('generate'), generations: [generation], meta: { ...META, ...metaOf(reply) } };
  return [
    ...tokensOf(reply).map((text) => line({ event_type: 'text-generation', text }, true)),
    line({ event_type: 'stream-end', finish_reason: REASONS[reply.finishReason], response }, false, true),
  ];
}
