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
import type { MakeEngine } from './circuit.ts';
import { Circuit, MemoryPermit } from './circuit.ts';
import { Recent } from './recent.ts';

let maker: MakeEngine | undefined;

/** A promise only until it is loaded, with the first failure or stream of the process. */
function engineMaker(): MaybePromise<MakeEngine> {
  return (
    maker ??
    import('./circuit-engine.ts').then(({ createEngine }) => {
      maker = createEngine;
      return createEngine;
    })
  );
}

export const MOST_CIRCUITS = 1_000;

export class MemoryCircuits implements CircuitStore {
  readonly #circuits = new Recent<Circuit>(MOST_CIRCUITS);

  prepare(): MaybePromise<unknown> {
    return engineMaker();
  }

  admit(key: string, rule: CircuitRule, leaseMs: number, { clock }: StoreContext): CircuitAdmission {
    let circuit = this.#circuits.get(key);
    if (circuit === undefined) {
      circuit = new Circuit(key, rule, clock);
      this.#circuits.set(key, circuit)?.dispose();
    }
    return circuit.admit(leaseMs, clock);
  }

  settle(
    _key: string,
    _rule: CircuitRule,
    permit: CircuitPermit,
    verdict: CircuitVerdict,
    retryAfterMs: number,
    { clock }: StoreContext,
  ): MaybePromise<CircuitChange | undefined> {
    if (!(permit instanceof MemoryPermit)) return undefined;
    const { circuit } = permit;
    if (verdict !== 'failure') return circuit.settle(permit, verdict, retryAfterMs, clock);
    const make = engineMaker();
    if (!(make instanceof Promise)) return circuit.settle(permit, verdict, retryAfterMs, clock, make);
    return make.then((ready) => circuit.settle(permit, verdict, retryAfterMs, clock, ready));
  }

  known(prefix: string): CircuitSnapshot[] {
    const known: CircuitSnapshot[] = [];
    for (const [key, { state, trialAt }] of this.#circuits.entries()) {
      if (key.startsWith(prefix)) known.push({ key, state, ...(trialAt === undefined ? {} : { trialAt }) });
    }
    return known;
  }

  forget(prefix: string): void {
    for (const [key, circuit] of this.#circuits.entries()) {
      if (!key.startsWith(prefix)) continue;
      circuit.dispose();
      this.#circuits.delete(key);
    }
  }

  clear(): void {
    this.forget('');
  }
}
