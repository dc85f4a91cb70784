import type { Call, OperationName } from '../../contract/call.ts';
import type { CallEvent } from '../../contract/events.ts';
import type { Settlement } from '../../contract/stream.ts';
import { ChunkStream } from '../../contract/stream.ts';
import type { LLMError } from '../../errors/catalogue.ts';
import { ownCopy } from '../../errors/own-copy.ts';
import { StreamInterruptedError, TimeoutError } from '../../errors/wire-errors.ts';
import { TapeReader, TapeWriter } from '../../state/answers/tape.ts';
import type { Clock, Timer } from '../../time/clock.ts';
import type { Account } from './account.ts';
import { accountFor } from './account.ts';

export interface BroadcastLimits {
  /** Bytes that are kept for those who come late or read slowly. */
  readonly maxBytes: number;
  /** Milliseconds for which the slowest reader may hold the others up. */
  readonly maxPause: number;
}

export interface BroadcastSettings extends BroadcastLimits {
  readonly clock: Clock;
  readonly operation: OperationName;
  /** Late comers would miss the beginning, or the end has come. */
  over(): void;
}

/** Who reads a shared stream. */
export interface Reader {
  readonly call: Call;
  /** Its call is the one that was sent. */
  readonly leads: boolean;
}

/** One reader and how far it is. */
interface Tap<C> extends Reader {
  readonly stream: ChunkStream<C>;
  readonly reader: TapeReader<C>;
  /** The number of the next line. */
  at: number;
  wants: boolean;
  deadline: Timer | undefined;
}

const BATCH = 64;

/**
 * One stream for several readers, each with objects of its own. Read as fast as the fastest reads; what others have not read yet is
 * kept as text. When that is more than `maxBytes`, the source is paused for the slowest, for `maxPause` at most.
 */
export class Broadcast<C extends object> {
  readonly #source: ChunkStream<C>;
  readonly #settings: BroadcastSettings;
  readonly #taps = new Set<Tap<C>>();
  readonly #tape = new TapeWriter();
  readonly #account: Account;
  #lines: string[] = [];
  /** The number of the first line that is kept. */
  #first = 0;
  #size = 0;
  #paused = false;
  #patience: Timer | undefined;
  readonly #seams: CallEvent[] = [];
  #end: Settlement | undefined;

  constructor(source: ChunkStream<C>, settings: BroadcastSettings) {
    this.#source = source;
    this.#settings = settings;
    this.#account = accountFor(settings.operation);
    source.source.read?.();
    source.forward({ push: (batch) => this.#arrived(batch), settled: (settlement) => this.#ended(settlement) });
  }

  /** A stream of everything from the beginning for each reader. `latest`: the last deadline of all readers, those before included. */
  tap(readers: readonly Reader[], latest: number): ChunkStream<C>[] {
    // none is fed before all are counted: what everybody has read is forgotten
    const taps = readers.map(({ call, leads }) => this.#opened(call, leads));
    this.#watchDeadlines(latest);
    for (const tap of taps) this.#feed(tap);
    return taps.map(({ stream }) => stream);
  }

  #opened(call: Call, leads: boolean): Tap<C> {
    const { status, headers } = this.#source.source;
    const tap: Tap<C> = {
      stream: new ChunkStream<C>(
        {
          status,
          headers,
          pause: () => {
            tap.wants = false;
          },
          resume: () => {
            tap.wants = true;
            this.#feed(tap);
          },
          cancel: () => this.#leave(tap),
        },
        [],
      ),
      call,
      leads,
      reader: new TapeReader<C>(),
      at: 0,
      wants: true,
      deadline: undefined,
    };
    this.#taps.add(tap);
    if (!leads) for (const seam of this.#seams) call.report(seam);
    return tap;
  }

  /** The source goes on elsewhere: everybody's stream has that seam. */
  tellSeam(seam: CallEvent): void {
    this.#seams.push(seam);
    for (const { call, leads } of this.#taps) if (!leads) call.report(seam);
  }

  get #next(): number {
    return this.#first + this.#lines.length;
  }

  #feed(tap: Tap<C>): void {
    if (!this.#taps.has(tap)) return;
    const next = this.#next;
    const toTheEnd = this.#end !== undefined && this.#end !== 'success';
    while (tap.at < next && (tap.wants || toTheEnd)) {
      const batch: C[] = [];
      let bytes = 0;
      while (tap.at < next && batch.length < BATCH) {
        batch.push(tap.reader.read(this.#lines[tap.at++ - this.#first] as string));
        bytes += tap.reader.length;
      }
      tap.stream.push(batch, bytes);
    }
    if (tap.at === next && this.#end !== undefined) this.#finish(tap, this.#end);
    else this.#pace();
  }

  /** Lets the source go on while somebody has read everything so far, and the slowest is not too far behind. */
  #pace(): void {
    if (this.#end !== undefined) return;
    const { clock, maxBytes, maxPause, over } = this.#settings;
    const wanted = this.#isWanted();
    if (this.#size > maxBytes) {
      over();
      this.#forget();
    }
    const full = this.#size > maxBytes;
    if (wanted && full) this.#patience ??= clock.timer(() => this.#cutSlowest(), maxPause);
    else this.#calm();
    const paused = !wanted || full;
    if (paused === this.#paused) return;
    this.#paused = paused;
    if (paused) this.#source.source.pause();
    else this.#source.source.resume();
  }

  #calm(): void {
    this.#patience?.cancel();
    this.#patience = undefined;
  }

  #isWanted(): boolean {
    for (const { wants, at } of this.#taps) if (wants && at === this.#next) return true;
    return false;
  }

  #arrived(batch: readonly C[]): void {
    if (this.#end !== undefined) return;
    try {
      for (const chunk of batch) {
        this.#account.add(chunk);
        const line = this.#tape.write(chunk);
        this.#lines.push(line);
        this.#size += line.length + 1;
      }
    } catch (cause) {
      const message = 'a chunk of a shared stream is more than data';
      this.#ended(new StreamInterruptedError({ message, cause, partial: this.#account.partial() }));
      this.#source.cancel();
    }
    for (const tap of [...this.#taps]) this.#feed(tap);
  }

  #ended(settlement: Settlement): void {
    if (this.#end !== undefined) return;
    this.#end = settlement;
    this.#settings.over();
    this.#calm();
    for (const { deadline } of this.#taps) deadline?.cancel(); // everything is here: none can pass any more
    for (const tap of [...this.#taps]) this.#feed(tap);
  }

  #finish(tap: Tap<C>, end: Settlement): void {
    this.#taps.delete(tap);
    tap.stream.usage = this.#source.usage;
    if (end === 'success') tap.stream.end();
    else if (end === 'abandoned') tap.stream.cancel();
    else tap.stream.fail(tap.leads ? end : ownCopy(end));
  }

  /** Lines that everybody has read. */
  #forget(): void {
    let slowest = this.#next;
    for (const { at } of this.#taps) slowest = Math.min(slowest, at);
    for (const line of this.#lines.splice(0, slowest - this.#first)) this.#size -= line.length + 1;
    this.#first = slowest;
  }

  #cutSlowest(): void {
    this.#patience = undefined;
    this.#forget();
    for (const tap of [...this.#taps]) {
      if (tap.at !== this.#first || this.#size <= this.#settings.maxBytes) continue;
      const { provider, model } = tap.call.target;
      const message = 'its reader fell too far behind the others of a shared stream; partial has what was not read';
      const partial = this.#account.partial();
      this.#cut(tap, new StreamInterruptedError({ message, provider, model, code: 'slow_reader', retryable: false, partial }));
    }
  }

  #cut(tap: Tap<C>, error: LLMError): void {
    tap.stream.fail(error);
    this.#leave(tap);
  }

  #leave(tap: Tap<C>): void {
    if (!this.#taps.delete(tap)) return;
    tap.deadline?.cancel();
    if (this.#taps.size > 0) return this.#pace();
    this.#calm();
    this.#settings.over();
    if (this.#end === undefined) this.#source.cancel();
  }

  /** The source keeps the deadline that its attempt began with. Who has less time than another is watched here. */
  #watchDeadlines(latest: number): void {
    if (this.#end !== undefined) return;
    for (const tap of this.#taps) {
      const { deadline, clock, target } = tap.call;
      if (deadline >= latest || tap.deadline !== undefined) continue;
      const expire = (): void => {
        const message = 'the deadline of the call passed while it shared a stream';
        const partial = this.#account.partial();
        const { provider, model } = target;
        this.#cut(tap, new TimeoutError({ message, provider, model, phase: 'deadline', partial }));
      };
      tap.deadline = clock.timer(expire, Math.max(0, deadline - clock.now()));
    }
  }
}
