import type { DecodeContext, StreamDecoder } from '../../contract/codec.ts';
import { parseJSON } from '../json-text.ts';

/** The name under which AWS' event streams deliver exceptions and errors; no event can have it. */
export const EXCEPTION = ':exception';

/** The status that each exception has as an answer of its own (AWS' service models). */
const STATUSES: ReadonlyMap<string, number> = new Map([
  ['internalServerException', 500],
  ['modelStreamErrorException', 424],
  ['serviceUnavailableException', 503],
  ['throttlingException', 429],
  ['validationException', 400],
  ['modelTimeoutException', 408],
]);

/** A decoder for the events of an AWS event stream, exceptions included. */
export function withExceptions<C>(decoder: StreamDecoder<C>, context: DecodeContext): StreamDecoder<C> {
  return {
    event(data, name, out) {
      if (name !== EXCEPTION) return decoder.event(data, name, out);
      const exception = parseJSON(data);
      throw context.failure(exception, STATUSES.get((exception as { code: string }).code));
    },
    end: (out) => decoder.end(out),
    whole: (body, out) => decoder.whole(body, out),
    get finished() {
      return decoder.finished;
    },
    get done() {
      return decoder.done;
    },
  };
}
