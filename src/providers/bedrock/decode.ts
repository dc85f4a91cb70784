import type { ChatMessage, ChatReply, ChatToolCall } from '../../contract/chat.ts';
import type { DecodeContext } from '../../contract/codec.ts';
import { SideContent } from '../../dialects/anthropic/blocks.ts';
import { chatReply, createdAt, FILTERED, isRecord } from '../../dialects/chat-rules.ts';
import { answerId, finishOf, isMalformed, stringOf, usageOf } from './answer.ts';
import { answerTool } from './output-format.ts';

type ChatContext = DecodeContext<'chat' | 'stream'>;

/** An answer of Converse as openai's reply. */
export function decodeConverse(body: unknown, context: ChatContext): ChatReply {
  if (!isRecord(body)) throw context.invalid('the answer is no object');
  const message = isRecord(body.output) ? body.output.message : undefined;
  if (!isRecord(message) || !Array.isArray(message.content)) {
    if (body.output === undefined && body.stopReason === undefined && isFailure(body)) throw context.failure(body);
    throw context.invalid('the answer has no "output.message.content"');
  }
  const content = readContent(message.content, answerTool(context.call));
  const finish_reason = finishOf(body.stopReason, content.toolCalls.length > 0);
  if (finish_reason === 'content_filter' && content.isEmpty) throw context.failure(FILTERED);
  const own = providerFields(content.side, body);
  const usage = usageOf(body.usage);
  return chatReply({
    id: answerId(context),
    created: createdAt(context),
    model: context.call.target.model,
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: content.text === '' && content.toolCalls.length > 0 ? null : content.text,
          refusal: null,
          ...(content.reasoning === '' ? {} : { reasoning_content: content.reasoning }),
          ...(content.toolCalls.length === 0 ? {} : { tool_calls: content.toolCalls }),
          ...own,
        },
        finish_reason,
        logprobs: null,
      },
    ],
    usage,
  });
}

/** A body that tells of a failure: an error's message, type or an exception by its name. */
const isFailure = (body: Record<string, unknown>): boolean =>
  Object.keys(body).some((name) => /^(?:message|Message|__type|error|code|type)$|Exception$/.test(name));

function providerFields(side: SideContent, body: Record<string, unknown>): Partial<ChatMessage> {
  const { provider_specific_fields: blocks, ...fields } = side.fields();
  const own: Record<string, unknown> = { ...blocks };
  if (isMalformed(body.stopReason)) own.stop_reason = body.stopReason;
  if (isRecord(body.trace)) own.trace = body.trace;
  if (body.additionalModelResponseFields !== undefined && body.additionalModelResponseFields !== null) {
    own.additionalModelResponseFields = body.additionalModelResponseFields;
  }
  return { ...fields, ...(Object.keys(own).length === 0 ? {} : { provider_specific_fields: own }) };
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
    if (typeof block.text === 'string') text += block.text;
    else if (isRecord(block.toolUse)) {
      const { toolUseId, name, input } = block.toolUse;
      const json = JSON.stringify(input ?? {});
      if (name === jsonTool) text += json;
      else {
        const id = stringOf(toolUseId) || `tooluse_${toolCalls.length}`;
        toolCalls.push({ id, type: 'function', function: { name: stringOf(name), arguments: json } });
      }
    } else if (isRecord(block.reasoningContent)) {
      const { reasoningText, redactedContent } = block.reasoningContent;
      if (isRecord(reasoningText)) {
        reasoning += stringOf(reasoningText.text);
        side.thinking(thinkingBlock(stringOf(reasoningText.text), reasoningText.signature));
      } else if (typeof redactedContent === 'string') side.thinking({ type: 'redacted_thinking', data: redactedContent });
    } else if (isRecord(block.citationsContent)) {
      const start = text.length;
      const { content, citations } = block.citationsContent;
      if (Array.isArray(content)) for (const part of content) if (isRecord(part)) text += stringOf(part.text);
      if (Array.isArray(citations)) for (const citation of citations) cite(side, citation, start, text.length);
    } else side.other(block);
  }
  return { text, reasoning, toolCalls, side, isEmpty: text === '' && reasoning === '' && toolCalls.length === 0 };
}

/** Reasoning in the form in which it can be sent back. */
export const thinkingBlock = (thinking: string, signature: unknown): Record<string, unknown> => ({
  type: 'thinking',
  thinking,
  ...(typeof signature === 'string' ? { signature } : {}),
});

/** Converse keeps the address of a web page in `location.web.url`. */
export function cite(side: SideContent, citation: unknown, start: number, end: number): void {
  if (!isRecord(citation)) return;
  const { location } = citation;
  const web = isRecord(location) && isRecord(location.web) ? { url: location.web.url } : {};
  side.cite({ ...citation, ...web }, start, end);
}
