import type { BatchResultLine } from '../contract/batches.ts';
import type { Call } from '../contract/call.ts';
import type { ChunkOf, DecodeContext, ReplyCodec, StreamDecoder, Tally } from '../contract/codec.ts';
import type { BatchRecord } from '../contract/native-batches.ts';
import type { Wire, WireFailure } from '../contract/wire.ts';
import type { LLMError } from '../errors/catalogue.ts';
import { isLLMError } from '../errors/catalogue.ts';
import { envelopeOf } from '../errors/envelope.ts';
import { AnswerContext } from '../wire/answer-context.ts';
import { Unexplained } from '../wire/unexplained.ts';
import type { LineCodec } from './batch-lines.ts';
import { lineCall } from './batch-lines.ts';

/** Where lines of results come from. */
export interface RecordPlace {
  readonly wire: Wire;
  readonly call: Call<'batchResults'>;
}

const NEVER_RUN = {
  batch_expired: 'This request could not be executed before the completion window expired.',
  batch_cancelled: 'This request was not executed because the batch was cancelled.',
} as const;

/** The line of a request that was never run. */
export function unrunLine(customId: string, code: keyof typeof NEVER_RUN): BatchResultLine {
  return { id: lineId(customId), custom_id: customId, response: null, error: { code, message: NEVER_RUN[code] } };
}

/** A good answer of a line, by the decoder of calls; what that finds wrong in it is a failure of the line. */
export function answeredRecord(
  { wire, call }: RecordPlace,
  customId: string,
  body: unknown,
  { operation, codec }: LineCodec,
  requestId = '',
): BatchRecord {
  const model = (body as { readonly model?: unknown } | null)?.model;
  // an answer that follows a schema may have come through a tool, where the decoder then looks for it
  const request = { response_format: { type: 'json_schema', json_schema: { name: 'answer', schema: {} } } };
  const asked = lineCall(call, operation, typeof model === 'string' ? model : (call.request.batch.model ?? ''), request);
  return async () => {
    const context = new AnswerContext(wire, asked, 200, {}, 'body') as DecodeContext as DecodeContext<'chat'>;
    try {
      const decoded = (codec as unknown as ReplyCodec<'chat'>).decode(body, context);
      return answered(customId, 200, requestId, decoded as unknown as Readonly<Record<string, unknown>>);
    } catch (error) {
      if (error instanceof Unexplained) return failed(customId, requestId, await wire.explain(error.failure, asked as Call));
      const typed = isLLMError(error) ? error : context.invalid('the answer holds something that is not the protocol');
      return failed(customId, requestId, typed);
    }
  };
}

/** A failure of a line, by the rules by which calls fail. */
export function failedRecord(
  { wire, call }: RecordPlace,
  customId: string,
  { status, body }: { readonly status: number | undefined; readonly body: unknown },
  requestId = '',
): BatchRecord {
  const failure: WireFailure = { status, headers: {}, text: JSON.stringify(body), json: body, place: 'body' };
  const asked = lineCall(call, 'chat', call.request.batch.model ?? '', {});
  return async () => failed(customId, requestId, await wire.explain(failure, asked as Call));
}

export const lineId = (customId: string): string => `batch_req_${customId}`;

function failed(customId: string, requestId: string, error: LLMError): BatchResultLine {
  const { status, body } = envelopeOf(error);
  return answered(customId, status, requestId, body as unknown as Readonly<Record<string, unknown>>);
}

const answered = (
  customId: string,
  status_code: number,
  request_id: string,
  body: Readonly<Record<string, unknown>>,
): BatchResultLine => ({
  id: lineId(customId),
  custom_id: customId,
  response: { status_code, request_id, body },
  error: null,
});

/** Reads the lines of a result file; `read` makes a record of each, or nothing of what is no result. */
export class RecordDecoder implements StreamDecoder<BatchRecord> {
  /** A result file has no sign of its end but its end; one that ends within a line has broken off. */
  finished = true;
  readonly done = false;
  readonly #read: (line: unknown, index: number) => BatchRecord | undefined;
  #count = 0;

  constructor(read: (line: unknown, index: number) => BatchRecord | undefined) {
    this.#read = read;
  }

  event(data: string, _name: string, out: BatchRecord[]): void {
    this.finished = false;
    this.#add(JSON.parse(data), out);
    this.finished = true;
  }

  end(): void {}

  /** One line alone, or with content type JSON, looks like a whole body. */
  whole(body: unknown, out: BatchRecord[]): void {
    this.#add(body, out);
  }

  #add(line: unknown, out: BatchRecord[]): void {
    const record = this.#read(line, this.#count++);
    if (record !== undefined) out.push(record);
  }
}

/** Every record is content. */
export class RecordTally implements Tally<ChunkOf<'batchResults'>> {
  hasContent = false;
  readonly filtered = false;
  readonly usage = undefined;
  #count = 0;

  add(): boolean {
    this.hasContent = true;
    this.#count++;
    return false;
  }

  partial(): ReturnType<Tally<BatchRecord>['partial']> {
    return { content: '', reasoning_content: '', tool_calls: [], chunks: this.#count };
  }
}
