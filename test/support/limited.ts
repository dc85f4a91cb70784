import type { RateLimiter, RateLimitOptions } from '../../src/middleware/rate-limit.ts';
import { rateLimit } from '../../src/middleware/rate-limit.ts';
import type { Layered, Step } from './layered.ts';
import { layered } from './layered.ts';

export interface Limited extends Layered {
  readonly limiter: RateLimiter;
  /** Ends the call that was sent as the n-th: with a result, an error, or a plain reply. */
  end(index: number, outcome?: unknown): Promise<void>;
  /** Lets everything settle that needs no time. */
  settle(): Promise<void>;
  /** `queued/running` of a key. */
  stand(key?: string): string | undefined;
  /** The correlation ids of the calls that were sent, in order. */
  sent(): string[];
}

/** A limiter above a wire whose answers the test gives one by one; with `steps` it answers as scripted. */
export function limited(options: RateLimitOptions, steps?: readonly Step[]): Limited {
  const limiter = rateLimit(options);
  const waiting: ((outcome: unknown) => void)[] = [];
  const rig = layered([limiter], steps ?? [() => new Promise((resolve) => waiting.push(resolve))]);
  const settle = () => rig.clock.advance(0);
  return {
    ...rig,
    limiter,
    settle,
    async end(index, outcome) {
      const answer = waiting[index];
      if (answer === undefined) throw new Error(`no call was sent as number ${index}`);
      answer(outcome);
      await settle();
    },
    stand(key = 'openai/gpt-5-mini') {
      const found = limiter.snapshot().find((lane) => lane.key === key);
      return found && `${found.queued}/${found.running}`;
    },
    sent: () => rig.attempts.map(({ call }) => call.correlationId),
  };
}
