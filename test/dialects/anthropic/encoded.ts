import type { ChatRequest } from '../../../src/contract/chat.ts';
import { encodeChat } from '../../../src/dialects/anthropic/encode.ts';
import { hosted, type Placement } from '../../../src/dialects/anthropic/placement.ts';
import { callOf } from '../../support/call.ts';

export const HOSTED: Placement = hosted({ version: '2023-06-01', betas: [] });

export const HELLO: ChatRequest['messages'] = [{ role: 'user', content: 'Hello' }];

export interface EncodeOptions {
  readonly model?: string;
  readonly drop?: boolean;
  readonly stream?: boolean;
  readonly placement?: Placement;
}

export interface Encoded {
  /** As the server reads it. */
  readonly body: Record<string, unknown> & { messages: { role: string; content: Record<string, unknown>[] }[] };
  readonly headers: Readonly<Record<string, string>>;
  readonly path: string;
  readonly warnings: readonly string[];
}

/** What a request becomes on the wire. */
export function encoded(request: Partial<ChatRequest> & object, options: EncodeOptions = {}): Encoded {
  const { model = 'claude-sonnet-4-5', drop = false, stream = false, placement = HOSTED } = options;
  const call = callOf(
    'chat',
    { messages: HELLO, ...request },
    { provider: 'anthropic', model, options: drop ? { unsupportedParams: 'drop' } : {} },
  );
  const message = encodeChat(call, placement, stream);
  const body = JSON.parse(JSON.stringify(message.body)) as Encoded['body'];
  return { body, headers: message.headers ?? {}, path: message.path, warnings: call.warnings };
}
