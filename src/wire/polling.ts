import type { OperationName } from '../contract/call.ts';
import type { LLMError } from '../errors/catalogue.ts';
import { isLLMError } from '../errors/catalogue.ts';
import type { Steps } from './steps.ts';

/** The wait after the first question and the longest one, in milliseconds; each is half as long again as the one before. */
export interface Pace {
  readonly first: number;
  readonly longest: number;
}

/** There is no answer yet. */
export class NotYet {
  /** The wait that the provider asks for, in milliseconds. */
  readonly waitMs: number;

  constructor(waitMs = 0) {
    this.waitMs = waitMs;
  }
}

const GROWTH = 1.5;
/** A wait that is asked for with good news is kept so far. */
const LONGEST_ADVICE_MS = 60_000;
/** Questions in a row that may fail before the failure is that of the call. */
const MOST_FAILURES = 5;

/**
 * Asks until there is an answer. That a question fails does not mean that what it is about has failed: it is asked again, after the
 * wait that the failure names, unless the limits of the attempt are over by then. An answer that was cut, and is not found when it is
 * asked for again, is lost: some services give it once (xAI), and the cut is what the caller hears of.
 *
 * @param ends Whether a failure is the answer.
 */
export async function poll<K extends OperationName, T extends object>(
  steps: Steps<K>,
  pace: Pace,
  ask: () => Promise<T | NotYet>,
  ends: (error: LLMError) => boolean,
): Promise<T> {
  let pause = pace.first;
  let failures = 0;
  let cut: LLMError | undefined;
  for (;;) {
    let wait: number;
    try {
      const answer = await ask();
      if (!(answer instanceof NotYet)) return answer;
      failures = 0;
      cut = undefined;
      wait = Math.max(pause, Math.min(answer.waitMs, LONGEST_ADVICE_MS));
    } catch (error) {
      if (cut !== undefined && isLLMError(error, 'not_found')) throw cut;
      if (!isLLMError(error) || !mayAskAgain(error) || ends(error) || ++failures > MOST_FAILURES) throw error;
      if (error.kind === 'connection') cut = error;
      wait = Math.max(pause, error.retryAfterMs ?? 0);
      if (wait >= steps.leftMs) throw error;
    }
    await steps.wait(wait);
    pause = Math.min(pace.longest, pause * GROWTH);
  }
}

function mayAskAgain(error: LLMError): boolean {
  if (error.kind === 'timeout') return error.phase === 'server';
  return isLLMError(error, 'rate_limit', 'internal_server', 'service_unavailable', 'connection');
}
