import type { ChatMessage, ChatReply, ChatToolCall } from '../../contract/chat.ts';
import type { DecodeContext } from '../../contract/codec.ts';
import { jsonText } from '../../wire/json-text.ts';
import { chatReply, createdAt, isRecord } from '../chat-rules.ts';
import { explanationOf, refusalBody, SideContent, stopReason } from './blocks.ts';
import { familyAt } from './model-families.ts';
import { answersThroughTool, JSON_TOOL } from './output-format.ts';
import type { Placement } from './placement.ts';
import { UsageAccount } from './usage.ts';

type ChatContext = DecodeContext<'chat' | 'stream'>;

/** The name of the tool whose input is the answer, if this call has one. */
export function answerTool({ call }: ChatContext, placement?: Placement): string | undefined {
  return answersThroughTool(call, familyAt(call.target.model, placement)) ? JSON_TOOL : undefined;
}

/** A Messages API answer as openai's reply. */
export function decodeMessage(body: unknown, context: ChatContext, placement?: Placement): ChatReply {
  if (!isRecord(body)) throw context.invalid('the answer is no object');
  if (body.type === 'error' || isRecord(body.error)) throw context.failure(body);
  if (!Array.isArray(body.content)) throw context.invalid('the answer has no "content"');

  const content = readContent(body.content, answerTool(context, placement));
  const finish_reason = stopReason(body.stop_reason, content.toolCalls.length > 0);
  const filtered = finish_reason === 'content_filter';
  if (filtered && content.isEmpty) throw context.failure(refusalBody(body.stop_details));
  const usage = new UsageAccount();
  usage.report(body.usage);

  const message: ChatMessage = {
    role: 'assistant',
    content: content.text === '' && content.toolCalls.length > 0 ? null : content.text,
    refusal: filtered ? explanationOf(body.stop_details) : null,
    ...(content.reasoning === '' ? {} : { reasoning_content: content.reasoning }),
    ...(content.toolCalls.length === 0 ? {} : { tool_calls: content.toolCalls }),
    ...content.side.fields(),
  };
  return chatReply({
    id: typeof body.id === 'string' ? body.id : `msg_${context.call.correlationId}`,
    created: createdAt(context),
    model: typeof body.model === 'string' ? body.model : context.call.target.model,
    choices: [{ index: 0, message, finish_reason, logprobs: null }],
    usage: usage.total(),
  });
}

interface Content {
  readonly text: string;
  readonly reasoning: string;
  readonly toolCalls: ChatToolCall[];
  readonly side: SideContent;
  readonly isEmpty: boolean;
}

function readContent(blocks: readonly unknown[], jsonTool: string | undefined): Content {
  let text = '';
  let reasoning = '';
  const toolCalls: ChatToolCall[] = [];
  const side = new SideContent();
  for (const block of blocks) {
    if (!isRecord(block)) continue;
    if (block.type === 'text') {
      const start = text.length;
      text += stringOf(block.text);
      if (Array.isArray(block.citations)) for (const citation of block.citations) side.cite(citation, start, text.length);
    } else if (block.type === 'thinking') {
      reasoning += stringOf(block.thinking);
      side.thinking(block);
    } else if (block.type === 'redacted_thinking') {
      side.thinking(block);
    } else if (block.type === 'tool_use') {
      const json = jsonText(block.input ?? {});
      const name = stringOf(block.name);
      if (name === jsonTool) text += json;
      else {
        const id = stringOf(block.id) || `toolu_${toolCalls.length}`;
        toolCalls.push({ id, type: 'function', function: { name, arguments: json } });
      }
    } else side.other(block);
  }
  const isEmpty = text === '' && reasoning === '' && toolCalls.length === 0;
  return { text, reasoning, toolCalls, side, isEmpty };
}

const stringOf = (value: unknown): string => (typeof value === 'string' ? value : '');
