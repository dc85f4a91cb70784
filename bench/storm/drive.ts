import type { CallLog } from './call-log.ts';
import type { StormClient } from './clients/client.ts';
import { chance } from './dice.ts';
import type { StormPlan } from './messages.ts';
import { lengthOf } from './phases.ts';
import { now as clock, pause } from './process-state.ts';
import { checkText, promptOf } from './words.ts';

/** Every other call is streamed. */
export const isStream = (call: number): boolean => call % 2 === 0;

/** When calls arrive, in ms since the start: at random (a Poisson process), but at the same moments for every client. */
export function arrivalsOf({ seed, phases, rate }: StormPlan): number[] {
  const arrivals: number[] = [];
  const end = lengthOf(phases);
  for (let at = 0; ; arrivals.push(at)) {
    at += (-Math.log(1 - chance(seed, arrivals.length, 4)) * 1000) / rate;
    if (at >= end) return arrivals;
  }
}

/**
 * An application under load: calls arrive whether or not earlier ones are done, and one that finds `concurrency` of them under way
 * is turned away, as a server does that has so many places. Resolves when every call has settled or should have long ago,
 * with how late each call was started, in ms.
 */
export async function drive(client: StormClient, plan: StormPlan, startAt: number, log: CallLog): Promise<number[]> {
  const arrivals = arrivalsOf(plan);
  const lateness: number[] = [];
  const now = (): number => clock() - startAt;
  let underWay = 0;

  const one = async (call: number): Promise<void> => {
    let text = '';
    underWay++;
    log.start(call, now());
    const { deadlineMs } = plan;
    const prompt = promptOf(call);
    try {
      await client.ask({ prompt, stream: isStream(call), deadlineMs, onText: (part) => (text += part) });
      log.end(call, now(), 'answered', checkText(call, text));
    } catch (error) {
      log.end(call, now(), 'failed', checkText(call, text), nameOf(error));
    }
    underWay--;
  };

  for (const [call, at] of arrivals.entries()) {
    const wait = at - now();
    if (wait > 0) await pause(wait);
    lateness.push(Math.max(0, now() - at));
    if (underWay < plan.concurrency) void one(call);
    else {
      log.start(call, now());
      log.end(call, now(), 'turned-away', NOTHING_WRONG);
    }
  }
  const giveUpAt = lengthOf(plan.phases) + plan.deadlineMs + GRACE_MS;
  while (underWay > 0 && now() < giveUpAt) await pause(20);
  return lateness;
}

/** Calls that have not settled so long after their deadline never will. */
const GRACE_MS = 5000;
const NOTHING_WRONG = { duplicated: 0, lost: 0, short: false };

/** An error in one word: its kind, else its class. */
export function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { kind } = error as { kind?: unknown };
  return typeof kind === 'string' ? kind : error.constructor.name;
}
