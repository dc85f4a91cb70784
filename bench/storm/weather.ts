import type { Answer, Reply } from 'holdfast/testing';
import { fault, reply } from 'holdfast/testing';
import { chance } from './dice.ts';
import type { Phase, Sky } from './phases.ts';
import { phaseAt } from './phases.ts';
import { pause } from './process-state.ts';
import { WORDS, wordsOf } from './words.ts';

/** How the providers answer; milliseconds. A good answer takes about {@link GOOD_ANSWER_MS}. */
export const PACE = { firstWord: 80, perWord: 10, refusal: 10, brownOut: 20 };
export const GOOD_ANSWER_MS: number = PACE.firstWord + PACE.perWord * WORDS;
/** What happens to requests in a phase: shares, and what a rate limit lets through. */
export const STRENGTH = { errors: 0.5, cut: 0.3, endedEarly: 0.1, withinLimit: 0.3, retryAfterSeconds: 2 };

export interface Asked {
  readonly call: number;
  /** 1 for the first request of the call at this provider. */
  readonly attempt: number;
  /** Words of the answer that the request brings along, to be continued. */
  readonly said: number;
  readonly stream: boolean;
  /** Milliseconds since the start of the storm. */
  readonly at: number;
}

/** The first provider, in a storm. Which request fares how depends on the seed, the call and the attempt, not on who asks. */
export class Weather {
  readonly #phases: readonly Phase[];
  readonly #seed: number;
  readonly #limit: RateLimit;

  /** `rate`: calls per second that are expected. */
  constructor(phases: readonly Phase[], seed: number, rate: number) {
    this.#phases = phases;
    this.#seed = seed;
    this.#limit = new RateLimit(rate * STRENGTH.withinLimit);
  }

  async answer(asked: Asked): Promise<Answer> {
    const luck = chance(this.#seed, asked.call, asked.attempt, 1);
    switch (phaseAt(this.#phases, asked.at).sky) {
      case 'errors':
        return luck < STRENGTH.errors ? refusal(fault.unavailable()) : wellAnswer(asked, this.#seed);
      case 'outage':
        return refusal(fault.unavailable());
      case 'brown-out':
        return wellAnswer(asked, this.#seed, PACE.brownOut);
      case 'rate-limit':
        if (this.#limit.admits(asked.at)) return wellAnswer(asked, this.#seed);
        return refusal(fault.rateLimit({ retryAfterSeconds: STRENGTH.retryAfterSeconds }));
      case 'cut-streams':
        return brokenAnswer(asked, luck, this.#seed);
      case 'calm':
        return wellAnswer(asked, this.#seed);
    }
  }
}

/** A bad day without an end, for the soak: no waits, some of every fault. */
export function mixedAnswer(asked: Asked, seed: number): Answer {
  const { call, attempt, stream } = asked;
  const luck = chance(seed, call, attempt, 1);
  const well = promptAnswer(asked);
  const opening = (): { chunks: string[] } => ({ chunks: wordsOf(call, 1, 1 + (call % (WORDS - 2))) });
  if (luck < 0.03) return fault.unavailable();
  if (luck < 0.04) return fault.rateLimit({ retryAfterSeconds: 1 });
  if (luck < 0.05) return fault.resetBeforeHeaders();
  if (luck < 0.06) return fault.cutAfter(1 + (call % (WORDS - 2)), well);
  if (luck < 0.07 && stream) return fault.noTerminal(opening());
  if (luck < 0.08) return fault.errorEvent(call % WORDS, { answer: well });
  return well;
}

export const describeSky: Readonly<Record<Exclude<Sky, 'calm'>, string>> = {
  errors: `${STRENGTH.errors * 100} % of the requests get a 503`,
  'brown-out': `first word and pace ${PACE.brownOut} times as slow`,
  outage: 'every request gets a 503',
  'rate-limit': `429 with Retry-After ${STRENGTH.retryAfterSeconds} s for all but ${STRENGTH.withinLimit * 100} % of the usual rate`,
  'cut-streams': `${STRENGTH.cut * 100} % of the answers are cut, ${STRENGTH.endedEarly * 100} % of the streams end early without a sign`,
};

/** A good answer, at its pace. */
export async function wellAnswer({ call, attempt, said, stream }: Asked, seed: number, slower = 1): Promise<Reply> {
  const spread = 0.7 + 0.6 * chance(seed, call, attempt, 2);
  await pause(PACE.firstWord * spread * slower);
  const perWord = PACE.perWord * slower;
  return reply({ chunks: wordsOf(call, goingOn(said, spread)), delayMs: stream ? perWord : perWord * WORDS });
}

/** Where an answer begins; one that goes on with what was said repeats the last two words of it every other time, as models do. */
const goingOn = (said: number, luck: number): number => (said > 1 && luck < 1 ? said - 1 : said + 1);

/** A good answer at once. */
export const promptAnswer = ({ call, said }: Asked): Reply =>
  reply({ chunks: wordsOf(call, goingOn(said, (call % 20) / 10)), burst: true });

async function refusal(answer: Answer): Promise<Answer> {
  await pause(PACE.refusal);
  return answer;
}

async function brokenAnswer(asked: Asked, luck: number, seed: number): Promise<Answer> {
  const well = await wellAnswer(asked, seed);
  const last = 1 + Math.floor(chance(seed, asked.call, asked.attempt, 3) * (WORDS - 2));
  if (luck < STRENGTH.cut) return fault.cutAfter(last, well);
  if (asked.stream && luck < STRENGTH.cut + STRENGTH.endedEarly)
    return fault.noTerminal({ chunks: wordsOf(asked.call, 1, last) });
  return well;
}

/** A token bucket of a tenth of a second, as gateways have it. */
class RateLimit {
  readonly #perMs: number;
  readonly #capacity: number;
  #tokens: number;
  #last = 0;

  constructor(perSecond: number) {
    this.#perMs = perSecond / 1000;
    this.#capacity = Math.max(1, perSecond / 10);
    this.#tokens = this.#capacity;
  }

  admits(at: number): boolean {
    this.#tokens = Math.min(this.#capacity, this.#tokens + (at - this.#last) * this.#perMs);
    this.#last = at;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}
