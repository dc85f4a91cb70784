import type { Flow, Receiver, Transport, WireRequest } from '../../src/index.ts';

/** An answer as a transport would see it arrive. */
export interface Canned {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly reads: readonly Uint8Array[];
  /** How the bytes end; `open`: not at all. */
  readonly ending?: 'end' | 'fail' | 'open';
}

/** A transport without a network: every request gets the answer that lies ready, read by read. */
export class CannedTransport implements Transport {
  answer: Canned = { reads: [] };

  dispatch(_request: WireRequest, receiver: Receiver): Flow {
    const { status = 200, headers = {}, reads, ending = 'end' } = this.answer;
    let over = false;
    queueMicrotask(() => {
      if (over) return;
      receiver.connected();
      if (!over) receiver.head(status, headers);
      for (const read of reads) if (!over) receiver.data(read);
      if (over || ending === 'open') return;
      if (ending === 'end') receiver.end();
      else receiver.fail(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }));
    });
    return {
      pause() {},
      resume() {},
      abort() {
        over = true;
      },
    };
  }

  async close(): Promise<void> {}
}
