import { parseChatCompletion, validateInputTools } from 'openai/lib/parser';
import type { ChatReply } from '../contract/chat.ts';
import { wrongInput } from './call-input.ts';
import type { ChatParams, ParsedReply } from './chat-params.ts';
import { answerError } from './helper-errors.ts';
import type { Routed } from './route.ts';
import { copyRoute } from './route.ts';

/** openai's check of tools whose arguments are to be parsed. */
export function checkStrict(tools: ChatParams['tools']): void {
  try {
    validateInputTools(tools);
  } catch (error) {
    throw wrongInput('tools', `tools that can be parsed (${error instanceof Error ? error.message : String(error)})`);
  }
}

/** The reply with everything parsed that `response_format` and strict tools describe. */
export function parsed<T>(reply: Routed<ChatReply>, params: ChatParams): Routed<ParsedReply<T>> {
  try {
    const made = parseChatCompletion(reply, params as never) as Routed<ParsedReply<T>>;
    copyRoute(reply, made);
    return made;
  } catch (error) {
    throw answerError(error, reply.route, (reply as { _request_id?: string | null })._request_id);
  }
}
