import type { CallRecord, Outcome } from './messages.ts';
import type { TextFaults } from './words.ts';

const OUTCOMES: readonly Outcome[] = ['unsettled', 'answered', 'failed', 'turned-away'];

/** What became of every call. All of its memory is taken at the start, so that it does not show as growth of the heap. */
export class CallLog {
  readonly #arrivals: readonly number[];
  readonly #startedAt: Float64Array;
  readonly #endedAt: Float64Array;
  readonly #outcome: Uint8Array;
  readonly #duplicated: Uint8Array;
  readonly #lost: Uint8Array;
  readonly #short: Uint8Array;
  readonly #reason: Uint16Array;
  readonly #reasons: string[] = [''];

  /** @param arrivals the moment of each call. */
  constructor(arrivals: readonly number[]) {
    this.#arrivals = arrivals;
    const calls = arrivals.length;
    this.#startedAt = new Float64Array(calls);
    this.#endedAt = new Float64Array(calls);
    this.#outcome = new Uint8Array(calls);
    this.#duplicated = new Uint8Array(calls);
    this.#lost = new Uint8Array(calls);
    this.#short = new Uint8Array(calls);
    this.#reason = new Uint16Array(calls);
  }

  start(call: number, at: number): void {
    this.#startedAt[call] = at;
  }

  end(call: number, at: number, outcome: Outcome, text: TextFaults, reason = ''): void {
    this.#endedAt[call] = at;
    this.#outcome[call] = OUTCOMES.indexOf(outcome);
    this.#duplicated[call] = Math.min(255, text.duplicated);
    this.#lost[call] = Math.min(255, text.lost);
    this.#short[call] = text.short ? 1 : 0;
    let known = this.#reasons.indexOf(reason);
    if (known < 0) known = this.#reasons.push(reason) - 1;
    this.#reason[call] = known;
  }

  records(isStream: (call: number) => boolean): CallRecord[] {
    return Array.from(this.#outcome, (code, call) => {
      const outcome = OUTCOMES[code] ?? 'unsettled';
      const reason = this.#reasons[this.#reason[call] ?? 0] ?? '';
      return {
        call,
        stream: isStream(call),
        arrivedAt: round(this.#arrivals[call]),
        startedAt: round(this.#startedAt[call]),
        endedAt: round(this.#endedAt[call]),
        outcome,
        duplicated: this.#duplicated[call] ?? 0,
        lost: this.#lost[call] ?? 0,
        truncated: outcome === 'answered' && this.#short[call] === 1,
        ...(reason === '' ? {} : { reason }),
      };
    });
  }
}

const round = (ms = 0): number => Math.round(ms * 10) / 10;
