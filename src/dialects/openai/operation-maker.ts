import type { Operation } from '../../contract/codec.ts';
import type { Wire } from '../../contract/wire.ts';
import type { OperationMaker } from '../../wire/operations.ts';
import { replyOperation, streamOperation } from '../../wire/operations.ts';
import { decodeChat } from './decode.ts';
import { chatEncoder } from './encode.ts';
import type { Quirks } from './quirks.ts';

/** Operations whose calls are one exchange each, or more where answers may come later. */
export async function operationMaker(wire: Wire, { later }: Quirks): Promise<OperationMaker> {
  if (later !== undefined) return (await import('./later-answers.ts')).laterAnswers(wire, later);
  return { reply: (codec) => replyOperation(wire, codec), stream: (codec) => streamOperation(wire, codec) };
}

/** Chat where answers may come later. */
export async function laterChat(wire: Wire, quirks: Quirks): Promise<{ readonly chat: Operation<'chat'> }> {
  const make = await operationMaker(wire, quirks);
  return { chat: make.reply<'chat'>({ encode: chatEncoder(quirks, false), decode: decodeChat }) };
}
