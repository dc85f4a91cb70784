import type { BatchError } from 'openai/resources/batches';
import type { Batch, BatchEndpoint, BatchHost, BatchLineAnswer, BatchResultLine } from '../contract/batches.ts';
import { isLLMError } from '../errors/catalogue.ts';
import { addResultFile } from './result-file.ts';
import type { ResultFormat } from './result-lines.ts';
import { answeredLine, tokensOf, unrunLine } from './result-lines.ts';
import type { BatchStore, LineTokens, StoredLine } from './store.ts';
import { turn } from './turn.ts';
import type { BatchLimits } from './validation.ts';
import { parsed, Validation } from './validation.ts';

/** How batches run. */
export interface StepOptions extends BatchLimits {
  readonly resultFormat: ResultFormat;
  /** Seconds since the epoch. */
  readonly now: () => number;
}

const LINES_AT_ONCE = 500;
const PAGE = 100;
const THIRTY_DAYS = 2_592_000;

/** What is done to a batch from `validating` to its end, step by step; who does which, and when, is a worker's business. */
export class BatchSteps {
  readonly #store: BatchStore;
  readonly #host: BatchHost;
  readonly #options: StepOptions;

  constructor(store: BatchStore, host: BatchHost, options: StepOptions) {
    this.#store = store;
    this.#host = host;
    this.#options = options;
  }

  /** Reads and checks the input file. Resolves with `true` when the lines can be run; a batch that is refused has failed then. */
  async validate({ id, input_file_id, endpoint }: Batch, stopped: () => boolean): Promise<boolean> {
    const { files, lines, batches } = this.#store;
    const content = await files.read(input_file_id);
    const visible = await files.get(input_file_id);
    if (content === undefined || visible === undefined) {
      const message = `Cannot find file ${input_file_id.slice(0, 200)}, or this server has no access to it.`;
      await this.#refuse(id, [{ code: 'invalid_request', message, line: null, param: 'file_id' }]);
      return false;
    }
    await lines.clear(id);
    const refuses = (model: string): string | undefined => this.#host.refuses(model);
    const validation = new Validation({ ...this.#options, endpoint: endpoint as BatchEndpoint, refuses });
    let found: StoredLine[] = [];
    for await (const line of validation.lines(piecesUntil(content, stopped))) {
      if (validation.errors.length > 0) continue;
      found.push(line);
      if (found.length < LINES_AT_ONCE) continue;
      await lines.add(id, found);
      found = [];
    }
    if (stopped()) return false;
    if (validation.errors.length > 0) {
      await lines.clear(id);
      await this.#refuse(id, validation.errors);
      return false;
    }
    await lines.add(id, found);
    const begun = await batches.change(id, ['validating'], {
      status: 'in_progress',
      in_progress_at: this.#options.now(),
      request_counts: { total: validation.total, completed: 0, failed: 0 },
      ...(validation.model === undefined ? {} : { model: validation.model }),
    });
    return begun !== undefined;
  }

  /** Runs a line and stores what became of it. Nothing is stored when the signal aborts. Rejects only when the store fails. */
  async run({ id, endpoint, input_file_id }: Batch, line: StoredLine, signal: AbortSignal): Promise<void> {
    const { number, customId } = line;
    const body = await this.#body(input_file_id, line);
    let answer: BatchLineAnswer;
    try {
      answer = await this.#host.run({ endpoint: endpoint as BatchEndpoint, body, batchId: id, customId, signal });
    } catch (error) {
      if (signal.aborted) return;
      throw error;
    }
    await this.#finish(id, number, answeredLine(customId, answer), tokensOf(answer));
  }

  /** Writes the result files and ends the batch: as completed, cancelled or expired. Lines that never ran are told as such. */
  async end(id: string, expired: boolean): Promise<void> {
    const { batches } = this.#store;
    const { now } = this.#options;
    const batch = await batches.get(id);
    if (batch === undefined || ENDED.has(batch.status)) return;
    // what was not found valid is no line of the batch
    if (batch.in_progress_at === undefined) await this.#store.lines.clear(id);
    if (batch.status === 'cancelling') await this.#abandon(id, 'batch_cancelled');
    else {
      if (expired) await this.#abandon(id, 'batch_expired');
      const from = expired ? (['validating', 'in_progress'] as const) : (['in_progress'] as const);
      await batches.change(id, from, { status: 'finalizing', finalizing_at: now() });
    }
    const lifetime = batch.output_expires_after?.seconds ?? THIRTY_DAYS;
    const about = { format: this.#options.resultFormat, created_at: now(), lifetime };
    const output = await addResultFile(this.#store, id, true, about);
    const errors = await addResultFile(this.#store, id, false, about);
    const files = { ...(output && { output_file_id: output.id }), ...(errors && { error_file_id: errors.id }) };
    const end = expired
      ? ({ status: 'expired', expired_at: now() } as const)
      : ({ status: 'completed', completed_at: now() } as const);
    if ((await batches.change(id, ['finalizing'], { ...files, ...end })) !== undefined) return;
    // a cancel that came while the files were written still counts
    await batches.change(id, ['cancelling'], { ...files, status: 'cancelled', cancelled_at: now() });
  }

  /** For what went wrong inside. */
  async fail(id: string, error: unknown): Promise<void> {
    const message = isLLMError(error) ? error.reason : 'The batch could not be run.';
    await this.#refuse(id, [{ code: 'internal_error', message, line: null, param: null }]);
  }

  async #refuse(id: string, errors: readonly BatchError[]): Promise<void> {
    await this.#store.batches.change(id, ['validating', 'in_progress', 'finalizing'], {
      status: 'failed',
      failed_at: this.#options.now(),
      errors: { object: 'list', data: [...errors] },
    });
  }

  async #abandon(id: string, code: 'batch_expired' | 'batch_cancelled'): Promise<void> {
    for (let after = 0; ; ) {
      const lines = await this.#store.lines.pending(id, after, PAGE);
      const last = lines.at(-1);
      if (last === undefined) return;
      after = last.number;
      await Promise.all(lines.map(({ number, customId }) => this.#finish(id, number, unrunLine(customId, code))));
    }
  }

  #finish(id: string, number: number, line: BatchResultLine, tokens?: LineTokens): Promise<void> {
    const ok = line.response !== null && line.response.status_code < 400;
    return this.#store.lines.finish(id, { number, ok, line }, tokens);
  }

  async #body(file: string, { start, length }: StoredLine): Promise<Readonly<Record<string, unknown>>> {
    const pieces: Uint8Array[] = [];
    for await (const piece of (await this.#store.files.read(file, start, length)) ?? []) pieces.push(piece);
    const text = new Uint8Array(await new Blob(pieces as BlobPart[]).arrayBuffer());
    return (parsed(text) as { body: Record<string, unknown> }).body;
  }
}

async function* piecesUntil(content: AsyncIterable<Uint8Array>, stopped: () => boolean): AsyncGenerator<Uint8Array, undefined> {
  for await (const piece of content) {
    if (stopped()) return undefined;
    yield piece;
    await turn();
  }
  return undefined;
}

/** Nothing more happens to a batch with one of these. */
export const ENDED: ReadonlySet<Batch['status']> = new Set<Batch['status']>(['completed', 'failed', 'cancelled', 'expired']);
