import type { BreakerState } from '../contract/events.ts';
import type {
  CircuitAdmission,
  CircuitChange,
  CircuitPermit,
  CircuitRule,
  CircuitSnapshot,
  CircuitStore,
  CircuitVerdict,
  MaybePromise,
  StoreContext,
} from '../contract/store.ts';
import { LONGEST_ASKED } from '../state/circuit.ts';
import { MOST_CIRCUITS } from '../state/memory-circuits.ts';
import { Recent } from '../state/recent.ts';
import { ADMIT, RENEW, SETTLE } from './circuit-scripts.ts';
import type { Leases } from './leases.ts';
import type { Link, Step } from './link.ts';
import type { Script } from './script.ts';
import { numberOf, partsOf } from './script.ts';

export const CIRCUIT_SCRIPTS: readonly Script[] = [ADMIT, RENEW, SETTLE];

/** A permit of a circuit in Redis; one of a local circuit is of another class. */
class SharedPermit implements CircuitPermit {
  readonly trial: boolean;
  readonly token: string;

  constructor(trial: boolean, token: string) {
    this.trial = trial;
    this.token = token;
  }
}

type Admission = CircuitAdmission & { readonly permit?: SharedPermit };
type Seen = Omit<CircuitSnapshot, 'key'>;

export class RedisCircuits implements CircuitStore {
  readonly #link: Link;
  readonly #local: CircuitStore;
  readonly #leases: Leases;
  readonly #seen = new Recent<Seen>(MOST_CIRCUITS);
  readonly #process = crypto.randomUUID();
  #count = 0;

  constructor(link: Link, local: CircuitStore, leases: Leases) {
    this.#link = link;
    this.#local = local;
    this.#leases = leases;
  }

  admit(key: string, rule: CircuitRule, leaseMs: number, context: StoreContext): MaybePromise<CircuitAdmission> {
    return this.#link.take(
      {
        script: ADMIT,
        key: `circuit:${key}`,
        args: [rule.windowMs, this.#leases.first(leaseMs), this.#newToken()],
        read: (reply) => {
          const admission = this.#admission(key, rule, partsOf(reply), context);
          if (admission.permit?.trial === true) this.#holdTrial(key, rule, admission.permit, leaseMs, context);
          return admission;
        },
        local: () => this.#local.admit(key, rule, leaseMs, context),
        late: (reply) => {
          const [kind, token] = partsOf(reply);
          if (kind !== 'trial') return;
          const step = this.#settling(key, rule, String(token), 'neutral', 0, context);
          this.#link.tell(step.script, step.key, step.args, context);
        },
      },
      context,
    );
  }

  settle(
    key: string,
    rule: CircuitRule,
    permit: CircuitPermit,
    verdict: CircuitVerdict,
    retryAfterMs: number,
    context: StoreContext,
  ): MaybePromise<CircuitChange | undefined> {
    if (!(permit instanceof SharedPermit)) return this.#local.settle(key, rule, permit, verdict, retryAfterMs, context);
    if (verdict === 'neutral' && !permit.trial) return undefined;
    this.#leases.release(permit.token);
    return this.#link.take(
      {
        ...this.#settling(key, rule, permit.token, verdict, retryAfterMs, context),
        read: (reply) => this.#change(key, partsOf(reply), context),
        local: () => undefined,
      },
      context,
    );
  }

  known(prefix: string): readonly CircuitSnapshot[] {
    if (!this.#link.shared) return this.#local.known(prefix);
    const known: CircuitSnapshot[] = [];
    for (const [key, seen] of this.#seen.entries()) if (key.startsWith(prefix)) known.push({ key, ...seen });
    return known;
  }

  forget(prefix: string): void {
    this.#local.forget(prefix);
    for (const [key] of this.#seen.entries()) if (key.startsWith(prefix)) this.#seen.delete(key);
  }

  #admission(key: string, rule: CircuitRule, [kind, ...facts]: readonly unknown[], { clock }: StoreContext): Admission {
    switch (kind) {
      case 'closed':
        this.#seen.set(key, { state: 'closed' });
        return { permit: new SharedPermit(false, String(facts[0])) };
      case 'trial': {
        this.#seen.set(key, { state: 'half-open' });
        const permit = new SharedPermit(true, String(facts[0]));
        return facts[1] === 'open' ? { permit, changed: { from: 'open', to: 'half-open' } } : { permit };
      }
      case 'open': {
        const [left, calls, failures] = facts.map(numberOf);
        const retryAfterMs = Math.ceil(left ?? 0);
        this.#seen.set(key, { state: 'open', trialAt: clock.now() + (left ?? 0) });
        return { refusal: { state: 'open', retryAfterMs, calls: calls ?? 0, failures: failures ?? 0 } };
      }
      default:
        this.#seen.set(key, { state: 'half-open' });
        return { refusal: { state: 'half-open', retryAfterMs: rule.openForMs, calls: 0, failures: 0 } };
    }
  }

  #holdTrial(key: string, { windowMs }: CircuitRule, { token }: SharedPermit, leaseMs: number, context: StoreContext): void {
    this.#leases.hold(token, leaseMs, (ms) => this.#link.tell(RENEW, `circuit:${key}`, [windowMs, ms, token], context));
  }

  #settling(
    key: string,
    { windowMs, failureRate, minCalls, enoughCalls, openForMs }: CircuitRule,
    token: string,
    verdict: CircuitVerdict,
    retryAfterMs: number,
    { clock }: StoreContext,
  ): Pick<Step<unknown>, 'script' | 'key' | 'args'> {
    const asked = Math.min(retryAfterMs, LONGEST_ASKED);
    const args = [
      windowMs,
      token,
      verdict,
      this.#newToken(),
      failureRate,
      minCalls,
      openForMs,
      asked,
      clock.random(),
      enoughCalls,
    ];
    return { script: SETTLE, key: `circuit:${key}`, args };
  }

  #change(key: string, [from, to, openFor]: readonly unknown[], { clock }: StoreContext): CircuitChange | undefined {
    if (from === undefined) return undefined;
    const change = { from: from as BreakerState, to: to as BreakerState };
    if (openFor === undefined) {
      this.#seen.set(key, { state: change.to });
      return change;
    }
    const openForMs = numberOf(openFor);
    this.#seen.set(key, { state: change.to, trialAt: clock.now() + openForMs });
    return { ...change, openForMs };
  }

  #newToken(): string {
    return `${this.#process}/${(++this.#count).toString(36)}`;
  }
}
