import type {
  CircuitAdmission,
  CircuitChange,
  CircuitPermit,
  CircuitRule,
  CircuitSnapshot,
  CircuitStore,
  CircuitVerdict,
  StoreContext,
} from '../contract/store.ts';
import { Circuit, MemoryPermit } from './circuit.ts';
import { Recent } from './recent.ts';

export const MOST_CIRCUITS = 1_000;

export class MemoryCircuits implements CircuitStore {
  readonly #circuits = new Recent<Circuit>(MOST_CIRCUITS);

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
  ): CircuitChange | undefined {
    return permit instanceof MemoryPermit ? permit.circuit.settle(permit, verdict, retryAfterMs, clock) : undefined;
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
