import type { Batch } from '../contract/batches.ts';
import type { MockAnswer, MockDialect, MockRequest } from '../contract/mock.ts';
import type { MockBatch, MockBatchLine, MockBatchPlan, MockBatchShelf, MockFile } from '../contract/mock-batches.ts';
import type { Fault } from './fault.ts';

/** What happens to batches and files: a fault answers the next request about them, a plan is for the next batch that is made. */
export type BatchScriptItem = MockBatchPlan | Fault;

const MOST_KEPT = 1000;
const VISITS = 2;

type Writable = { -readonly [K in Exclude<keyof MockBatch, 'since'>]: MockBatch[K] } & { since: Record<string, number> };

interface Running {
  readonly batch: Writable;
  readonly plan: MockBatchPlan;
  visits: number;
}

/** The batches and files of one provider. A batch goes on when it is asked about, and its lines take items from the script. */
export class BatchShelf implements MockBatchShelf {
  readonly files: MockFile[] = [];
  readonly #running: Running[] = [];
  readonly #queue: BatchScriptItem[] = [];
  readonly #dialect: MockDialect;
  readonly #now: () => number;
  readonly #runLine: (request: MockRequest) => Promise<MockAnswer>;
  #made = 0;

  constructor(dialect: MockDialect, now: () => number, runLine: (request: MockRequest) => Promise<MockAnswer>) {
    this.#dialect = dialect;
    this.#now = now;
    this.#runLine = runLine;
  }

  get batches(): readonly MockBatch[] {
    return this.#running.map(({ batch }) => batch);
  }

  enqueue(items: readonly BatchScriptItem[]): void {
    this.#queue.push(...items);
  }

  /** The fault that answers the request at hand, if that is what comes next. */
  nextFault(): Fault | undefined {
    const [head] = this.#queue;
    if (head === undefined || !('type' in head)) return undefined;
    this.#queue.shift();
    return head;
  }

  create(
    idOf: (number: number) => string,
    order: Readonly<Record<string, unknown>>,
    lines: readonly MockBatchLine[],
    errors: MockBatch['errors'] = [],
  ): MockBatch {
    const [head] = this.#queue;
    const plan = head === undefined || 'type' in head ? {} : (this.#queue.shift() as MockBatchPlan);
    const createdAt = this.#now();
    const batch: Writable = {
      id: idOf(++this.#made),
      createdAt,
      order,
      lines,
      status: 'validating',
      since: { validating: createdAt },
      errors: errors.length > 0 ? errors : (plan.errors ?? []),
      files: {},
    };
    this.#running.unshift({ batch, plan: errors.length > 0 ? { ends: 'failed', visits: 1 } : plan, visits: 0 });
    if (this.#running.length > MOST_KEPT) this.#running.pop();
    return batch;
  }

  async visit(id: string): Promise<MockBatch | undefined> {
    const running = this.#running.find(({ batch }) => batch.id === id);
    if (running === undefined) return undefined;
    const { batch, plan } = running;
    if (ENDED.has(batch.status)) return batch;
    running.visits++;
    if (batch.status === 'cancelling') await this.#end(running, 'cancelled');
    else if (running.visits >= (plan.visits ?? VISITS)) await this.#end(running, plan.ends ?? 'completed');
    else this.#become(batch, 'in_progress');
    return batch;
  }

  cancel(batch: MockBatch): MockBatch | undefined {
    if (batch.status === 'cancelled' || batch.status === 'cancelling') return batch;
    if (ENDED.has(batch.status)) return undefined;
    this.#become(batch as Writable, 'cancelling');
    return batch;
  }

  addFile(idOf: (number: number) => string, file: Omit<MockFile, 'id' | 'createdAt'>): MockFile {
    const kept: MockFile = { ...file, id: idOf(++this.#made), createdAt: this.#now() };
    this.files.unshift(kept);
    if (this.files.length > MOST_KEPT) this.files.pop();
    return kept;
  }

  deleteFile(id: string): boolean {
    const at = this.files.findIndex((file) => file.id === id);
    if (at >= 0) this.files.splice(at, 1);
    return at >= 0;
  }

  async #end({ batch, plan }: Running, status: 'completed' | 'failed' | 'expired' | 'cancelled'): Promise<void> {
    if (batch.since.in_progress === undefined && status !== 'failed') batch.since.in_progress = this.#now();
    const done = status === 'completed' ? batch.lines.length : status === 'failed' ? 0 : (plan.done ?? 0);
    const left = status === 'cancelled' ? 'cancelled' : 'expired';
    if (status !== 'failed') {
      for (const [i, line] of batch.lines.entries()) line.outcome = i < done ? await this.#runLine(line.request) : left;
    }
    this.#become(batch, status);
    if (status !== 'failed') this.#dialect.batches?.ended?.(batch, this);
  }

  #become(batch: Writable, status: Batch['status']): void {
    batch.status = status;
    batch.since[status] ??= this.#now();
  }
}

const ENDED: ReadonlySet<Batch['status']> = new Set(['completed', 'failed', 'expired', 'cancelled']);
