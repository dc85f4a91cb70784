import type { OperationName } from '../../contract/call.ts';
import { ChatTally } from '../../contract/chat-tally.ts';
import type { PartialOutput } from '../../errors/partial.ts';

/** What a stream has said so far, for the errors of those who do not hear its end. */
export interface Account {
  add(chunk: object): void;
  partial(): PartialOutput;
}

export const accountFor = (operation: OperationName): Account =>
  operation === 'stream' ? (new ChatTally() as Account) : new TextAccount();

/** What a text completion has said. */
class TextAccount implements Account {
  #content = '';
  #chunks = 0;

  add(chunk: object): void {
    this.#chunks++;
    const { choices } = chunk as { choices?: readonly { readonly index?: number; readonly text?: string }[] };
    for (const { index, text } of choices ?? []) if (index === 0) this.#content += text ?? '';
  }

  partial(): PartialOutput {
    return { content: this.#content, reasoning_content: '', tool_calls: [], chunks: this.#chunks };
  }
}
