import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ErrorKind } from '../../src/errors/kinds.ts';
import { retry } from '../../src/middleware/retry.ts';
import { memoryStore } from '../../src/state/memory-store.ts';
import type { Layered } from '../support/layered.ts';
import { failure, layered } from '../support/layered.ts';

const RULE = { capacity: 4, retryCost: 1, timeoutCost: 2, successRefund: 0.25, refillPerSecond: 0.5 };
const MAX_RETRIES = 3;
const A_LITTLE = 1e-6;

/** What a retry budget is, said as plainly as possible: a number that time and successes raise and repeats lower. */
class Reference {
  tokens = RULE.capacity;
  earned = 0;

  pass(ms: number): void {
    this.#raise((ms / 1000) * RULE.refillPerSecond);
  }

  /** How many attempts a call makes whose first ones fail like this, and whether the bucket was what ended it. */
  call(failures: readonly ErrorKind[]): { readonly attempts: number; readonly empty: boolean } {
    for (const [repeats, kind] of failures.entries()) {
      if (repeats === MAX_RETRIES) return { attempts: repeats + 1, empty: false };
      const cost = kind === 'timeout' ? RULE.timeoutCost : RULE.retryCost;
      if (this.tokens + A_LITTLE < cost) return { attempts: repeats + 1, empty: true };
      this.tokens -= cost;
    }
    if (failures.length === 0) this.earned += RULE.successRefund;
    if (this.earned >= 1) {
      this.#raise(this.earned);
      this.earned = 0;
    }
    return { attempts: failures.length + 1, empty: false };
  }

  #raise(tokens: number): void {
    this.tokens = Math.min(RULE.capacity, this.tokens + tokens);
  }
}

interface Model {
  readonly reference: Reference;
}

interface Real {
  readonly rig: Layered;
  /** What the next attempts meet. */
  readonly ahead: (ErrorKind | undefined)[];
  readonly left: () => number;
}

const compare = ({ reference }: Model, { left }: Real): void => expect(left()).toBeCloseTo(reference.tokens, 6);

class MakeCall implements fc.AsyncCommand<Model, Real> {
  readonly #failures: readonly ErrorKind[];
  constructor(failures: readonly ErrorKind[]) {
    this.#failures = failures;
  }
  check = () => true;
  async run(model: Model, real: Real): Promise<void> {
    const { rig, ahead } = real;
    const expected = model.reference.call(this.#failures);
    const [before, told] = [rig.attempts.length, rig.eventsOf('budget-empty').length];
    ahead.splice(0, ahead.length, ...this.#failures);
    const done = rig.run().catch(() => {});
    await rig.clock.advance(0);
    await done;
    expect(rig.attempts.length - before).toBe(expected.attempts);
    expect(rig.eventsOf('budget-empty').length - told).toBe(expected.empty ? 1 : 0);
    compare(model, real);
  }
  toString = () => `call(${this.#failures.join(', ')})`;
}

class Pass implements fc.AsyncCommand<Model, Real> {
  readonly #ms: number;
  constructor(ms: number) {
    this.#ms = ms;
  }
  check = () => true;
  async run(model: Model, real: Real): Promise<void> {
    await real.rig.clock.advance(this.#ms);
    model.reference.pass(this.#ms);
    compare(model, real);
  }
  toString = () => `pass(${this.#ms})`;
}

function setUp(): { model: Model; real: Real } {
  const ahead: (ErrorKind | undefined)[] = [];
  const store = memoryStore();
  const layer = retry({ maxRetries: MAX_RETRIES, minDelay: 0, budget: RULE, store });
  const rig = layered([layer], [() => ahead.splice(0, 1).map((kind) => kind && failure(kind, { retryable: true }))[0]]);
  const { clock } = rig;
  const left = () => {
    const taken = store.buckets.take('retry:openai/gpt-5-mini', RULE, 0, { clock, report: () => {} });
    if (taken instanceof Promise) throw new Error('memory answers at once');
    return taken.left;
  };
  return { model: { reference: new Reference() }, real: { rig, ahead, left } };
}

describe('a retry budget', () => {
  it('behaves like the plain reference, whatever calls meet and however much time passes', async () => {
    const kinds = fc.constantFrom<ErrorKind>('connection', 'timeout', 'rate_limit', 'service_unavailable');
    const commands = fc.commands(
      [
        fc.constant(new MakeCall([])),
        fc.array(kinds, { maxLength: 5 }).map((failures) => new MakeCall(failures)),
        fc.array(kinds, { minLength: 1, maxLength: 5 }).map((failures) => new MakeCall(failures)),
        fc.constantFrom(1, 500, 1_999, 2_000, 4_000, 60_000).map((ms) => new Pass(ms)),
      ],
      { maxCommands: 40, size: 'max' },
    );
    let emptied = 0;
    await fc.assert(
      fc.asyncProperty(commands, async (steps) => {
        const { model, real } = setUp();
        await fc.asyncModelRun(() => ({ model, real }), steps);
        emptied += real.rig.eventsOf('budget-empty').length;
        expect(real.rig.clock.pending).toBe(0);
      }),
      { numRuns: 60 },
    );
    expect(emptied).toBeGreaterThan(50);
  });
});
