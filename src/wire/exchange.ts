import type { OperationName } from '../contract/call.ts';
import type { Operation, ReplyCodec, StreamCodec } from '../contract/codec.ts';
import type { Wire } from '../contract/wire.ts';

/** An operation whose answer comes as a whole. */
export function replyOperation<K extends OperationName>(_wire: Wire, _codec: ReplyCodec<K>): Operation<K> {
  throw new Error('being written');
}

/** An operation whose answer comes in chunks; resolves when the first content is in hand. */
export function streamOperation<K extends 'stream' | 'completeStream'>(_wire: Wire, _codec: StreamCodec<K>): Operation<K> {
  throw new Error('being written');
}
