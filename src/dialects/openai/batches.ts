import type { Batch, BatchResultLine, ListPage } from '../../contract/batches.ts';
import type { Call } from '../../contract/call.ts';
import type { DecodeContext, Operation, StreamDecoder } from '../../contract/codec.ts';
import type { BatchRecord } from '../../contract/native-batches.ts';
import type { Wire, WireMessage } from '../../contract/wire.ts';
import { isLLMError } from '../../errors/catalogue.ts';
import { endedStream } from '../../wire/ended-stream.ts';
import { encodeJSON } from '../../wire/json-body.ts';
import { replyOperation, streamOperation } from '../../wire/operations.ts';
import { Steps } from '../../wire/steps.ts';
import { conflictFinal, unrepeatable } from '../../wire/unrepeatable.ts';
import type { LineTraits } from '../batch-lines.ts';
import { chatLines, encodeLines, textLines, vectorLines } from '../batch-lines.ts';
import { pageOf, queryOf } from '../batch-objects.ts';
import { lineId, RecordDecoder, RecordTally } from '../batch-records.ts';
import { isRecord } from '../chat-rules.ts';
import { batchOf, decodeBatch } from './batch-object.ts';
import { refuseFailure } from './body-failure.ts';
import { completionEncoder, decodeCompletion } from './completions.ts';
import { decodeChat } from './decode.ts';
import { decodeEmbeddings, embedEncoder } from './embeddings.ts';
import { chatEncoder } from './encode.ts';
import type { FileOperations } from './files.ts';
import { decodeFile, fileOperations, uploadMessage } from './files.ts';
import type { BatchQuirks, Quirks } from './quirks.ts';

type BatchOperations = {
  readonly [K in 'createBatch' | 'retrieveBatch' | 'listBatches' | 'cancelBatch' | 'batchResults']: Operation<K>;
};

const MOST_LINES = 50_000;
/** What a host needs until a file that it has taken can be found, and how often it is asked. */
const FILE_WAIT_MS = 2_000;
const MOST_FILE_WAITS = 15;

/** Batches and files of a host that has OpenAI's own API for them. */
export function batchOperations(wire: Wire, quirks: Quirks): BatchOperations & FileOperations {
  const own = quirks.batches ?? {};
  return {
    createBatch: unrepeatable(createOperation(wire, quirks, own)),
    retrieveBatch: replyOperation<'retrieveBatch'>(wire, {
      encode: ({ request }) => ({ method: 'GET', path: `/batches/${encodeURIComponent(request.id)}` }),
      decode: decodeBatch,
    }),
    listBatches: replyOperation<'listBatches'>(wire, {
      encode: ({ request: { after, limit } }) => ({ method: 'GET', path: `/batches${queryOf({ after, limit })}` }),
      decode: decodePage,
    }),
    cancelBatch: conflictFinal(
      replyOperation<'cancelBatch'>(wire, {
        encode: ({ request }) => ({ path: `/batches/${encodeURIComponent(request.id)}/cancel` }),
        decode: decodeBatch,
      }),
    ),
    batchResults: resultsOperation(wire),
    ...fileOperations(wire, own),
  };
}

/** Of a file, or of lines: these are uploaded first. What one attempt has uploaded the next one does not upload again. */
function createOperation(wire: Wire, quirks: Quirks, own: BatchQuirks): Operation<'createBatch'> {
  const traits: LineTraits = {
    codecs: {
      '/v1/chat/completions': chatLines({ encode: chatEncoder(quirks, false), decode: decodeChat }),
      '/v1/completions': textLines({ encode: completionEncoder(quirks, false), decode: decodeCompletion }),
      '/v1/embeddings': vectorLines({ encode: embedEncoder(quirks), decode: decodeEmbeddings }),
    },
    mixedModels: false,
    maxLines: own.maxLines ?? MOST_LINES,
    anyEndpoint: true,
  };
  const uploaded = new WeakMap<object, string>();
  return async (call) => {
    const { request } = call;
    const steps = new Steps(wire, call);
    if (request.lines === undefined) return steps.reply(creation(call, own, request.input_file_id ?? ''), decodeBatch);
    let file = uploaded.get(request);
    if (file === undefined) {
      file = await upload(steps, own, await encodeLines(call, traits));
      uploaded.set(request, file);
    }
    try {
      return await steps.reply(creation(call, own, file), decodeBatch);
    } catch (error) {
      if (!isMissingFile(error)) throw error;
      // OpenAI has been seen not to find a file that it had taken a moment ago
      await steps.wait(FILE_WAIT_MS);
      return steps.reply(creation(call, own, file), decodeBatch);
    }
  };
}

async function upload(
  steps: Steps<'createBatch'>,
  own: BatchQuirks,
  lines: readonly { readonly customId: string; readonly body: object }[],
): Promise<string> {
  const { endpoint } = steps.call.request;
  const url = writtenEndpoint(endpoint, own);
  const encoder = new TextEncoder();
  const parts = lines.map(({ customId, body }) => {
    const json = encodeJSON({ custom_id: customId, method: 'POST', url, body });
    return typeof json === 'string' ? encoder.encode(`${json}\n`) : withNewline(json);
  });
  const size = parts.reduce((sum, { byteLength }) => sum + byteLength, 0);
  const content = { size, parts, open: () => piecesOf(parts) };
  const message = uploadMessage({ filename: 'batch.jsonl', content, purpose: 'batch' }, own);
  let file = await steps.reply(message, decodeFile);
  // Azure takes a while to look at a file
  for (let waits = 0; (file.status as string) === 'pending' && waits < MOST_FILE_WAITS; waits++) {
    await steps.wait(FILE_WAIT_MS);
    file = await steps.reply({ method: 'GET', path: `/files/${encodeURIComponent(file.id)}` }, decodeFile);
  }
  return file.id;
}

async function* piecesOf(parts: readonly Uint8Array[]): AsyncGenerator<Uint8Array, undefined> {
  yield* parts;
  return undefined;
}

function withNewline(json: Uint8Array): Uint8Array {
  const line = new Uint8Array(json.byteLength + 1);
  line.set(json);
  line[json.byteLength] = 10;
  return line;
}

function creation({ request, target }: Call<'createBatch'>, own: BatchQuirks, input_file_id: string): WireMessage {
  const { endpoint, completion_window = '24h', metadata, output_expires_after, providerOptions } = request;
  return {
    path: '/batches',
    body: {
      input_file_id,
      endpoint: writtenEndpoint(endpoint, own),
      completion_window,
      ...(metadata === undefined ? {} : { metadata }),
      ...(output_expires_after === undefined ? {} : { output_expires_after }),
      ...providerOptions?.[target.provider],
    },
  };
}

const writtenEndpoint = (endpoint: string, { endpoints }: BatchQuirks): string =>
  endpoints === 'unversioned' ? endpoint.replace(/^\/v\d+(?=\/)/, '') : endpoint;

const isMissingFile = (error: unknown): boolean =>
  isLLMError(error, 'bad_request', 'not_found') && /cannot find file/i.test(error.reason);

/** Together gives the bare list, Groq no `has_more`. */
function decodePage(body: unknown, context: DecodeContext): ListPage<Batch> {
  if (isRecord(body)) refuseFailure(body, context);
  const list = isRecord(body) ? body.data : body;
  if (!Array.isArray(list)) throw context.invalid('no "data" in the answer');
  return pageOf(list.filter(isRecord).map(batchOf), isRecord(body) && body.has_more === true);
}

function resultsOperation(wire: Wire): Operation<'batchResults'> {
  const fromFile = streamOperation<'batchResults'>(wire, {
    framing: 'json-lines',
    encode: ({ request }) => ({ method: 'GET', path: `/files/${encodeURIComponent(request.file ?? '')}/content` }),
    decoder: () => resultDecoder(),
    tally: () => new RecordTally(),
  });
  // a batch without files has no results
  return async (call) => (call.request.file === null ? endedStream() : fromFile(call));
}

/** Lines of result files as OpenAI writes them, and as other servers do. */
export function resultDecoder(): StreamDecoder<BatchRecord> {
  return new RecordDecoder((line) => (isRecord(line) ? () => resultLine(line) : undefined));
}

function resultLine({ id, custom_id, response, error }: Readonly<Record<string, unknown>>): BatchResultLine {
  const customId = typeof custom_id === 'string' ? custom_id : '';
  return {
    id: typeof id === 'string' && id !== '' ? id : lineId(customId),
    custom_id: customId,
    response: isRecord(response) ? responseOf(response) : null,
    error: isRecord(error)
      ? { code: String(error.code ?? error.type ?? 'request_failed'), message: String(error.message ?? '') }
      : typeof error === 'string' && error !== ''
        ? { code: 'request_failed', message: error }
        : null,
  };
}

function responseOf({ status_code, request_id, body }: Readonly<Record<string, unknown>>): BatchResultLine['response'] {
  return {
    status_code: typeof status_code === 'number' ? status_code : 200,
    request_id: typeof request_id === 'string' ? request_id : '',
    body: bodyOf(body),
  };
}

/** llama-stack writes bodies as text. */
function bodyOf(body: unknown): Readonly<Record<string, unknown>> {
  if (isRecord(body)) return body;
  try {
    const parsed: unknown = JSON.parse(String(body));
    if (isRecord(parsed)) return parsed;
  } catch {}
  return { value: body ?? null };
}
