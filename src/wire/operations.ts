import type { Call, OperationName, ResultOf } from '../contract/call.ts';
import type { Operation, ReplyCodec, StreamCodec, StreamedName } from '../contract/codec.ts';
import { lazily } from '../contract/lazily.ts';
import type { Wire } from '../contract/wire.ts';
import { Exchange } from './exchange.ts';
import { ReplySink } from './reply-sink.ts';

/** An operation whose answer comes as a whole. */
export function replyOperation<K extends OperationName>(wire: Wire, codec: ReplyCodec<K>): Operation<K> {
  return (call: Call<K>): Promise<ResultOf<K>> =>
    new Promise((resolve, reject) => {
      const message = codec.encode(call);
      const exchange = new Exchange(wire, call, false);
      exchange.start(message, new ReplySink(exchange, codec, resolve, reject));
    });
}

const streaming = lazily(() => import('./stream-sink.ts'));

/** An operation whose answer comes in chunks; resolves when the first content is in hand. */
export function streamOperation<K extends StreamedName>(wire: Wire, codec: StreamCodec<K>): Operation<K> {
  const open = ({ StreamSink }: typeof import('./stream-sink.ts'), call: Call<K>): Promise<ResultOf<K>> =>
    new Promise((resolve, reject) => {
      const message = codec.encode(call);
      const exchange = new Exchange(wire, call, true);
      exchange.start(message, new StreamSink(exchange, codec, resolve, reject));
    });

  return (call) => {
    const loaded = streaming();
    return loaded instanceof Promise ? loaded.then((module) => open(module, call)) : open(loaded, call);
  };
}

/** How the operations of a dialect are made of its codecs. */
export interface OperationMaker {
  reply<K extends OperationName>(codec: ReplyCodec<K>): Operation<K>;
  stream<K extends 'stream' | 'completeStream'>(codec: StreamCodec<K>): Operation<K>;
}
